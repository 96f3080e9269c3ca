"""The index file of a space: a cache of its vectors, laid out for FAISS to scan from a memory map.

It is what ``faiss.write_index`` (FAISS 1.15) makes of ``IndexIDMap(IndexScalarQuantizer(d, QT_fp16, inner product))``:

    header, 118 bytes · n codes of d float16 · how many ids, 8 bytes · n ids of 8 bytes [· the base]

so FAISS itself can open it, and scanning it is exact: the codes are the very bytes of the database. It is written here,
not by FAISS, because so it streams: memory holds one block of vectors and the ids. The ids ascend.

The base is what ``faiss.write_index`` makes of an index of another kind over the same vectors, by position, which
proposes candidates; without one, every vector is compared.

A file is believed only if it is the one that the database recorded: an ordinary file of exactly that size and
checksum. That does not help when a stranger made both, as when a gallery was downloaded, and a file made to harm could
have FAISS's reader allocate or index wildly. So before FAISS sees a file, every byte that decides how it is read is
compared with the only header there can be for n vectors of d numbers. What is left to choose, codes and ids, is plain
numbers: ids are looked up in the database, and similarities come from there. Of a base no byte is known beforehand, so
it is read only if the file bears the seal of this machine and user (`ilk.stores.local.seal`); else the exact part is
searched, until the next write builds the file anew.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from ilk.errors import GalleryStorageError
from ilk.records.items import Metric
from ilk.stores.local import seal
from ilk.stores.local.kinds import AUTO, EXACT

_QT_FP16 = 4  # faiss.ScalarQuantizer.QT_fp16
_METRICS = {"cosine": 0, "ip": 0, "l2": 1}  # faiss.METRIC_INNER_PRODUCT and METRIC_L2
_DUMMY = 1 << 20  # FAISS writes this where it once kept something
_INDEX = "4siqqq?i"  # which kind; d, n, two dummies, whether it is trained, metric
_OUTER = struct.Struct(f"<{_INDEX}")
_HEADER = struct.Struct(f"<{_INDEX}{_INDEX}iifQQQQ")
_COUNT = struct.Struct("<Q")
_NAME = re.compile(r"vectors-\d+-\d+\.faiss")
_SAMPLE_BYTES = 4_096
_SAMPLES = 64
_WRITTEN_AT_ONCE = 1 << 20
_ALIGNED = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexPolicy:
    """When an index file pays.

    Attributes
    ----------
    min_vectors
        With fewer, none is written: reading them from the database takes a millisecond or two.
    stale_share
        Written anew when the vectors that came or went since are more than this share of those in it.
    exact_numbers
        With no more numbers in all vectors together, ``auto`` compares with everything.
    least_recall
        Recall@10 that an index has to reach with each kind of query for ``auto`` to take it.
    """

    min_vectors: int = 1_000
    stale_share: float = 0.1
    exact_numbers: int = 100_000_000
    least_recall: float = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRecord:
    """What the database says of a space's index: one row of ``vector_index``, and the space's dimension.

    Attributes
    ----------
    generation
        How often the index was made anew. What was remembered of another generation does not hold.
    file
        Its name in the gallery's directory; None if there is none.
    last_embedding_id
        The highest in the file; vectors with a higher one are the tail.
    vectors, dimension
        n and d.
    size_bytes, checksum
        Of the file.
    metric
        Of the space.
    factory
        Of the index in the file: ``"exact"``, or a FAISS factory string.
    base_bytes
        How much of the file, at its end, is the base.
    seal
        That this machine wrote the file.
    wanted
        Which kind people asked for, or ``"auto"``.
    facts
        How it was chosen, tuned and measured.
    """

    generation: int = 0
    file: str | None = None
    last_embedding_id: int = 0
    vectors: int = 0
    dimension: int
    size_bytes: int = 0
    checksum: str = ""
    metric: Metric = "cosine"
    factory: str = EXACT
    base_bytes: int = 0
    seal: str = ""
    wanted: str = AUTO
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An index file, memory-mapped.

    Attributes
    ----------
    lay_out
        Makes the exact part a FAISS index of positions.
    ids
        The embedding_id at each position, shape (n,).
    codes
        The vectors, float16, shape (n, d).
    base
        The base as a FAISS index of positions; None if there is none, or if it is not to be believed.
    """

    lay_out: Callable[[], Any]
    ids: npt.NDArray[np.int64]
    codes: npt.NDArray[np.float16]
    base: Any = None


class Written(NamedTuple):
    """What `write` wrote, in all and of the base."""

    size_bytes: int
    checksum: str
    base_bytes: int


class IndexRefusedError(Exception):
    """An index file that is not to be believed; the message says why. Callers search the database instead."""


class IndexMissingError(IndexRefusedError):
    """An index file that is not there."""


def write(  # noqa: PLR0913 -- what a file is made of
    directory: Path,
    name: str,
    blocks: Iterable[tuple[npt.NDArray[np.int64], npt.NDArray[np.float16]]],
    *,
    vectors: int,
    dimension: int,
    metric: Metric = "cosine",
    base: Callable[[npt.NDArray[np.float16], Any], Any] | None = None,
) -> Written:
    """Write an index file beside its place and rename it into it.

    Parameters
    ----------
    blocks
        Ids, shape (m,), ascending, and vectors, shape (m, d), `vectors` rows in all.
    base
        Given all vectors, of shape (n, d), and the FAISS index of them, both memory-mapped, makes the one to put
        behind them; None for none.

    Returns
    -------
    What to record of it.

    Raises
    ------
    GalleryStorageError
        If the disk does not take it; nothing is left behind.
    """
    beside = directory / f"{name}.new"
    ids = []
    try:
        with beside.open("wb") as file:
            file.write(_header(vectors, dimension, metric))
            for block, codes in blocks:
                file.write(np.ascontiguousarray(codes, "<f2").data)
                ids.append(block)
            file.write(_COUNT.pack(vectors))
            file.write(np.concatenate([np.empty(0, "<i8"), *ids]).astype("<i8").data)
            file.flush()
            exact_bytes = file.tell()
            if base is not None:
                codes = np.memmap(beside, "<f2", "r", _HEADER.size, (vectors, dimension))
                whole = np.memmap(beside, np.uint8, "r")
                made = base(codes, _mapped(whole[_OUTER.size : _HEADER.size + codes.nbytes]))
                if made is not None:
                    _put_base(file, made)
                    file.flush()
            os.fsync(file.fileno())
        size_bytes = beside.stat().st_size
        with beside.open("rb") as file:
            checksum = _checksum(file, size_bytes)
        beside.replace(directory / name)
        _sync(directory)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise GalleryStorageError(
            f"The index file of the gallery at {directory} could not be written ({error.strerror or error}). "
            "Everything is in the database and is found, only slower: free some space and run `ilk index` again."
        ) from error
    if exact_bytes != _size_bytes(vectors, dimension):
        raise AssertionError(f"{vectors} vectors were promised, and another number came")
    return Written(size_bytes, checksum, size_bytes - exact_bytes)


def read(directory: Path, record: IndexRecord) -> Opened:
    """Open a recorded index file, memory-mapped: milliseconds at any size.

    Raises
    ------
    IndexRefusedError
        If it is not the file that was recorded, or not of the one layout there is.
    """
    path = validated(directory, record)
    try:
        # Mapped here and not by FAISS, which takes only names that are UTF-8: where they need not be, as on Linux, a
        # gallery may lie below one that is not. FAISS's reader points into the map.
        mapped = np.memmap(path, np.uint8, "r")
        exact_bytes = _size_bytes(record.vectors, record.dimension)
        codes_end = _HEADER.size + 2 * record.vectors * record.dimension
        exact = mapped[_OUTER.size : codes_end]  # what is within the map of ids, which FAISS would copy
        base = _mapped(mapped[exact_bytes:]) if record.base_bytes and is_sealed(path, record) else None
    except (RuntimeError, OSError) as error:
        raise IndexRefusedError(f"FAISS cannot read it: {error}") from error
    if base is not None and (base.ntotal, base.d) != (record.vectors, record.dimension):
        raise IndexRefusedError("its base is not of the vectors in the database")
    ids, codes = _parts(mapped, record)
    return Opened(lay_out=partial(_mapped, exact), ids=ids, codes=codes, base=base)


def is_sealed(path: Path, record: IndexRecord) -> bool:
    """Whether this machine wrote a file, so that its base may be read."""
    return seal.holds(path, record.seal, size_bytes=record.size_bytes, checksum=record.checksum)


def validated(directory: Path, record: IndexRecord) -> Path:
    """The path of a recorded index file, if it may be believed. Cost: reads at most 256 KiB of it.

    Raises
    ------
    IndexRefusedError
        If not.
    """
    if record.file is None or not _NAME.fullmatch(record.file):
        raise IndexRefusedError("its name is not one that ilk gives")
    path = directory / record.file
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            raise IndexRefusedError("it is not an ordinary file")
        if status.st_size != record.size_bytes:
            raise IndexRefusedError(f"it has {status.st_size} bytes, not {record.size_bytes}")
        with path.open("rb") as file:
            expected = _header(record.vectors, record.dimension, record.metric)
            exact_bytes = _size_bytes(record.vectors, record.dimension)
            if file.read(len(expected)) != expected or record.size_bytes != exact_bytes + record.base_bytes:
                raise IndexRefusedError("its header is not that of the vectors in the database")
            file.seek(len(expected) + 2 * record.vectors * record.dimension)
            if file.read(_COUNT.size) != _COUNT.pack(record.vectors):
                raise IndexRefusedError("it does not hold as many ids as vectors")
            if _checksum(file, record.size_bytes) != record.checksum:
                raise IndexRefusedError("its checksum is another")
    except FileNotFoundError as error:
        raise IndexMissingError("it is not there") from error
    except OSError as error:
        raise IndexRefusedError(f"it cannot be read: {error.strerror or error}") from error
    return path


def contents(path: Path, record: IndexRecord) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float16]]:
    """The ids, shape (n,), and the vectors, shape (n, d), of a validated file, memory-mapped."""
    return _parts(np.memmap(path, np.uint8, "r"), record)


def _parts(mapped: npt.NDArray[np.uint8], record: IndexRecord) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float16]]:
    """Ids and vectors in a mapped file; as plain arrays, since a slice of a memmap takes microseconds more."""
    shape = (record.vectors, record.dimension)
    codes = np.ndarray(shape, "<f2", buffer=mapped, offset=_HEADER.size)
    place = _size_bytes(record.vectors, record.dimension) - 8 * record.vectors
    ids = np.ndarray((record.vectors,), "<i8", buffer=mapped, offset=place)
    return ids, codes


def file_name(space_id: int, generation: int) -> str:
    """Of a space's index file."""
    return f"vectors-{space_id}-{generation}.faiss"


def sweep_files(directory: Path, keep: Iterable[str]) -> None:
    """Delete index files that the database does not name: older ones, and what a killed writer left."""
    kept = frozenset(keep)
    for path in directory.glob("vectors-*.faiss*"):
        if path.name not in kept and _NAME.fullmatch(path.name.removesuffix(".new")):
            try:
                path.unlink()
            except OSError:  # some systems do not delete what a reader has mapped: the next sweep will
                continue


def _put_base(file: BinaryIO, base: Any) -> None:
    """Write an index that FAISS made behind the exact part."""
    import faiss

    untyped: Any = faiss  # its stubs lack the writer
    untyped.write_index(base, untyped.PyCallbackIOWriter(file.write, _WRITTEN_AT_ONCE))


def _mapped(part: npt.NDArray[np.uint8]) -> Any:
    """A FAISS index over a part of a mapped file, copying none of what is large in it."""
    import faiss

    untyped: Any = faiss  # its stubs lack the reader
    opened = untyped.read_index(untyped.ZeroCopyIOReader(faiss.swig_ptr(part), part.size), faiss.IO_FLAG_MMAP_IFC)
    opened.referenced_objects = [part]  # FAISS's own name for what has to live as long as an index
    return opened


def in_memory(codes: npt.NDArray[np.float16], metric: Metric) -> tuple[npt.NDArray[np.float16], Callable[[], Any]]:
    """A copy of vectors (n, d), and what makes an exact FAISS index over it, without another copy."""
    n, d = codes.shape
    header = _header(n, d, metric)[_OUTER.size :]
    start = -len(header) % _ALIGNED  # so that the vectors begin where processors like to read
    held = np.empty(start + len(header) + codes.nbytes, np.uint8)
    held[start : start + len(header)] = np.frombuffer(header, np.uint8)
    copy = held[start + len(header) :].view("<f2").reshape(codes.shape)
    copy[:] = codes
    return copy, partial(_mapped, held[start:])


def _header(vectors: int, dimension: int, metric: Metric) -> bytes:
    """The bytes before the codes: the map of ids, the index in it, and its quantiser."""
    code_size = 2 * dimension
    common = (dimension, vectors, _DUMMY, _DUMMY, True, _METRICS[metric])
    quantiser = (_QT_FP16, 0, 0.0, dimension, code_size, 0, vectors * code_size)
    return _HEADER.pack(b"IxMp", *common, b"IxSQ", *common, *quantiser)


def _size_bytes(vectors: int, dimension: int) -> int:
    return _HEADER.size + vectors * 2 * dimension + _COUNT.size + vectors * 8


def _checksum(file: BinaryIO, size_bytes: int) -> str:
    """BLAKE2 over the file, or over evenly spaced samples of one of more than 256 KiB.

    Tells a file that was cut, replaced or partly overwritten. A flipped bit between samples can at worst hide a
    neighbour; ``check`` reads everything.
    """
    digest = hashlib.blake2b(str(size_bytes).encode(), digest_size=16)
    if size_bytes <= _SAMPLE_BYTES * _SAMPLES:
        file.seek(0)
        digest.update(file.read())
        return digest.hexdigest()
    for sample in range(_SAMPLES):
        file.seek(sample * (size_bytes - _SAMPLE_BYTES) // (_SAMPLES - 1))
        digest.update(file.read(_SAMPLE_BYTES))
    return digest.hexdigest()


def _sync(directory: Path) -> None:
    """Make a rename outlive a power cut, where directories can be synced."""
    if os.name == "posix":
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
