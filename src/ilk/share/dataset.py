"""A gallery as a dataset of Hugging Face's library."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ilk.errors import MissingExtraError
from ilk.records import Item, MetadataValue

if TYPE_CHECKING:
    import numpy.typing as npt

    from ilk.records import Space
    from ilk.stores.base import Store

Kinds: TypeAlias = frozenset[str]
"""What the values of a field are: the names of their types, and whether those are scalars, lists or both."""

Column: TypeAlias = tuple[str, str, Kinds]
"""The key of a field, the column that it becomes, and the kinds of its values."""

PAGE = 512
"""Items read at once."""

EMBEDDINGS = "embeddings"
COLUMNS = ("id", "uri", "caption", "captions", EMBEDDINGS)
"""What is not metadata. A field of metadata that is called so becomes ``metadata_id``."""

TYPES = {
    frozenset({"bool"}): "bool",
    frozenset({"int"}): "int64",
    frozenset({"float"}): "float64",
    frozenset({"int", "float"}): "float64",
    frozenset({"str"}): "string",
}
"""Which type holds values of these kinds. Others become JSON as text."""


def to_dataset(store: Store, space: Space) -> Any:
    """Every item that has a vector in a space, as a ``datasets.Dataset``.

    Returns
    -------
    datasets.Dataset
        The columns ``id``, ``uri``, ``caption`` (the first) and ``captions``, one for each field of metadata, and
        ``embeddings``: rows of d numbers, float32, as they are stored: of length 1, unless the gallery keeps them raw.

    Raises
    ------
    ilk.errors.MissingExtraError
        If the library is not installed.

    Notes
    -----
    It is held in memory: 4 d bytes for each item, and its texts. The items are read twice, the first time for the
    types of the metadata.
    """
    try:
        import datasets
        import pyarrow as pa
    except ImportError as error:
        raise MissingExtraError('Datasets need a library: pip install "ilk[datasets]".') from error
    columns = _metadata_columns(store)
    features = datasets.Features(
        {
            "id": datasets.Value("string"),
            "uri": datasets.Value("string"),
            "caption": datasets.Value("string"),
            "captions": datasets.List(datasets.Value("string")),
            **{column: _feature(kinds) for _, column, kinds in columns},
            EMBEDDINGS: datasets.List(datasets.Value("float32"), length=space.dimension),
        }
    )
    schema = features.arrow_schema
    batches = [
        _batch(items, vectors, columns=columns, schema=schema) for items, vectors in _pages(store, space) if items
    ]
    table = pa.Table.from_batches(batches, schema=schema)
    description = f'Pictures and their {space.name} embeddings by the model "{space.model}".'
    return datasets.Dataset(table, info=datasets.DatasetInfo(description=description, features=features))


def _pages(store: Store, space: Space) -> Iterator[tuple[list[Item], npt.NDArray[np.float32]]]:
    """The items that have a vector, and their vectors of shape (n, d), a page at a time."""
    ids = iter(store.ids())
    while page := list(islice(ids, PAGE)):
        found, vectors = store.fetch(page), store.vectors(page, space)
        items = [item for id_, item in found.items() if id_ in vectors]
        yield items, np.array([vectors[item.id] for item in items], np.float32).reshape(-1, space.dimension)


def _batch(items: Sequence[Item], vectors: npt.NDArray[np.float32], *, columns: Sequence[Column], schema: Any) -> Any:
    import pyarrow as pa

    arrays = [
        pa.array([item.id for item in items], pa.string()),
        pa.array([item.uri for item in items], pa.string()),
        pa.array([item.captions[0] if item.captions else None for item in items], pa.string()),
        pa.array([list(item.captions) for item in items], pa.list_(pa.string())),
        *(
            pa.array([_fitting(item.metadata.get(key), kinds) for item in items], schema.field(column).type)
            for key, column, kinds in columns
        ),
        pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), vectors.shape[1]),
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


# -- metadata ---------------------------------------------------------------------------------------------------------


def _metadata_columns(store: Store) -> list[Column]:
    """The fields that any item has."""
    found: dict[str, set[str]] = defaultdict(set)
    ids = iter(store.ids())
    while page := list(islice(ids, PAGE)):
        for item in store.fetch(page).values():
            for key, value in item.metadata.items():
                found[key] |= _kinds(value)
    taken, columns = {*COLUMNS, *found}, list[Column]()
    for key, kinds in found.items():
        column = key
        while column in COLUMNS or (column != key and column in taken):
            column = f"metadata_{column}"
        taken.add(column)
        columns.append((key, column, frozenset(kinds)))
    return columns


def _kinds(value: MetadataValue) -> set[str]:
    """``"scalar"`` or ``"list"``, and the types of what it is or of what is in it."""
    if isinstance(value, list):
        return {"list", *(type(each).__name__ for each in value)}
    return set() if value is None else {"scalar", type(value).__name__}


def _type(kinds: Kinds) -> tuple[str, bool]:
    """The type of a column's values, and whether they are lists. No kind at all is text."""
    inner = kinds - {"list", "scalar"}
    if {"list", "scalar"} <= kinds:
        return "string", False
    type_ = TYPES.get(inner, "string")
    is_list = "list" in kinds and (inner in TYPES or not inner)
    return type_, is_list


def _feature(kinds: Kinds) -> Any:
    import datasets

    type_, is_list = _type(kinds)
    return datasets.List(datasets.Value(type_)) if is_list else datasets.Value(type_)


def _fitting(value: MetadataValue, kinds: Kinds) -> Any:
    """A value as its column has it."""
    type_, is_list = _type(kinds)
    if value is None or (type_, is_list) != ("string", False) or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
