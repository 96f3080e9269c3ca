"""Which files a pattern means: ``train-{000..007}.tar``, ``train-*.tar``, or a file's own name."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from ilk.errors import SourceError
from ilk.sources import names

MAX_SHARDS = 100_000

_BRACES = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"(-?\d+)\.\.(-?\d+)")


def shards_of(pattern: str) -> list[Path]:
    """The files that a pattern names, absolute; by braces in their order, by wildcards in natural order.

    A file with exactly this name is meant itself. What braces name need not be there: a shard that is missing is then
    missed.

    Raises
    ------
    ilk.errors.SourceError
        If it means no file, or more than `MAX_SHARDS`.
    """
    if names.absolute(pattern).is_file():
        return [names.absolute(pattern)]
    found = list[Path]()
    for each in _spelt(pattern):
        if glob.has_magic(each):
            found += _natural(glob.glob(str(Path(each).expanduser()), recursive=True))  # noqa: PTH207 -- of any place
        else:
            found.append(names.absolute(each))
    if not any(path.exists() for path in found):
        raise SourceError(
            f'There is no archive "{pattern}". A name with spaces, braces or wildcards in it needs quotes.'
        )
    return list(dict.fromkeys(found))


def _spelt(pattern: str) -> Iterator[str]:
    """A pattern with its braces written out."""
    parts = _BRACES.split(pattern)
    choices = [list(_choices(inside)) if odd % 2 else [inside] for odd, inside in enumerate(parts)]
    many = 1
    for each in choices:
        many *= len(each)
    if many > MAX_SHARDS:
        raise SourceError(f'"{pattern}" means {many:,} archives; at most {MAX_SHARDS:,} are taken at once.')
    return ("".join(chosen) for chosen in product(*choices))


def _choices(inside: str) -> list[str]:
    match = _RANGE.fullmatch(inside)
    if match is None:
        return inside.split(",") if "," in inside else ["{" + inside + "}"]
    first, last = int(match[1]), int(match[2])
    if abs(last - first) >= MAX_SHARDS:
        raise SourceError(
            f'"{{{inside}}}" means {abs(last - first) + 1:,} archives; at most {MAX_SHARDS:,} are taken at once.'
        )
    width = max(len(match[1]), len(match[2])) if match[1].startswith("0") or match[2].startswith("0") else 0
    step = 1 if last >= first else -1
    return [str(number).zfill(width) for number in range(first, last + step, step)]


def _natural(paths: list[str]) -> list[Path]:
    from natsort import natsorted, ns

    return [names.absolute(path) for path in natsorted(sorted(paths), alg=ns.IGNORECASE)]
