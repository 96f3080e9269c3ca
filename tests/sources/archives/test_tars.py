from __future__ import annotations

import io
import os
import tarfile
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ilk
from ilk.errors import PictureError, SourceError
from ilk.sources.archives import tars
from ilk.sources.archives.members import Member, Sample, key_of
from ilk.sources.base import Entry
from sources.archives.packing import said, tar

A, B = ("a.jpg", b"AAA"), ("b.png", b"BB")


def listed(path: Path, base: Path | None = None, **options: str) -> list[Entry]:
    return list(ilk.archive(path, **options).listing(base or path.parent))


# -- samples ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_sample_is_what_shares_a_key(tmp_path: Path, mode: str) -> None:
    """Picture, captions one a line, metadata as JSON with its caption, the number of a class; others are ignored."""
    members = [
        ("d/0001.jpg", b"one"),
        ("d/0001.txt", b"a cat\n\na pet\n"),
        ("d/0001.json", b'{"caption": "A cat", "width": 3, "tags": ["x"], "exif": {"iso": 100}}'),
        ("d/0001.cls", b"7\n"),
        ("d/0001.npy", b"\x93NUMPY"),
        ("d/0002.webp", b"two"),
    ]
    entries = listed(tar(tmp_path / "a.tar", members, mode=mode))
    assert said(entries) == {
        "a.tar!/d/0001.jpg": (
            b"one",
            ("a cat", "a pet", "A cat"),
            {"width": 3, "tags": ["x"], "exif.iso": 100, "cls": 7},
        ),
        "a.tar!/d/0002.webp": (b"two", (), {}),
    }
    assert {entry.id for entry in entries} == {entry.uri for entry in entries}
    assert all(entry.load().fleeting == (mode == "w:gz") for entry in entries)


def test_captions_can_be_named(tmp_path: Path) -> None:
    """Fields of the metadata; the one that is called so is then metadata."""
    path = tar(tmp_path / "a.tar", [A, ("a.json", b'{"caption": "x", "de": "eine Katze"}')])
    by_name, named = listed(path), listed(path, caption="de")
    assert said(by_name)["a.tar!/a.jpg"][1:] == (("x",), {"de": "eine Katze"})
    assert said(named)["a.tar!/a.jpg"][1:] == (("eine Katze",), {"caption": "x"})
    assert by_name[0].stamp != named[0].stamp


def test_members_of_a_sample_may_lie_apart(tmp_path: Path) -> None:
    """Tar packs the files of a directory in whatever order that has them."""
    texts = [(f"{name}.txt", f"caption of {name}".encode()) for name in "cab"]
    pictures = [(f"{name}.jpg", name.encode()) for name in "abc"]
    loaded = said(listed(tar(tmp_path / "a.tar", [*texts, *pictures])))
    assert {id_: captions for id_, (_, captions, _) in loaded.items()} == {
        f"a.tar!/{name}.jpg": (f"caption of {name}",) for name in "abc"
    }


def test_every_picture_of_a_sample_is_one(tmp_path: Path) -> None:
    """Names with several dots are no reason to lose one; each has the caption that is named after it."""
    members = [
        ("scan.1.jpg", b"1"),
        ("scan.1.txt", b"first"),
        ("scan.2.jpg", b"2"),
        ("scan.2.jpg.txt", b"second"),
        ("scan.txt", b"both"),
    ]
    loaded = said(listed(tar(tmp_path / "a.tar", members)))
    assert {id_: captions for id_, (_, captions, _) in loaded.items()} == {
        "a.tar!/scan.1.jpg": ("first", "both"),
        "a.tar!/scan.2.jpg": ("second", "both"),
    }


def test_a_name_that_comes_twice_gets_a_number(tmp_path: Path) -> None:
    """As in a tar that was added to: the second is a picture of its own, with captions of its own."""
    path = tar(tmp_path / "a.tar", [A, ("a.txt", b"old"), B, ("a.jpg", b"new"), ("a.txt", b"new")])
    assert said(listed(path)) == {
        "a.tar!/a.jpg": (b"AAA", ("old",), {}),
        "a.tar!/b.png": (b"BB", (), {}),
        "a.tar!/a.jpg#3": (b"new", ("new",), {}),
    }


def test_what_is_hidden_or_no_picture_is_passed_over(tmp_path: Path) -> None:
    """What a Mac packs beside the files has their suffixes too."""
    names = ["./a.jpg", "/b.jpg", "._c.jpg", "__MACOSX/d.jpg", ".git/e.jpg", "f.mov", "g", "../h.jpg", "i.j/k.jpg"]
    path = tar(tmp_path / "a.tar", [(name, name.encode()) for name in names])
    assert [entry.id for entry in listed(path)] == [
        "a.tar!/a.jpg",
        "a.tar!/b.jpg",
        "a.tar!/../h.jpg",
        "a.tar!/i.j/k.jpg",
    ]


def test_links_and_devices_are_failures_with_a_reason(tmp_path: Path) -> None:
    """Nothing outside of the archive is ever looked at."""
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for name, kind in (("s.jpg", b"2"), ("h.jpg", b"1"), ("d.jpg", b"3"), ("p.jpg", b"6"), ("folder.jpg", b"5")):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    reasons = dict[str, str]()
    for entry in listed(tmp_path / "a.tar"):
        with pytest.raises(PictureError) as caught:
            entry.load()
        assert caught.value.code == "unsupported"
        reasons[entry.id.rpartition("/")[2]] = str(caught.value).rpartition(" is ")[2]
    assert reasons == {"s.jpg": "a link.", "h.jpg": "a link.", "d.jpg": "a device.", "p.jpg": "a pipe."}


def test_texts_that_cannot_be_read_leave_the_picture(tmp_path: Path) -> None:
    """JSON that is none, or no object, or nested without end; a class that is a word; a caption as large as a book."""
    members = [A, ("a.json", b"{"), B, ("b.json", b"[" * 100_000), ("b.cls", b"cat"), ("b.txt", b"x" * 2**17)]
    assert said(listed(tar(tmp_path / "a.tar", members))) == {
        "a.tar!/a.jpg": (b"AAA", (), {}),
        "a.tar!/b.png": (b"BB", (), {"cls": "cat"}),
    }


def test_pictures_that_are_empty_or_too_large_are_not_read(tmp_path: Path) -> None:
    """By what the header says."""
    with (tmp_path / "a.tar").open("wb") as file:
        info = tarfile.TarInfo("huge.jpg")
        info.size = 2**28 + 1
        file.write(info.tobuf())
        file.seek(info.size + 511, os.SEEK_CUR)  # a hole
        file.truncate(512 + (info.size + 511) // 512 * 512)
        file.seek(0, os.SEEK_END)
        file.write(tarfile.TarInfo("none.jpg").tobuf() + bytes(1024))
    codes = list[str]()
    for entry in listed(tmp_path / "a.tar"):
        with pytest.raises(PictureError) as caught:
            entry.load()
        codes.append(caught.value.code)
    assert codes == ["too-many-bytes", "empty"]


keys = st.sampled_from(["a", "b", "d/a", "a.b", "c"])
suffixes = st.sampled_from(["jpg", "txt", "json", "PNG", "seg.png"])


@given(st.lists(st.tuples(keys, suffixes), max_size=40), st.integers(1, 8))
def test_grouping_loses_and_mixes_nothing(parts: list[tuple[str, str]], held: int) -> None:
    """However members are mixed and however few are waited with: each picture comes once, with its own key's only."""
    grouping = tars.Grouping("stamp", held)
    members = [Member(f"{key}.{suffix}", 1, str(number), None) for number, (key, suffix) in enumerate(parts)]
    samples = [
        sample
        for member in members
        for sample in grouping.take(member, "picture" if member.name.lower().endswith(("jpg", "png")) else "text")
    ]
    samples += grouping.finish()
    pictures = [picture.stamp for sample in samples for picture in sample.pictures]
    expected = [member.stamp for member in members if member.name.lower().endswith(("jpg", "png"))]
    assert sorted(pictures) == sorted(expected)
    for sample in samples:
        whole = (*sample.pictures, *sample.texts)
        assert len({key_of(part.name) for part in whole}) == 1
        assert len({part.name for part in whole}) == len(whole)


@given(st.lists(st.sampled_from(["a", "b", "d/a", "c"]), max_size=20))
def test_members_side_by_side_are_grouped_as_webdataset_does(order: list[str]) -> None:
    """Where the keys come one after the other, nothing has to be waited with."""
    grouping = tars.Grouping("stamp", 4)
    runs = list(enumerate(key for key, _ in groupby(order)))
    samples = list[Sample]()
    for number, key in runs:
        for suffix, role in (("jpg", "picture"), ("txt", "text")):
            samples += grouping.take(Member(f"{key}.{suffix}", 1, str(number), None), role)
    samples += grouping.finish()
    whole = sorted((int(s.pictures[0].stamp), s.pictures[0].name, [text.stamp for text in s.texts]) for s in samples)
    assert whole == [(number, f"{key}.jpg", [str(number)]) for number, key in runs]


# -- stamps -----------------------------------------------------------------------------------------------------------


def test_stamps_stay_and_change_with_the_archive(tmp_path: Path) -> None:
    """Times of members are often all zero, so the archive's own time and size count."""
    path = tar(tmp_path / "a.tar", [A, B])
    first = [entry.stamp for entry in listed(path)]
    assert [entry.stamp for entry in listed(path)] == first
    os.utime(path, ns=(1, 1))
    assert not set(first) & {entry.stamp for entry in listed(path)}


def test_an_archive_that_changed_meanwhile_is_not_believed(tmp_path: Path) -> None:
    """Places in it mean nothing any more; it is tried again next time."""
    path = tar(tmp_path / "a.tar", [A, B])
    entry = listed(path)[0]
    tar(path, [B, A], mtime=7)
    os.utime(path, ns=(1, 1))
    with pytest.raises(PictureError, match="changed while it was being read") as caught:
        entry.load()
    assert caught.value.code == "unreadable"


# -- broken archives --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["w", "w:gz"])
@settings(max_examples=40)
@given(share=st.floats(0, 1))
def test_of_a_cut_archive_what_came_before_is_kept(
    mode: str, share: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """One entry says where it broke, and the listing does not claim to be complete."""
    path = tmp_path_factory.mktemp("cut") / "a.tar"
    members = [(f"{number}.jpg", os.urandom(number * 100)) for number in range(1, 9)]
    whole = tar(path, members, mode=mode).read_bytes()
    end = 512 * sum(1 + -(-len(content) // 512) for _, content in members) if mode == "w" else len(whole) - 100
    path.write_bytes(whole[: 600 + int(share * (end - 601))])
    listing = ilk.archive(path).listing(path.parent)
    try:
        *before, broken = listing
    except SourceError:  # not even one is there
        return
    assert not listing.complete
    assert broken.id == "a.tar!/"
    with pytest.raises(PictureError, match="cut short") as caught:
        broken.load()
    assert caught.value.code == "truncated"
    assert [(entry.id, entry.load().data) for entry in before] == [
        (f"a.tar!/{name}", content) for name, content in members
    ][: len(before)]


def test_damage_is_told_from_a_cut(tmp_path: Path) -> None:
    """The header of the second member is none any more."""
    path = tar(tmp_path / "a.tar", [A, B])
    data = bytearray(path.read_bytes())
    data[1024] ^= 1
    path.write_bytes(data)
    first, broken = listed(path)
    assert first.load().data == b"AAA"
    with pytest.raises(PictureError, match=r'is damaged after "a\.jpg": what follows is no header') as caught:
        broken.load()
    assert caught.value.code == "damaged"


def test_shards_go_on_after_a_broken_one(tmp_path: Path) -> None:
    """And after one that is missing."""
    tar(tmp_path / "s-0.tar", [A])
    whole = tar(tmp_path / "s-1.tar", [A, B]).read_bytes()
    (tmp_path / "s-1.tar").write_bytes(whole[:1200])
    tar(tmp_path / "s-3.tar", [B])
    listing = ilk.archive(str(tmp_path / "s-{0..3}.tar")).listing(tmp_path)
    assert [entry.id for entry in listing] == [
        "s-0.tar!/a.jpg",
        "s-1.tar!/a.jpg",
        "s-1.tar!/",
        "s-2.tar!/",
        "s-3.tar!/b.png",
    ]
    assert not listing.complete
    assert listing.kind == "archive:s-{0..3}.tar"


def test_what_gzip_packed_may_be_in_parts_and_padded(tmp_path: Path) -> None:
    """As programs that pack in parallel write it, and tapes pad it."""
    import gzip

    whole = tar(tmp_path / "a.tar", [A, B]).read_bytes()
    packed = b"".join(gzip.compress(whole[start : start + 700]) for start in range(0, len(whole), 700))
    (tmp_path / "a.tgz").write_bytes(packed + bytes(100))
    assert [entry.load().data for entry in listed(tmp_path / "a.tgz")] == [b"AAA", b"BB"]


def test_large_members_are_found_again_in_what_gzip_packed(tmp_path: Path) -> None:
    """In any order and many at once, from the nearest place that the unpacking can begin at."""
    members = [(f"{number}.jpg", os.urandom(70_000) + bytes(300_000)) for number in range(12)]
    entries = listed(tar(tmp_path / "a.tar.gz", members, mode="w:gz"))
    with ThreadPoolExecutor(8) as pool:
        loaded = list(pool.map(lambda entry: entry.load().data, reversed(entries)))
    assert [entry.id for entry in entries] == [f"a.tar.gz!/{name}" for name, _ in members]
    assert loaded[::-1] == [content for _, content in members]


def test_a_few_packed_bytes_do_not_fill_the_memory(tmp_path: Path) -> None:
    """A gigabyte of nothing is passed over in pieces."""
    import gzip
    import tracemalloc

    path = tmp_path / "a.tar.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        for name, size in (("zeros.bin", 2**28), ("a.jpg", 3)):
            info = tarfile.TarInfo(name)
            info.size = size
            file.write(info.tobuf())
            for _ in range(size // 2**20):
                file.write(bytes(2**20))
            file.write(bytes(-size % 512 + size % 2**20))
        file.write(bytes(1024))
    tracemalloc.start()
    try:
        (entry,) = listed(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert entry.id == "a.tar.gz!/a.jpg"
    assert peak < 4 * 2**20


# -- real ones --------------------------------------------------------------------------------------------------------


def test_real_shards_are_listed_whole(shared_data: Path) -> None:
    """Every sample once, with the captions that Python's own reader finds."""
    shards = sorted((shared_data / "train_more").glob("[inorw]*.tar"))
    if not shards:
        pytest.skip(f"there are no archives in {shared_data / 'train_more'}")
    for shard in shards:
        with tarfile.open(shard) as archive:
            texts = dict[str, str]()
            pictures = dict[str, str]()
            for info in archive:
                stem, suffix = os.path.splitext(info.name)  # noqa: PTH122 -- a name in an archive
                if suffix == ".txt":
                    texts[stem] = (archive.extractfile(info) or io.BytesIO()).read().decode()
                else:
                    pictures[stem] = info.name
        listing = ilk.archive(shard).listing(shared_data)
        entries = list(listing)
        assert listing.complete
        assert [entry.id for entry in entries] == [f"train_more/{shard.name}!/{name}" for name in pictures.values()]
        for entry, stem in list(zip(entries, pictures, strict=True))[::50]:
            assert list(entry.load().captions) == texts[stem].split("\n")[: len(entry.load().captions)]
            assert len(entry.load().captions) == len([line for line in texts[stem].splitlines() if line.strip()])
