"""What an ONNX file says of itself, without loading its weights.

An ONNX file is a Protocol Buffers message (onnx/onnx.proto3 in the ONNX repository has the field numbers). Reading a
few of its fields and stepping over the rest takes milliseconds where a session takes seconds, and is needed before
one is made: which files hold the weights, whether they lie in the folder, and how long a vector is.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from ilk.errors import ModelFormatError
from ilk.wire import fields, varint

_MODEL_GRAPH = 7
_GRAPH_INITIALIZER, _GRAPH_INPUT, _GRAPH_OUTPUT = 5, 11, 12
_TENSOR_EXTERNAL = 13
_ENTRY_KEY, _ENTRY_VALUE = 1, 2
_VALUE_NAME, _VALUE_TYPE = 1, 2
_TYPE_TENSOR, _TENSOR_SHAPE, _SHAPE_DIM, _DIM_VALUE = 1, 2, 1, 1

_LFS_POINTER = b"version https://git-lfs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """Names, shapes and files.

    Attributes
    ----------
    inputs, outputs
        The shape of each by name; None for a side that is only known when it runs.
    external
        Files beside this one that hold weights, as the file names them.
    """

    inputs: Mapping[str, tuple[int | None, ...]]
    outputs: Mapping[str, tuple[int | None, ...]]
    external: tuple[str, ...]

    @classmethod
    def from_file(cls, path: Path) -> Outline:
        """Read it.

        Raises
        ------
        ModelFormatError
            If it is no ONNX file, is cut short, or takes weights from outside its own folder.
        """
        try:
            with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                if data[: len(_LFS_POINTER)] == _LFS_POINTER:
                    raise ModelFormatError(
                        f"{path} is a Git LFS pointer, not the model itself. Run `git lfs pull` in its folder, "
                        "or download the file."
                    )
                return cls._from_message(data, path)
        except OSError as error:
            raise ModelFormatError(f"{path} cannot be read: {error.strerror or error}.") from error
        except (ValueError, IndexError) as error:  # an empty file, or lengths that point past the end
            raise ModelFormatError(f"{path} is cut short or no ONNX file. Fetch it again.") from error

    @classmethod
    def _from_message(cls, data: mmap.mmap, path: Path) -> Outline:
        inputs: dict[str, tuple[int | None, ...]] = {}
        outputs: dict[str, tuple[int | None, ...]] = {}
        external: dict[str, None] = {}
        for field, _, start, stop in fields(data, 0, len(data)):
            if field != _MODEL_GRAPH:
                continue
            for part, _, begin, end in fields(data, start, stop):
                if part == _GRAPH_INITIALIZER:
                    for location in _locations(data, begin, end):
                        external[_inside(location, path)] = None
                elif part in {_GRAPH_INPUT, _GRAPH_OUTPUT}:
                    name, shape = _named_shape(data, begin, end)
                    (inputs if part == _GRAPH_INPUT else outputs)[name] = shape
        if not outputs:
            raise ValueError("no graph")
        return cls(inputs=inputs, outputs=outputs, external=tuple(external))


def _locations(data: mmap.mmap, start: int, stop: int) -> Iterator[str]:
    for field, _, begin, end in fields(data, start, stop):
        if field == _TENSOR_EXTERNAL:
            entry = {part: data[at:to] for part, _, at, to in fields(data, begin, end)}
            if entry.get(_ENTRY_KEY) == b"location":
                yield entry.get(_ENTRY_VALUE, b"").decode()


def _named_shape(data: mmap.mmap, start: int, stop: int) -> tuple[str, tuple[int | None, ...]]:
    name, shape = "", []
    for field, _, begin, end in fields(data, start, stop):
        if field == _VALUE_NAME:
            name = data[begin:end].decode()
        elif field == _VALUE_TYPE:
            for span in _nested(data, (begin, end), _TYPE_TENSOR, _TENSOR_SHAPE, _SHAPE_DIM):
                sides = [varint(data, at)[0] for part, _, at, _ in fields(data, *span) if part == _DIM_VALUE]
                shape.append(sides[0] if sides else None)
    return name, tuple(shape)


def _nested(data: mmap.mmap, span: tuple[int, int], *path: int) -> Iterator[tuple[int, int]]:
    for field, _, begin, end in fields(data, *span):
        if field == path[0]:
            if path[1:]:
                yield from _nested(data, (begin, end), *path[1:])
            else:
                yield begin, end


def _inside(location: str, path: Path) -> str:
    """The location, if it stays in the folder.

    Symbolic links are not followed: the Hub's cache is made of them, and ONNX Runtime looks where they lead.
    """
    relative = not (PurePosixPath(location).is_absolute() or PureWindowsPath(location).drive or location[:1] == "\\")
    if not location or not relative or ".." in PureWindowsPath(location).parts:
        raise ModelFormatError(f"{path} takes weights from {location!r}, outside its own folder, and is not loaded.")
    return location
