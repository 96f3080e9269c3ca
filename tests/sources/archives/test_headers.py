"""Headers of tars, compared with Python's own reader."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import subprocess
import tarfile
import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ilk.sources.archives.headers import Header, looks_like_tar, read_headers
from ilk.sources.archives.volumes import BrokenError, Offset, PackedStream, PlainStream

names = st.text(st.characters(exclude_characters="\0/", codec="utf-8"), min_size=1, max_size=8)
paths = st.lists(names, min_size=1, max_size=30).map("/".join)
KINDS = "0\x0071234567AVMDN"
"""Files, links, devices, directories, pipes; and kinds that one program has for itself, which are like files."""
members = st.lists(st.tuples(paths, st.binary(max_size=1500), st.sampled_from(KINDS)), max_size=6)
keywords = st.dictionaries(st.sampled_from(["comment", "linkpath", "SCHILY.xattr.user.a"]), names, max_size=2)
FORMATS = [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT]


def pack(
    listed: list[tuple[str, bytes, str]], form: int, *, mode: str = "w", said: dict[str, str] | None = None
) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode, format=form, pax_headers=said) as archive:  # type: ignore[call-overload]  # as above
        for name, data, kind in listed:
            info = tarfile.TarInfo(name)
            info.type = kind.encode()
            info.linkname = "elsewhere" * 20 if kind in "12" else ""
            info.size, info.mtime = 0 if kind in "123456D" else len(data), 1234567890.5
            with suppress(ValueError):  # of ustar, which has no room for long names
                archive.addfile(info, io.BytesIO(data))
    return packed.getvalue()


def misread(name: str, kind: str) -> bool:
    """Whether `tarfile` takes a file for a directory, because the 100 bytes in GNU's header of a name end so."""
    return kind == "\0" and name.encode()[99:100] == b"/"


def headers(data: bytes) -> list[Header]:
    return list(read_headers(PlainStream(io.BytesIO(data), len(data))))


@given(members, st.sampled_from(FORMATS), keywords)
def test_members_are_those_that_python_finds(
    listed: list[tuple[str, bytes, str]], form: int, said: dict[str, str]
) -> None:
    """Names of any length and alphabet, sizes, places and kinds, whatever else is said; and so in what gzip packed."""
    listed = [each for each in listed if not misread(each[0], each[2])]
    said = said if listed else {}  # `tarfile` does not open what has nothing but those
    data = pack(listed, form, said=said)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        expected = [
            (info.name.rstrip("/"), info.size, info.offset_data, info.isdir(), info.issym() or info.islnk())
            for info in archive
        ]
    plain = headers(data)
    assert [
        (each.name.rstrip("/"), each.size_bytes, each.offset, each.is_directory, each.refusal == "a link")
        for each in plain
    ] == expected
    packed = list(read_headers(PackedStream(io.BytesIO(pack(listed, form, mode="w:gz", said=said)))))
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


FIELDS = [0, 99, 124, 130, 135, 136, 148, 156, 157, 257, 263, 345, 482, 504]
"""Where what a header says begins, or ends."""


@given(members, st.sampled_from(FORMATS), st.data())
def test_headers_that_lie_never_escape(listed: list[tuple[str, bytes, str]], form: int, data: st.DataObject) -> None:
    """Damage of which the sums know nothing, as only somebody makes it who means it."""
    lying = bytearray(pack(listed, form))
    for _ in range(data.draw(st.integers(1, 4))):
        block = data.draw(st.integers(0, len(lying) // 512 - 1)) * 512
        lying[block + data.draw(st.sampled_from(FIELDS))] = data.draw(
            st.sampled_from([0, 32, 48, 55, 128, 255, 83, 120])
        )
    for start in range(0, len(lying), 512):
        block_of = lying[start : start + 512]
        if block_of[257:262] == b"ustar":
            block_of[148:156] = b" " * 8
            lying[start + 148 : start + 156] = b"%06o\0 " % sum(block_of)
    for stream in (PlainStream(io.BytesIO(lying), len(lying)), PackedStream(io.BytesIO(gzip.compress(lying, 1)))):
        with suppress(BrokenError):
            for each in read_headers(stream):
                assert 0 <= each.size_bytes <= each.offset + each.size_bytes <= len(lying)


@pytest.mark.parametrize("form", ["gnu", "oldgnu", "ustar", "v7", "posix", "sparse 0.0", "sparse 0.1", "sparse 1.0"])
def test_members_are_those_that_gnu_tar_writes(tmp_path: Path, form: str) -> None:
    """In each of its forms: with links, pipes, names of any length as far as they go, and sparse files of each kind."""
    program = shutil.which("tar")
    if (
        program is None
        or b"GNU tar" not in subprocess.run([program, "--version"], capture_output=True, check=False).stdout
    ):
        pytest.skip("GNU tar is not here")
    top = tmp_path / "top"
    (top / ("n" * 90) / ("m" * 90)).mkdir(parents=True)
    for name in ("a.jpg", f"{'n' * 90}/{'m' * 90}/{'o' * 90}.jpg", "z.jpg"):
        (top / name).write_text(name)
    (top / "hard.jpg").hardlink_to(top / "a.jpg")
    (top / "link.jpg").symlink_to("a.jpg")
    os.mkfifo(top / "pipe.jpg")
    with (top / "holes.jpg").open("wb") as file:
        for place in range(0, 2**21, 2**18):
            file.seek(place)
            file.write(b"x" * 5000)
    version = form.removeprefix("sparse ")
    how = [f"--format={form}"] if version == form else ["--format=posix", "--sparse", f"--sparse-version={version}"]
    how += ["--sparse"] if form in {"gnu", "oldgnu"} else []
    subprocess.run(
        [program, *how, "--sort=name", "-cf", tmp_path / "a.tar", "top"], cwd=tmp_path, capture_output=True, check=False
    )  # of forms without room for a name or a pipe it leaves those out, and fails
    with tarfile.open(tmp_path / "a.tar") as archive:
        expected = [(info.name, info.isdir(), info.issparse() or info.size) for info in archive]
    found = headers((tmp_path / "a.tar").read_bytes())
    assert [
        (each.name.rstrip("/"), each.is_directory, each.refusal == "a sparse file" or each.size_bytes) for each in found
    ] == expected
    assert len(found) > 6
    refused = {each.name: each.refusal for each in found if each.refusal}
    assert refused.get("top/holes.jpg") == (None if form in {"ustar", "v7", "posix"} else "a sparse file")
    assert refused["top/link.jpg"] == refused["top/hard.jpg"] == "a link"


def test_times_in_the_place_of_a_directory_are_not_taken_for_one() -> None:
    """So GNU's incremental archives have it, of which `tarfile` makes directories named after the time."""
    block = bytearray(tarfile.TarInfo("a.jpg").tobuf(tarfile.GNU_FORMAT))
    block[345:357], block[148:156] = b"15300362720\0", b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    assert [each.name for each in headers(bytes(block) + bytes(1024))] == ["a.jpg"]


def test_any_number_of_words_about_a_member_takes_little_memory() -> None:
    """Headers before headers, keys that nobody has heard of, and names of a million characters."""
    many = io.BytesIO()
    with gzip.open(many, "wb", compresslevel=1) as file:
        for number in range(4):
            keys = b"".join(b"30 k%09d.%09d=%s\n" % (number, key, b"x" * 5) for key in range(30_000))
            info = tarfile.TarInfo("PaxHeader")
            info.type, info.size = b"x", len(keys)
            file.write(info.tobuf() + keys + bytes(-len(keys) % 512))
        file.write(tarfile.TarInfo("a.jpg").tobuf() + bytes(1024))
    tracemalloc.start()
    try:
        (found,) = read_headers(PackedStream(many))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found.name == "a.jpg"
    assert peak < 8 * 2**20
    with pytest.raises(BrokenError, match="a name has 5,000 characters"):
        headers(pack([("n" * 5_000, b"x", "0")], tarfile.GNU_FORMAT))
    info = tarfile.TarInfo("long")
    info.type, info.size = b"L", 2**30
    with pytest.raises(BrokenError, match="1,073,741,824 bytes are said to describe one member"):
        headers(info.tobuf() + bytes(1024))


def test_an_empty_value_takes_back_what_was_said() -> None:
    """As POSIX has it: the header's own size and name hold."""
    info = tarfile.TarInfo("PaxHeader")
    said = b"8 size=\n8 path=\n"
    info.type, info.size = b"x", len(said)
    member = tarfile.TarInfo("a.jpg")
    member.size = 3
    data = info.tobuf() + said.ljust(512, b"\0") + member.tobuf() + b"abc".ljust(512, b"\0") + bytes(1024)
    assert [(each.name, each.size_bytes) for each in headers(data)] == [("a.jpg", 3)]


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
