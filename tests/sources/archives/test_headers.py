"""Headers of tars, compared with Python's own reader."""

from __future__ import annotations

import io
import tarfile
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ilk.sources.archives.headers import Header, looks_like_tar, read_headers
from ilk.sources.archives.volumes import BrokenError, Offset, PackedStream, PlainStream

names = st.text(st.characters(exclude_characters="\0/", codec="utf-8"), min_size=1, max_size=8)
paths = st.lists(names, min_size=1, max_size=30).map("/".join)
members = st.lists(st.tuples(paths, st.binary(max_size=1500), st.sampled_from("0275")), max_size=6)


def pack(listed: list[tuple[str, bytes, str]], form: int, *, mode: str = "w") -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode, format=form) as archive:  # type: ignore[call-overload]  # as above
        for name, data, kind in listed:
            info = tarfile.TarInfo(name)
            info.type = kind.encode()
            info.linkname = "elsewhere" * 20 if kind == "2" else ""
            info.size, info.mtime = len(data) if kind in "07" else 0, 1234567890.5
            archive.addfile(info, io.BytesIO(data))
    return packed.getvalue()


def headers(data: bytes) -> list[Header]:
    return list(read_headers(PlainStream(io.BytesIO(data), len(data))))


@given(members, st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]))
def test_members_are_those_that_python_finds(listed: list[tuple[str, bytes, str]], form: int) -> None:
    """Names of any length and alphabet, sizes, places and kinds; and so in what gzip packed."""
    data = pack(listed, form)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        expected = [(info.name, info.size, info.offset_data, info.isdir(), info.issym()) for info in archive]
    plain = headers(data)
    assert [
        (each.name.rstrip("/"), each.size_bytes, each.offset, each.is_directory, each.refusal == "a link")
        for each in plain
    ] == [(name.rstrip("/"), *rest) for name, *rest in expected]
    packed = list(read_headers(PackedStream(io.BytesIO(pack(listed, form, mode="w:gz")))))
    assert [each._replace(place=Offset(0)) for each in packed] == [each._replace(place=Offset(0)) for each in plain]


@given(members, st.data())
def test_a_cut_anywhere_is_found_out(listed: list[tuple[str, bytes, str]], data: st.DataObject) -> None:
    """What came before is given; the end mark alone says that nothing is missing."""
    whole = pack(listed, tarfile.PAX_FORMAT)
    end = len(whole.rstrip(b"\0")) // 512 * 512 if listed else 0
    cut = data.draw(st.integers(0, end))
    partial = list[Header]()
    with pytest.raises(BrokenError, match="cut short"):  # noqa: PT012 -- what came before is the point
        for each in read_headers(PlainStream(io.BytesIO(whole[:cut]), cut)):
            partial.append(each)
    assert partial == headers(whole)[: len(partial)]


@given(members, st.integers(0, 10_000), st.integers(0, 255))
def test_damage_never_escapes(listed: list[tuple[str, bytes, str]], at: int, byte: int) -> None:
    """A wrong byte anywhere is found out, or harmless; nothing else is ever raised."""
    data = bytearray(pack(listed, tarfile.PAX_FORMAT))
    data[at % len(data)] = byte
    with suppress(BrokenError):
        assert all(0 <= each.offset + each.size_bytes <= len(data) for each in headers(bytes(data)))


def test_the_directory_of_ustar_is_joined() -> None:
    """Names of up to 256 characters without an extension."""
    name = "d" * 150 + "/" + "f" * 90
    assert [each.name for each in headers(pack([(name, b"x", "0")], tarfile.USTAR_FORMAT))] == [name]


def test_what_is_said_of_all_members_holds_for_all() -> None:
    """As git archive writes it."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"mtime": "7.5"}) as archive:
        archive.addfile(tarfile.TarInfo("a"))
        archive.addfile(tarfile.TarInfo("b"))
    assert [(each.name, each.mtime) for each in headers(packed.getvalue())] == [("a", "7.5"), ("b", "7.5")]


def test_sparse_files_are_refused_and_passed_over() -> None:
    """Their holes would have to be filled in. What comes after them is found all the same."""
    sparse = tarfile.TarInfo("holes.jpg")
    sparse.type, sparse.size = b"S", 3
    block = bytearray(sparse.tobuf(tarfile.GNU_FORMAT))
    block[482], block[148:156] = 1, b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    data = bytes(block) + bytes(512) + b"abc" + bytes(509) + pack([("b.jpg", b"x", "0")], tarfile.GNU_FORMAT)
    assert [(each.name, each.refusal) for each in headers(data)] == [("holes.jpg", "a sparse file"), ("b.jpg", None)]


def test_numbers_too_large_for_digits_are_read() -> None:
    """More than 8 GiB: the archive is then cut short within the member."""
    info = tarfile.TarInfo("huge.jpg")
    info.size = 2**40
    with pytest.raises(BrokenError, match=r'within "huge\.jpg"'):
        headers(info.tobuf(tarfile.GNU_FORMAT))


@pytest.mark.parametrize("said", ["size=-5", "size=99999999999999999999", "size=abc"])
def test_sizes_that_are_none_are_refused(said: str) -> None:
    """Also negative ones, which would have the reading go in circles."""
    record = f" {said}\n"
    record = f"{len(record) + 2}{record}"
    info = tarfile.TarInfo("PaxHeader")
    info.type, info.size = b"x", len(record)
    data = info.tobuf() + record.encode().ljust(512, b"\0") + tarfile.TarInfo("a").tobuf()
    with pytest.raises(BrokenError, match="is no size"):
        headers(data)


def test_only_tars_look_like_tars() -> None:
    """By the sum in the first header; an empty one is all zeros."""
    assert looks_like_tar(pack([("a", b"", "0")], tarfile.GNU_FORMAT)[:512])
    assert looks_like_tar(bytes(512))
    assert not looks_like_tar(b"\x89PNG" + bytes(508))
    assert not looks_like_tar(b"")
