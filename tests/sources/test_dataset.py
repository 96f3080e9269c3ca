from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import pytest
from datasets import ClassLabel, Features, List, Value
from datasets import Image as Picture
from PIL import Image

import ilk
from colour_encoder import ColourEncoder
from galleries import gallery_of
from ilk import pictures
from ilk.errors import InputError, PictureError, SourceError
from ilk.sources.base import Entry

COLOURS = ("red", "green", "blue", "white")


def painted(colour: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (16, 12), colour).save(file, "PNG")
    return file.getvalue()


def made(**columns: tuple[Any, list[Any]]) -> datasets.Dataset:
    """A dataset of painted pictures, and more columns: a feature and the values."""
    features = Features({"image": Picture(), **{name: feature for name, (feature, _) in columns.items()}})
    count = len(next(iter(columns.values()))[1]) if columns else len(COLOURS)
    data = {"image": [{"bytes": painted(colour), "path": None} for colour in COLOURS[:count]]}
    return datasets.Dataset.from_dict(data | {name: values for name, (_, values) in columns.items()}, features=features)


def listed(data: Any, base: Path, **options: Any) -> list[Entry]:
    return list(ilk.dataset(data, **options).listing(base))


def said(entries: list[Entry]) -> list[tuple[str, tuple[str, ...], dict[str, Any]]]:
    loaded = [(entry.id, entry.load()) for entry in entries]
    return [(id_, payload.captions, dict(payload.metadata)) for id_, payload in loaded]


def streamed(data: datasets.Dataset) -> datasets.IterableDataset:
    return data.to_iterable_dataset()


def as_it_is(data: datasets.Dataset) -> datasets.Dataset:
    return data


either = pytest.mark.parametrize("form", [as_it_is, streamed])


# -- columns ----------------------------------------------------------------------------------------------------------


@either
def test_columns_are_told_by_their_types(tmp_path: Path, form: Any) -> None:
    """Pictures as they were packed, captions by name, the words of labels, everything else with its type."""
    data = form(
        made(
            caption=(Value("string"), ["a red one", "a green one"]),
            label=(ClassLabel(names=["warm", "cold"]), [0, 1]),
            labels=(List(ClassLabel(names=["x", "y"])), [[0, 1], []]),
            stars=(Value("int32"), [3, None]),
            taken=(Value("timestamp[ns]"), [None, None]),
            box=(List(Value("float32")), [[0.5, 1.0], [0.0, 2.0]]),
        )
    )
    entries = listed(data, tmp_path, name="shoes")
    assert [entry.load().data for entry in entries] == [painted("red"), painted("green")]
    assert said(entries) == [
        ("shoes#0", ("a red one",), {"label": "warm", "labels": ["x", "y"], "stars": 3, "box": [0.5, 1.0]}),
        ("shoes#1", ("a green one",), {"label": "cold", "labels": [], "box": [0.0, 2.0]}),
    ]
    assert all(entry.load().fleeting for entry in entries)
    assert {entry.uri for entry in entries} == {"shoes#0", "shoes#1"}


@either
def test_the_only_column_of_sentences_is_the_captions(tmp_path: Path, form: Any) -> None:
    """Whatever it is called; several, also in lists; a label or a file's name is none."""
    words = (ClassLabel(names=["a b"]), [0, 0])
    one = form(made(story=(Value("string"), ["once upon", "a time"]), label=words))
    assert [captions for _, captions, _ in said(listed(one, tmp_path, name="n"))] == [("once upon",), ("a time",)]
    names = form(made(origin=(Value("string"), ["cam_1", "cam_2"]), label=words))
    assert [captions for _, captions, _ in said(listed(names, tmp_path, name="n"))] == [(), ()]
    many = form(made(texts=(List(Value("string")), [["one", "two"], ["three"]])))
    assert [captions for _, captions, _ in said(listed(many, tmp_path, name="n"))] == [("one", "two"), ("three",)]


@either
def test_ids_come_from_a_column(tmp_path: Path, form: Any) -> None:
    """Told by name or named; a second one that is equal gets its row's number."""
    data = form(made(id=(Value("int64"), [7, 8]), sku=(Value("string"), ["x", "x"])))
    assert [entry.id for entry in listed(data, tmp_path, name="n")] == ["7", "8"]
    assert [entry.id for entry in listed(data, tmp_path, name="n", id="sku")] == ["x", "x#1"]
    assert [entry.id for entry in listed(data, tmp_path, name="n", id="")] == ["n#0", "n#1"]


@either
def test_columns_can_be_named(tmp_path: Path, form: Any) -> None:
    """Any of them, and none."""
    data = form(made(caption=(Value("string"), ["a b"]), other=(Value("string"), ["c d"])))
    assert said(listed(data, tmp_path, name="n", caption="other")) == [("n#0", ("c d",), {"caption": "a b"})]
    assert said(listed(data, tmp_path, name="n", caption=())) == [("n#0", (), {"caption": "a b", "other": "c d"})]
    with pytest.raises(SourceError, match='no column "pic"'):
        listed(data, tmp_path, name="n", picture="pic")
    source = ilk.dataset(data, name="n")
    assert str(source.columns()) == "picture: image, captions: caption, id: none; 1 more column becomes metadata"


@either
def test_paths_and_bytes_and_urls_are_pictures_too(tmp_path: Path, form: Any) -> None:
    """In columns of text or bytes, and as paths in a column of pictures."""
    path = tmp_path / "red.png"
    path.write_bytes(painted("red"))
    by_path = form(datasets.Dataset.from_dict({"file": [str(path)]}))
    raw = form(datasets.Dataset.from_dict({"img": [painted("red")]}))
    declared = form(datasets.Dataset.from_dict({"image": [str(path)]}).cast_column("image", Picture()))
    for data in (by_path, raw, declared):
        (entry,) = listed(data, tmp_path, name="n")
        assert (entry.id, entry.load().data) == ("n#0", painted("red"))
    assert listed(declared, tmp_path, name="n")[0].uri == "red.png"
    before = listed(declared, tmp_path, name="n")[0].stamp
    path.write_bytes(painted("blue") + b" ")
    assert listed(declared, tmp_path, name="n")[0].stamp != before
    url = form(datasets.Dataset.from_dict({"image_url": ["http://127.0.0.1:9/a.jpg"]}))
    (entry,) = listed(url, tmp_path, name="n")
    assert entry.uri == "http://127.0.0.1:9/a.jpg"
    with pytest.raises(PictureError):
        entry.load()


@either
def test_a_row_without_a_picture_is_a_failure_with_its_reason(tmp_path: Path, form: Any) -> None:
    """The others go on."""
    features = Features({"image": Picture()})
    data = form(
        datasets.Dataset.from_dict({"image": [{"bytes": painted("red"), "path": None}, None]}, features=features)
    )
    first, second = listed(data, tmp_path, name="n")
    assert first.load().data == painted("red")
    with pytest.raises(PictureError, match='Row 1 of The dataset "n" has no picture') as caught:
        second.load()
    assert caught.value.code == "empty"


# -- which dataset ----------------------------------------------------------------------------------------------------


def test_a_saved_dataset_is_opened_by_its_folder(tmp_path: Path) -> None:
    """And called by it, from the gallery's place; with splits, by the split too."""
    made().save_to_disk(tmp_path / "one")
    listing = ilk.dataset(tmp_path / "one").listing(tmp_path)
    assert (listing.kind, [entry.id for entry in listing][:2], listing.count()) == (
        "dataset:one",
        ["one#0", "one#1"],
        4,
    )
    assert ilk.dataset(tmp_path / "one").top == tmp_path
    datasets.DatasetDict(train=made(), test=made()).save_to_disk(tmp_path / "two")
    with pytest.raises(SourceError, match="several splits: train, test"):
        ilk.dataset(tmp_path / "two").listing(tmp_path)
    with pytest.raises(SourceError, match='no split "dev"'):
        ilk.dataset(tmp_path / "two", split="dev").listing(tmp_path)
    for source in (ilk.dataset(tmp_path / "two", split="test"), ilk.dataset(f"{tmp_path / 'two'}:test")):
        assert source.listing(tmp_path).kind == "dataset:two:test"


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    """It says what is for folders and for tables."""
    with pytest.raises(SourceError, match=r"ilk\.folder"):
        ilk.dataset(tmp_path).listing(tmp_path)


def test_objects_with_splits_ask_which(tmp_path: Path) -> None:
    """One split alone is meant; a dataset without splits has none to choose."""
    both = datasets.DatasetDict(train=made(), test=made())
    with pytest.raises(SourceError, match="several splits: train, test"):
        ilk.dataset(both).listing(tmp_path)
    assert len(listed(both, tmp_path, split="test", name="n")) == 4
    assert len(listed(datasets.DatasetDict(train=made()), tmp_path, name="n")) == 4
    with pytest.raises(SourceError, match="has no splits"):
        ilk.dataset(made(), split="train").listing(tmp_path)


def test_an_object_is_called_by_its_fingerprint(tmp_path: Path) -> None:
    """Equal ones alike, different ones apart; a stream has none and needs a name."""
    kinds = [ilk.dataset(data).listing(tmp_path).kind for data in (made(), made(), made().select([0]))]
    assert kinds[0] == kinds[1] != kinds[2]
    with pytest.raises(InputError, match="Give it one"):
        ilk.dataset(streamed(made())).listing(tmp_path)


def test_the_hub_is_asked_for_a_name_and_a_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The only split is meant; of several, one must be. No program is run, and what goes wrong is one sentence."""
    asked = list[tuple[Any, ...]]()

    def load_dataset(name: str, *, split: str, streaming: bool) -> datasets.Dataset:
        asked.append((name, split, streaming))
        if name == "org/program":
            raise RuntimeError("Dataset scripts are no longer supported, but found program.py")
        if name == "org/none":
            raise datasets.exceptions.DatasetNotFoundError("Dataset 'org/none' doesn't exist\non the Hub")
        return made()

    def split_names(name: str) -> list[str]:
        return ["train"] if name == "org/one" else ["train", "test"]

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    monkeypatch.setattr(datasets, "get_dataset_split_names", split_names)
    assert ilk.dataset("org/two:test").listing(tmp_path).kind == "dataset:org/two:test"
    assert ilk.dataset("org/two", split="test[:10%]").listing(tmp_path).kind == "dataset:org/two:test[:10%]"
    ilk.dataset("org/one", name="n", streaming=True).listing(tmp_path)
    assert asked == [("org/two", "test", False), ("org/two", "test[:10%]", False), ("org/one", "train", True)]
    with pytest.raises(SourceError, match="several splits: train, test"):
        ilk.dataset("org/two").listing(tmp_path)
    with pytest.raises(SourceError, match="is a program, which is not run"):
        ilk.dataset("org/program:train").listing(tmp_path)
    with pytest.raises(SourceError, match="cannot be had: Dataset 'org/none' doesn't exist on the Hub"):
        ilk.dataset("org/none:train").listing(tmp_path)


# -- again ------------------------------------------------------------------------------------------------------------


def test_a_second_run_reads_no_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fingerprint and the row's number say that nothing changed; a changed dataset encodes what is new in it."""
    encoder = ColourEncoder()
    with gallery_of(tmp_path, encoder) as gallery:
        assert gallery.add(ilk.dataset(made(), name="n")).added == 4
        assert [hit.id for hit in gallery.search("green", k=1)] == ["n#1"]
        with monkeypatch.context() as patch:
            patch.setattr("ilk.sources.datasets.readers.RowsReader.row", lambda *_: pytest.fail("it was read"))
            assert gallery.add(ilk.dataset(made(), name="n")).unchanged == 4
        report = gallery.add(ilk.dataset(made().select([0, 1, 3]), name="n"))
        assert (report.removed, encoder.encoded) == (1, 4)
        assert gallery.add(ilk.dataset(made(), name="other")).copied == 3
        assert (len(gallery), encoder.encoded) == (7, 5)


def test_new_words_decode_no_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any change of a dataset has its rows read again, since nothing else tells which are as they were; no more."""
    data = made(text=(Value("string"), ["a", "b", "c", "d"]))
    with gallery_of(tmp_path, encoder := ColourEncoder()) as gallery:
        assert gallery.add(ilk.dataset(data, name="colours")).added == 4
        told = data.map(lambda row: {"text": row["text"] + "!"})
        with monkeypatch.context() as patched:
            patched.setattr(pictures, "load", None)  # whoever decodes one fails
            report = gallery.add(ilk.dataset(told, name="colours"))
        assert (report.updated, report.failed, encoder.encoded) == (4, 0, 4)
        assert gallery.get("colours#0").captions == ("a!",)
        assert gallery.picture("colours#0")
        assert gallery.add(ilk.dataset(told, name="colours"), keep=True).unchanged == 4


def test_stamps_change_with_what_is_made_of_a_row(tmp_path: Path) -> None:
    """Another choice of captions is another row to a gallery."""
    data = made(caption=(Value("string"), ["a b"]), other=(Value("string"), ["c d"]))
    stamps = {listed(data, tmp_path, name="n", caption=caption)[0].stamp for caption in (None, "other", ())}
    assert len(stamps) == 3


def test_a_stream_is_known_by_its_contents(tmp_path: Path) -> None:
    """It is read again, and nothing of it encoded again."""
    encoder = ColourEncoder()
    with gallery_of(tmp_path, encoder) as gallery:
        assert gallery.add(ilk.dataset(streamed(made()), name="n")).added == 4
        assert gallery.add(ilk.dataset(streamed(made()), name="n")).unchanged == 4
        assert encoder.encoded == 4


def test_a_stream_may_give_pictures_of_pillow(tmp_path: Path) -> None:
    """As generators without declared features do."""

    def rows() -> Iterator[dict[str, Any]]:
        for colour in COLOURS:
            yield {"image": Image.new("RGB", (16, 12), colour), "caption": f"all {colour}"}

    entries = listed(datasets.IterableDataset.from_generator(rows), tmp_path, name="n")
    assert [entry.load().captions for entry in entries] == [(f"all {colour}",) for colour in COLOURS]
    assert Image.open(io.BytesIO(entries[0].load().data)).getpixel((0, 0)) == (255, 0, 0)


def test_a_stream_that_breaks_off_keeps_what_came(tmp_path: Path) -> None:
    """The rest is one failure, and nothing counts as gone."""

    def rows() -> Iterator[dict[str, Any]]:
        for number in range(20):
            if number == 18:
                raise ConnectionError("the line is dead")
            yield {"image": painted("red"), "n": number}

    listing = ilk.dataset(datasets.IterableDataset.from_generator(rows), name="n").listing(tmp_path)
    *before, broken = listing
    assert (len(before), listing.complete) == (18, False)
    with pytest.raises(PictureError, match="the line is dead"):
        broken.load()


def test_a_stream_that_cannot_begin_is_refused(tmp_path: Path) -> None:
    """In a sentence with what the library says."""

    def rows() -> Iterator[dict[str, Any]]:
        yield {"image": painted("red")}
        raise ConnectionError("the line is dead")

    with pytest.raises(SourceError, match='The dataset "n" cannot be read: the line is dead'):
        ilk.dataset(datasets.IterableDataset.from_generator(rows), name="n").listing(tmp_path)


def test_an_empty_dataset_is_refused(tmp_path: Path) -> None:
    """Before anything is removed for it."""
    with pytest.raises(SourceError, match="has no rows"):
        ilk.dataset(made().select([]), name="n").listing(tmp_path)
