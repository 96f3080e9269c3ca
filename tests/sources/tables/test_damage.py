"""Bytes that are nearly a table."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ilk
from ilk.errors import PictureError, SourceError
from ilk.sources.base import Entry

ROWS = [
    {"file": f"{number}.png", "caption": f'he said "{number}", so\nit goes — é', "n": number, "x": number / 3}
    for number in range(30)
]
TROUBLE = st.sampled_from([bytes([byte]) for byte in b'",\n\r\0{}[]:;\t|\\\xff\x80a0 '])
CHANGES = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 30), st.lists(TROUBLE, max_size=4)), min_size=1, max_size=5
)


def as_csv() -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, ROWS[0])
    writer.writeheader()
    writer.writerows(ROWS)
    return text.getvalue().encode()


def as_stream() -> bytes:
    data = io.BytesIO()
    table = pa.Table.from_pylist(ROWS)
    with pa.ipc.new_stream(data, table.schema) as writer:
        writer.write_table(table, max_chunksize=7)
    return data.getvalue()


FORMS: dict[str, Callable[[], bytes]] = {
    "csv": as_csv,
    "csv.gz": lambda: gzip.compress(as_csv()),
    "jsonl": lambda: "\n".join(map(json.dumps, ROWS)).encode(),
    "json": lambda: json.dumps(ROWS).encode(),
    "arrow": as_stream,
}


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=60, deadline=None)
@given(changes=CHANGES, end=st.none() | st.floats(0, 1))
def test_damage_is_told_and_never_more(
    tmp_path_factory: pytest.TempPathFactory,
    form: str,
    changes: list[tuple[float, int, list[bytes]]],
    end: float | None,
) -> None:
    """Either it is no source, or each row is a picture or a failure, under an id of its own that can be stored."""
    data = FORMS[form]()
    for place, removed, put in changes:
        at = int(place * len(data))
        data = data[:at] + b"".join(put) + data[at + removed :]
    if end is not None:
        data = data[: int(end * len(data))]
    folder = tmp_path_factory.mktemp("damage")
    path = folder / f"t.{form}"
    path.write_bytes(data)
    entries, refusal = list[Entry](), ""
    try:
        entries = list(ilk.table(path, picture="file").listing(folder))
    except SourceError as error:
        refusal = str(error)
    assert bool(entries) != bool(refusal)
    assert len(refusal) < 1_000
    ids = [entry.id for entry in entries]
    assert len(set(ids)) == len(ids)
    "".join(ids).encode()
    for entry in entries:
        with pytest.raises(PictureError) as caught:
            entry.load()
        str(caught.value).encode()
