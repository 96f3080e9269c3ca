"""What a name on the command line means, where its ending alone does not say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

import ilk
from ilk.errors import SourceError
from ilk.sources.base import VectorSource
from ilk.sources.naming import Asked, source_of

VECTORS = pa.array([[1.0, 0.0], [0.0, 2.0]], pa.list_(pa.float32()))


@pytest.mark.parametrize("ending", ["parquet", "feather"])
def test_a_table_of_vectors_alone_is_one_of_embeddings(tmp_path: Path, ending: str) -> None:
    """A column of lists of numbers, and none that leads to a picture: it is searched as it is, without a model."""
    path = tmp_path / f"vectors.{ending}"
    table = pa.table({"id": ["a", "b"], "embedding": VECTORS, "year": [2020, 2021]})
    if ending == "parquet":
        pyarrow.parquet.write_table(table, path)
    else:
        pyarrow.feather.write_feather(table, path)
    source = source_of(str(path), Asked())
    assert isinstance(source, VectorSource)
    with ilk.create(tmp_path / "gallery") as gallery:
        assert gallery.add(source).added == 2
        assert [hit.id for hit in gallery.search(ilk.vector(np.array([0, 1], np.float32)))] == ["b", "a"]


def test_a_table_with_pictures_is_one_of_pictures(tmp_path: Path) -> None:
    """Vectors beside the pictures are metadata of nobody; which column holds the pictures can also be said."""
    path = tmp_path / "both.parquet"
    pyarrow.parquet.write_table(pa.table({"path": ["a.jpg", "b.jpg"], "embedding": VECTORS}), path)
    assert not isinstance(source_of(str(path), Asked()), VectorSource)
    alone = tmp_path / "alone.parquet"
    pyarrow.parquet.write_table(pa.table({"where": ["a", "b"], "embedding": VECTORS}), alone)
    assert not isinstance(source_of(str(alone), Asked(picture="where")), VectorSource)
    assert isinstance(source_of(str(alone), Asked()), VectorSource)


def test_a_table_of_neither_is_refused_as_a_table(tmp_path: Path) -> None:
    """The sentence is about pictures, which most tables are of."""
    path = tmp_path / "numbers.parquet"
    pyarrow.parquet.write_table(pa.table({"year": [2020, 2021]}), path)
    with pytest.raises(SourceError, match="seems to hold pictures"):
        source_of(str(path), Asked()).listing(tmp_path)  # type: ignore[union-attr]


def test_an_ending_may_lie(tmp_path: Path) -> None:
    """What is called Parquet and is CSV is read as what it is."""
    path = tmp_path / "a.parquet"
    path.write_text("image,caption\na.jpg,a dog\n")
    source = source_of(str(path), Asked())
    assert not isinstance(source, VectorSource)
    assert source.listing(tmp_path).count() in {None, 1}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("goods.xlsx", "Save it as CSV or Parquet"),
        ("goods.SQLITE3", "Export the table"),
        ("vectors.pt", r"\.npz"),
        ("urls.txt", 'write "url" or "path" above them'),
    ],
)
def test_what_is_not_read_here_is_told_what_to_do_instead(tmp_path: Path, name: str, said: str) -> None:
    """It is what people have at hand; a picture stays one, whatever its name."""
    (tmp_path / name).write_bytes(b"of another kind")
    with pytest.raises(SourceError, match=said):
        source_of(str(tmp_path / name), Asked())
    (tmp_path / name).write_bytes(b"\x89PNG and more")
    assert source_of(str(tmp_path / name), Asked()) == ilk.folder(tmp_path / name)
    (tmp_path / name).unlink()
    with pytest.raises(SourceError, match="There is no"):
        source_of(str(tmp_path / name), Asked()).listing(tmp_path)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("a.tar.xz", b"\xfd7zXZ\0"),
        ("a.TXZ", b"\xfd7zXZ\0"),
        ("a.7z", b"7z\xbc\xaf\x27\x1c"),
        ("a.rar", b"Rar!"),
        ("a.tar.zst", b"\x28\xb5\x2f\xfd"),
        ("a.tbz", b"BZh"),
    ],
)
def test_archives_that_cannot_be_read_are_archives_all_the_same(tmp_path: Path, name: str, start: bytes) -> None:
    """So that it is said how they are packed, and not that they are no picture."""
    (tmp_path / name).write_bytes(start)
    with pytest.raises(SourceError, match="not read here"):
        list(source_of(str(tmp_path / name), Asked()).listing(tmp_path))  # type: ignore[union-attr]
