"""Which pictures there are, what is said of them, and which are kept out.

The data folder holds plain folders with a table beside them and webdataset archives
(``key.webp`` with ``key.txt``, one caption a line). A picture's name is the one the table of teacher
features uses: its path, without suffix for those in archives.
"""

from __future__ import annotations

import csv
import hashlib
import re
import tarfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from training.settings import Splits

FOLDERS = ("flickr8k_train", "coco_free", "openstax", "clothing_train", "grocery_train", "grocery_iconic")
ARCHIVES = "train_more"
LONGEST_CAPTION_WORDS = 60


@dataclass(frozen=True)
class Picture:
    """One picture and what is known about it.

    ``split`` is ``train``, ``choose`` or ``test``; ``label`` is the class where the source is a set of classes.
    """

    name: str
    source: str
    captions: tuple[str, ...] = ()
    label: str | None = None
    split: str = "train"


def read_manifest(data: Path, splits: Splits) -> list[Picture]:
    """List every picture of the data folder, in the order in which ``read_files`` yields them.

    Parameters
    ----------
    data
        Folder that holds the sources.
    splits
        How many pictures of each source are kept out.

    Returns
    -------
    list[Picture]
        With captions and split; some 81,000 for the whole folder, in a few seconds.
    """
    pictures = [*_read_folders(data), *_read_archives(data)]
    kept_out = choose_splits(pictures, splits)
    return [Picture(p.name, p.source, p.captions, p.label, kept_out.get(p.name, "train")) for p in pictures]


def choose_splits(pictures: Iterable[Picture], splits: Splits) -> dict[str, str]:
    """Name the pictures that are kept out, by a hash of the file name: the same on every machine.

    Parameters
    ----------
    pictures
        All pictures.
    splits
        How many to keep out of each source.

    Returns
    -------
    dict[str, str]
        Name of each picture kept out, and ``test`` or ``choose``.
    """
    by_source: dict[str, list[str]] = defaultdict(list)
    for picture in pictures:
        by_source[picture.source].append(picture.name)
    chosen: dict[str, str] = {}
    for source, names in by_source.items():
        ordered = sorted(names, key=lambda name: hashlib.sha256(Path(name).name.encode()).digest())
        test, choose = splits.test.get(source, 0), splits.choose.get(source, 0)
        chosen |= dict.fromkeys(ordered[:test], "test")
        chosen |= dict.fromkeys(ordered[test : test + choose], "choose")
    return chosen


def read_files(data: Path, pictures: Iterable[Picture], build: Path) -> Iterator[bytes]:
    """Yield the bytes of each picture, reading every archive once from front to back.

    Parameters
    ----------
    data
        Folder that holds the sources.
    pictures
        What ``read_manifest`` returned, whole and in its order, and whatever was drawn.
    build
        Holds what was drawn.

    Yields
    ------
    bytes
        The encoded file.
    """
    archives = _archive_members(data)
    for picture in pictures:
        path = (build if picture.source == "drawn" else data) / picture.name
        if picture.name.startswith(f"{ARCHIVES}/"):
            name, content, _ = next(archives)
            if name != picture.name:
                message = f"{picture.name} expected in the archives, {name} found: build the manifest again"
                raise ValueError(message)
            yield content
        else:
            yield path.read_bytes()


def clean_caption(text: str) -> str:
    """Return a caption on one line, without its closing full stop, cut after 60 words.

    Parameters
    ----------
    text
        As written.

    Returns
    -------
    str
        As trained on: ``"A dog runs ."`` becomes ``"A dog runs"``.
    """
    return " ".join(text.split()[:LONGEST_CAPTION_WORDS]).rstrip(" .")


def _read_folders(data: Path) -> Iterator[Picture]:
    for source in FOLDERS:
        captions: dict[str, list[str]] = {}
        labels: dict[str, str] = {}
        table = data / source / "captions.csv"
        if not table.exists():
            table = data / source / "labels.csv"
        if not table.exists():
            continue
        with table.open(newline="", encoding="utf-8") as lines:
            for row in csv.DictReader(lines):
                said = captions.setdefault(row["file"], [])
                said.extend(c for c in map(clean_caption, _caption_columns(row)) if c)
                if "label" in row:
                    labels[row["file"]] = row["label"]
        for file, said in captions.items():
            yield Picture(f"{source}/{file}", source, tuple(dict.fromkeys(said)), labels.get(file))


def _caption_columns(row: dict[str, str]) -> list[str]:
    if "alt" in row:  # Textbook captions tell the story around the picture; their first sentence is about it.
        return [row["alt"], re.split(r"(?<=[.!?])\s|\(", row["caption"])[0]]
    return [row["caption"]] if "caption" in row else []


def _read_archives(data: Path) -> Iterator[Picture]:
    for name, _, text in _archive_members(data):
        source = re.sub(r"_\d+$", "", Path(name).name)
        captions = tuple(c for c in map(clean_caption, text.splitlines()) if c)
        yield Picture(name, source, captions)


def _archive_members(data: Path) -> Iterator[tuple[str, bytes, str]]:
    for archive in sorted((data / ARCHIVES).glob("*.tar")):
        with tarfile.open(archive) as members:
            parts: dict[str, dict[str, bytes]] = {}
            for member in members:
                stem, _, suffix = member.name.rpartition(".")
                content = members.extractfile(member)
                if content is None:
                    continue
                part = parts.setdefault(stem, {})
                part[suffix] = content.read()
                if len(part) == 2:  # noqa: PLR2004 - a picture and its text make one sample
                    yield f"{ARCHIVES}/{stem}", part["webp"], part["txt"].decode()
                    del parts[stem]
