"""A gallery on a plane: pictures that are alike lie near each other.

Principal components (Pearson 1901; Hotelling 1933) are the two directions in which the vectors differ most: quick, the
same every time, and with axes that mean something. UMAP (McInnes, Healy and Melville 2018, arXiv:1802.03426) keeps
neighbours together instead, and shows groups; distances between groups say nothing.
"""

from __future__ import annotations

import heapq
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from ilk.analysis.rows import BLOCK, Rows, blocks
from ilk.errors import InputError, MissingExtraError
from ilk.filters import Filter, as_filter
from ilk.records import Item, MetadataValue, SpaceName

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from ilk.gallery import Gallery
    from ilk.stores.base import Store

Method: TypeAlias = Literal["pca", "umap"]

SAMPLE = 2_000
"""Items on a map, unless more are asked for: as many as can be told apart on one screen."""

SEED = 7
"""The same gallery gives the same map."""

NEIGHBOURS = 15
"""Of each item that UMAP keeps near: its authors' default."""

APART = 0.5
"""How far apart UMAP keeps items that are much alike: more than its authors' default, as pictures need room."""

FEWEST = 5
"""Items that UMAP can arrange."""

FOLDER = "folder"
"""A field that every item has: the first part of its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """Items on a plane.

    Attributes
    ----------
    method
        ``"pca"`` or ``"umap"``.
    model, space
        Whose vectors, of what.
    items
        Those on the map, n, in the order they were added.
    places
        Shape (n, 2), float32, both axes to one scale, in [-1, 1].
    explained
        The share of the variance along each axis, in [0, 1]; None where axes mean nothing.
    total
        Items it was drawn from: all of the gallery, or all that the filter matches.
    """

    method: Method
    model: str
    space: SpaceName
    items: tuple[Item, ...]
    places: npt.NDArray[np.float32]
    explained: tuple[float, float] | None
    total: int

    def __len__(self) -> int:
        return len(self.items)

    def values(self, field: str) -> list[MetadataValue]:
        """What each item has in a field of its metadata, None where it has none.

        ``"folder"`` is the first part of the id, unless the metadata say otherwise.

        Raises
        ------
        InputError
            If no item has it; the sentence names those there are.
        """
        found = [item.metadata.get(field) for item in self.items]
        if field == FOLDER and all(value is None for value in found):
            return [item.id.split("/")[0] if "/" in item.id else "." for item in self.items]
        if self.items and all(value is None for value in found):
            known = sorted({name for item in self.items for name in item.metadata} | {FOLDER})
            raise InputError(f'No item has a field "{field}". There are: {", ".join(known[:20])}.')
        return found

    def to_dict(self, field: str | None = None) -> dict[str, Any]:
        """As JSON, with the values of a field if one is named."""
        values = None if field is None else self.values(field)
        return {
            "method": self.method,
            "model": self.model,
            "space": self.space,
            "explained": None if self.explained is None else [round(share, 4) for share in self.explained],
            "count": len(self.items),
            "total": self.total,
            "items": [
                {"id": item.id, "x": round(float(x), 5), "y": round(float(y), 5)}
                | ({} if values is None or field is None else {field: values[number]})
                for number, (item, (x, y)) in enumerate(zip(self.items, self.places, strict=True))
            ],
        }


def project(  # noqa: PLR0913 -- what people may set, one by one
    gallery: Gallery,
    *,
    method: Method = "pca",
    n: int | None = SAMPLE,
    where: str | Mapping[str, Any] | Filter | None = None,
    model: str | None = None,
    space: SpaceName = "image",
) -> Projection:
    """Lay a gallery out on a plane.

    Parameters
    ----------
    gallery
        What of.
    method
        ``"pca"``, or ``"umap"``, which ``pip install "ilk[map]"`` brings.
    n
        At most so many items, drawn at random but the same each time; None for all.
    where
        Only items that this filter matches.
    model
        Whose vectors, where the gallery has several models'. Items without one are left out.
    space
        Those of pictures, or those of captions.

    Raises
    ------
    InputError
        If the method or the number makes no sense, or if there are too few items for UMAP.
    MissingExtraError
        If UMAP is asked for and not installed.

    Notes
    -----
    Principal components read the vectors twice, a block at a time, and hold d x d numbers: any number of items will
    do. UMAP holds them all, and takes far longer.
    """
    if method not in {"pca", "umap"}:
        raise InputError(f'There is no way "{method}" to make a map: "pca" or "umap".')
    if n is not None and n < 1:
        raise InputError(f"A map has at least one item; {n} were asked for.")
    arrange = _umap() if method == "umap" else None
    searched = gallery.models.space(model, kind=space)
    drawn, total = _draw(gallery.store, n, None if where is None else as_filter(where))

    def read(*, with_items: bool) -> Iterator[Rows]:
        return blocks(gallery.store, searched, ids=drawn, with_items=with_items)

    explained: tuple[float, float] | None = None
    items = list[Item]()
    parts = list[Any]()
    if arrange is None:
        mean, axes, explained = _principal((rows.vectors for rows in read(with_items=False)), searched.dimension)
        for rows in read(with_items=True):
            items += rows.items or []
            parts.append((rows.vectors - mean) @ axes)
        places = np.concatenate(parts) if parts else np.empty((0, 2))
    else:
        for rows in read(with_items=True):
            items += rows.items or []
            parts.append(rows.vectors)
        if len(items) < FEWEST:
            raise InputError(
                f"UMAP arranges {FEWEST} items or more, and there are {len(items)}: use the method pca for these."
            )
        places = arrange(np.concatenate(parts))
    return Projection(
        method=method,
        model=searched.model,
        space=searched.name,
        items=tuple(items),
        places=_fitted(places),
        explained=explained,
        total=total,
    )


def _draw(store: Store, n: int | None, where: Filter | None) -> tuple[list[str], int]:
    """The ids of n items drawn from those that match, in their order, and how many match.

    Each gets a random number, and those with the lowest are taken: one pass, and no more than n are held.
    """
    random = Random(SEED)  # noqa: S311 -- a sample, no secret
    total = 0
    lowest = list[tuple[float, int, str]]()
    for id_ in _matching(store, where):
        entry = (-random.random(), total, id_)
        total += 1
        if n is None or len(lowest) < n:
            heapq.heappush(lowest, entry)
        else:
            heapq.heappushpop(lowest, entry)
    return [id_ for _, _, id_ in sorted(lowest, key=lambda entry: entry[1])], total


def _matching(store: Store, where: Filter | None) -> Iterable[str]:
    if where is None:
        yield from store.ids()
        return
    ids = iter(store.ids())
    while page := list(islice(ids, BLOCK)):
        yield from (id_ for id_, item in store.fetch(page).items() if where.matches(item))


def _principal(
    parts: Iterable[npt.NDArray[np.float32]], dimension: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], tuple[float, float]]:
    """The mean of shape (d,), the two axes of shape (d, 2), and each one's share of the variance."""
    count, total, products = 0, np.zeros(dimension), np.zeros((dimension, dimension))
    for vectors in parts:
        wide = vectors.astype(np.float64)
        count += len(wide)
        total += wide.sum(axis=0)
        products += wide.T @ wide
    mean = total / max(count, 1)
    covariance = products / max(count, 1) - np.outer(mean, mean)
    variances, directions = np.linalg.eigh(covariance)
    axes = np.zeros((dimension, 2))
    chosen = directions[:, ::-1][:, :2]
    # An axis may point either way; the same way each time is the one in which its largest part is positive.
    axes[:, : chosen.shape[1]] = chosen * np.sign(chosen[np.abs(chosen).argmax(axis=0), range(chosen.shape[1])])
    shares = np.zeros(2)
    if (whole := float(np.trace(covariance))) > 1e-12:  # noqa: PLR2004 -- all vectors the same but for rounding
        shares[: chosen.shape[1]] = np.clip(variances[::-1][:2] / whole, 0, 1)
    return mean, axes, (float(shares[0]), float(shares[1]))


def _umap() -> Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float64]]:
    """What arranges vectors of shape (n, d) on a plane, (n, 2)."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of optional parts that are not needed
            from umap import UMAP
    except ImportError as error:
        raise MissingExtraError('The method umap needs a library: pip install "ilk[map]"') from error

    def arrange(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        # One seed and one thread: several would make another map each time.
        model = UMAP(
            n_neighbors=min(NEIGHBOURS, len(vectors) - 1),
            min_dist=APART,
            metric="cosine",
            init="spectral" if len(vectors) > 3 * NEIGHBOURS else "random",  # few vectors have no spectrum to speak of
            random_state=SEED,
            n_jobs=1,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of graphs in several parts: groups far from each other
            return np.asarray(model.fit_transform(vectors), np.float64)

    return arrange


def _fitted(places: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """In the middle of the square from -1 to 1, as large as fits, without changing the shape."""
    if not len(places):
        return np.empty((0, 2), np.float32)
    low, high = places.min(axis=0), places.max(axis=0)
    half = float((high - low).max()) / 2
    if half < 1e-9:  # noqa: PLR2004 -- all at one place but for rounding
        return np.zeros((len(places), 2), np.float32)
    return np.asarray((places - (low + high) / 2) / half, np.float32)
