from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from ilk import pictures
from ilk.errors import PictureError
from ilk.pictures.formats import FORMATS
from ilk.pictures.suffixes import CLASHES, SUFFIXES

Encode = Callable[..., bytes]


def test_every_specimen_is_read(specimens: dict[str, bytes]) -> None:
    """Each format, whole and scaled, with the facts that `inspect` gives."""
    for name, data in specimens.items():
        whole = pictures.load(data)
        assert whole.image.mode == "RGB", name
        assert whole.image.size == (whole.facts.width, whole.facts.height), name
        assert not whole.truncated, name
        assert pictures.inspect(data) == whole.facts, name
        assert min(pictures.load(data, size=8).image.size) >= 16, name


def test_suffixes_are_those_of_the_formats() -> None:
    """What a folder is searched for is what Pillow calls these formats' files, less the names that clash."""
    pillow_heif.register_heif_opener()
    Image.init()
    names = {kind.name for kind in FORMATS} | {"MPO"}
    registered = {suffix for suffix, name in Image.registered_extensions().items() if name in names}
    unregistered = {".im1", ".imt", ".p7", ".spider"}  # Sun raster, IM Tools, XV thumbnails, SPIDER
    assert registered | unregistered == SUFFIXES | CLASHES
    assert not SUFFIXES & CLASHES


def test_formats_are_what_pillow_has_less_the_dangerous() -> None:
    """A new format in Pillow fails this test until somebody has thought about it."""
    pillow_heif.register_heif_opener()
    Image.init()
    left_out = {"BUFR", "EPS", "GRIB", "HDF5", "IPTC", "MPEG", "WMF"}
    assert {kind.name for kind in FORMATS} == set(Image.OPEN) - left_out - {"FPX", "MIC"}


def test_pillow_is_imported_with_the_first_picture() -> None:
    """Importing the room costs nothing; the libraries for HEIC wait for the first that may be one."""
    code = (
        "import sys; from ilk import pictures; assert 'PIL' not in sys.modules and 'numpy' not in sys.modules\n"
        "import io; from PIL import Image; b = io.BytesIO(); Image.new('RGB', (2, 2)).save(b, 'PNG')\n"
        "pictures.load(b.getvalue()); assert not {'pillow_heif', 'PIL.TgaImagePlugin'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_draft_is_at_least_twice_the_size_asked_for(photo: Image.Image, encode: Encode) -> None:
    """And a whole one is no larger than it is."""
    for kind in ("JPEG", "PNG", "WEBP"):
        data = encode(photo, kind)
        for size in (1, 3, 24, 56, 100, 101, 224, 400, 401, 3_000):
            picture = pictures.load(data, size=size)
            assert min(picture.image.size) >= min(2 * size, 800), (kind, size)
            assert picture.image.size <= (1200, 800)
            assert (picture.facts.width, picture.facts.height) == (1200, 800)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("size", [112, 224])
def test_drafts_look_like_the_whole(photo: Image.Image, encode: Encode, kind: str, size: int) -> None:
    """At the size a model sees, the difference is less than what JPEG's own compression makes.

    The pictures behind the bound: a quality of 90, which nobody sees, differs from the original by 1.5 grey levels.
    """
    large = photo.resize((3600, 2400), Image.Resampling.BICUBIC)
    data = encode(large, kind, **({"quality": 90} if kind == "JPEG" else {"compress_level": 1}))

    def seen(image: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        return np.asarray(image.resize((size * 3 // 2, size), Image.Resampling.BICUBIC)).astype(np.float64)

    draft, whole = seen(pictures.load(data, size=size).image), seen(pictures.load(data).image)
    assert 0 < np.abs(draft - whole).mean() < 1


def test_heic_thumbnails_are_not_trusted(photo: Image.Image, encode: Encode) -> None:
    """The whole is decoded, also where the file has a copy that is large enough: some writers make poor ones."""
    picture = pictures.load(encode(photo.resize((600, 400)), "HEIF", quality=80, thumbnails=[320]), size=100)
    assert picture.image.size == (300, 200)


@pytest.mark.parametrize("name", ["jpeg", "jpeg, progressive", "png", "bmp", "gif", "tga"])
def test_a_picture_cut_short_is_read_as_far_as_it_goes(photo: Image.Image, encode: Encode, name: str) -> None:
    """Three quarters of a file show a picture, a tenth does not."""
    kind, _, variety = name.partition(", ")
    data = encode(photo.convert("P") if kind == "gif" else photo, kind, **({"progressive": True} if variety else {}))
    whole = np.asarray(pictures.load(data).image).astype(int)
    picture = pictures.load(data[: len(data) * 3 // 4])
    assert picture.truncated
    assert picture.image.size == (1200, 800)
    rows = slice(400, 800) if kind in {"bmp", "tga"} else slice(0, 400)  # these are written from the bottom up
    assert np.abs(np.asarray(picture.image)[rows] - whole[rows]).mean() < (12 if variety else 1)
    if not variety:  # a tenth of a progressive JPEG shows all of it, coarsely
        with pytest.raises(PictureError) as caught:
            pictures.load(data[: len(data) // 10])
        assert caught.value.code == "truncated"
