from __future__ import annotations

import functools
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ilk
import ilk.sources.fetch
from colour_encoder import ColourEncoder
from galleries import gallery_of, paint
from ilk.asking.pictures import Pictures
from ilk.errors import IlkError, ItemNotFoundError, PictureError, QueryError
from ilk.gallery import Gallery
from ilk.query import Region, Term, parse
from ilk.stores.base import Kept, Upsert
from sources.web import Web
from stores.reference import ReferenceStore


def flag(size: tuple[int, int] = (400, 200)) -> Image.Image:
    """Red on the left, blue on the right."""
    picture = Image.new("RGB", size, "red")
    picture.paste("blue", (size[0] // 2, 0, *size))
    return picture


def encoded(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """As the bytes of a file."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Pictures of one colour, and one that is half red and half blue."""
    folder = tmp_path / "photos"
    for name in ("red", "green", "blue", "white"):
        paint(folder / f"{name}.png", name)
    flag().save(folder / "flag.png")
    return folder


@pytest.fixture
def gallery(photos: Path) -> Iterator[Gallery]:
    with gallery_of(photos, ColourEncoder()) as made:
        made.add(ilk.folder(photos))
        yield made


def first(gallery: Gallery, query: ilk.Query | str) -> str:
    return gallery.search(query, k=1)[0].id


RIGHT = ["50%,0%,50%,100%", "200,0,200,200", (200, 0, 200, 200), "90%, 90%, 10%, 10%", "399,199,1,1"]


@pytest.mark.parametrize("region", RIGHT)
def test_a_part_of_a_picture_is_asked_with(gallery: Gallery, tmp_path: Path, region: str) -> None:
    """Of a path, of bytes, of a Pillow image and of an item: what is elsewhere in the picture does not count."""
    flag().save(tmp_path / "flag.png")
    for query in (
        ilk.image(tmp_path / "flag.png", region=region),
        ilk.image(encoded(flag()), region=region),
        ilk.image(flag(), region=region),
        ilk.item("flag.png", region=region),
    ):
        assert first(gallery, query) == "blue.png"
    assert first(gallery, ilk.item("flag.png", region="0%,0%,50%,100%")) == "red.png"


def test_a_part_is_written_on_the_command_line(gallery: Gallery, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind an at, as part of any sum."""
    monkeypatch.chdir(photos)
    assert first(gallery, parse(["flag.png@0,0,200,200", "-", "blue"])) == "red.png"
    assert first(gallery, parse(["item:flag.png@50%,0%,50%,100%"])) == "blue.png"


def test_a_part_is_of_the_upright_picture(gallery: Gallery) -> None:
    """As a person sees it: what the camera stored lying on its side is turned first."""
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise: what is left in the file is above in the picture
    lying = encoded(flag(), "JPEG", exif=exif)
    assert first(gallery, ilk.image(lying, region=(0, 0, 200, 200))) == "red.png"
    assert first(gallery, ilk.image(lying, region=(0, 200, 200, 200))) == "blue.png"


def test_a_small_part_of_a_large_picture_is_decoded_finely() -> None:
    """As large as a whole picture would be for the model, so that a stripe of 8 pixels in 4,000 is still seen."""
    pixels = np.zeros((4000, 4000, 3), np.uint8)
    pixels[::2] = 255
    term = Term(
        kind="image",
        value=encoded(Image.fromarray(pixels), "JPEG", quality=95),
        region=Region.parse("1000,1000,64,64"),
    )
    [image] = Pictures(store=ReferenceStore(), base=Path(), image_size=64).opened([term])
    assert image.size == (64, 64)
    assert np.asarray(image).std() > 100


@pytest.mark.parametrize("region", ["0,0,401,10", "390,0,20,10", "0,150,10,60", "400,200,1,1"])
def test_a_region_outside_the_picture_is_refused(gallery: Gallery, region: str) -> None:
    """With the size of the picture, whatever holds it."""
    for query in (
        ilk.image(flag(), region=region),
        ilk.image(encoded(flag()), region=region),
        ilk.item("flag.png", region=region),
    ):
        with pytest.raises(QueryError, match=rf"{region}.*400 x 200 pixels"):
            gallery.search(query)


def test_an_item_whose_picture_is_gone_cannot_be_cut(gallery: Gallery, photos: Path) -> None:
    """Whole it is still asked with, by its vector; of its part it is said what is missing."""
    (photos / "flag.png").unlink()
    assert gallery.search(ilk.item("flag.png"), k=1)
    with pytest.raises(PictureError, match=r"flag\.png.*has to be here"):
        gallery.search(ilk.item("flag.png", region=(0, 0, 10, 10)))
    with pytest.raises(ItemNotFoundError, match=r"gone\.png"):
        gallery.search(ilk.item("gone.png", region=(0, 0, 10, 10)))


def test_of_a_thumbnail_the_part_is_that_of_the_picture(gallery: Gallery) -> None:
    """Pixels are those that the item has, though what was kept of it is smaller."""
    far = replace(gallery.get("flag.png"), id="far", uri="https://example.org/x.png", width=4000, height=2000)
    vector = ColourEncoder().encode_images([flag()])[0]
    with gallery.store.writing() as writer:
        kept = Kept(data=encoded(flag()), whole=False)
        writer.write([Upsert(item=far, vector=vector, kept=kept)], [], space=gallery.models.space())
    assert first(gallery, ilk.item("far", region=(2000, 0, 2000, 2000))) == "blue.png"
    with pytest.raises(QueryError, match="4,000 x 2,000"):
        gallery.search(ilk.item("far", region=(2001, 0, 2000, 2000)))


@pytest.mark.parametrize("data", [b"", b"no picture", encoded(flag())[:40]])
def test_bytes_that_are_no_picture_are_refused(gallery: Gallery, data: bytes) -> None:
    """Whole or in part, in one sentence."""
    for region in (None, (0, 0, 1, 1)):
        with pytest.raises(PictureError, match=r"^The picture .*\.$"):
            gallery.search(ilk.image(data, region=region))


# -- behind URLs ------------------------------------------------------------------------------------------------------


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """A server on this machine, which fetching is allowed to reach here."""
    near = functools.partial(ilk.sources.fetch.Fetcher, allow_private=True)
    monkeypatch.setattr(ilk.sources.fetch, "Fetcher", near)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with Web() as server:
        yield server


def test_a_picture_on_the_web_is_asked_with(gallery: Gallery, web: Web) -> None:
    """As its bytes would be, each URL fetched once, in whole or in part, in a sum."""
    url = web.url("/picture/3.png")
    data = ilk.sources.fetch.Fetcher().fetch(url)
    web.forget()
    asked = parse([url, "+", f"{url}@0%,0%,50%,50%"])
    by_bytes = ilk.image(data) + ilk.image(data, region="0%,0%,50%,50%")
    assert [(hit.id, hit.similarity) for hit in gallery.search(asked)] == [
        (hit.id, hit.similarity) for hit in gallery.search(by_bytes)
    ]
    assert len(web.asked) == 1


def test_a_dead_url_is_one_sentence(gallery: Gallery, web: Web) -> None:
    """Which names it."""
    url = web.url("/status/404")
    with pytest.raises(PictureError, match=r"/status/404") as caught:
        gallery.search(ilk.image(url))
    assert caught.value.code == "not-found"


def test_addresses_of_this_machine_are_not_asked(gallery: Gallery) -> None:
    """A query is somebody's text: it may not have inner servers asked, and says what to do."""
    with pytest.raises(PictureError, match=r"a query does not go\. Save the picture") as caught:
        gallery.search(ilk.image("http://127.0.0.1:9/a.png"))
    assert caught.value.code == "forbidden-address"
    assert "--allow-private" not in str(caught.value)


def test_every_refusal_is_ilks_own(gallery: Gallery) -> None:
    """Addresses that cannot be are refused like any other input."""
    for url in ("https://", "http://[", "https://exa mple/x.png", "https://x:99999/"):
        with pytest.raises(IlkError):
            gallery.search(ilk.image(url))
