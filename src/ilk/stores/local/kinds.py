"""Kinds of FAISS index: by factory string, what may be set for a search of each, and how that is given to FAISS.

Whatever the kind, the file has the exact vectors beside it, so a kind only proposes candidates and the stored vectors
decide. A ``Refine(...)`` at the end of a string is therefore taken off: everything is refined, and with better than
what it may name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from ilk.errors import InputError
from ilk.records import items

Metric: TypeAlias = items.Metric

AUTO = "auto"
EXACT = "exact"

EXAMPLES = 'Flat, HNSW32, "IVF1024,PQ32", SQ8, "PCAR128,SQ8", RaBitQ, "IVF1024,RaBitQ,Refine(SQfp16)"'
EVERYTHING = re.compile(r"(SQfp16|Flat)")
"""Factory strings of what the exact part of every index file is already."""

REMEMBERED = 100
"""Search parameters of one index, at most: programs ask with few different ones."""

_REFINED = re.compile(r",(Refine\(.*\)|RFlat)$")
_MAPPED = re.compile(r"^IDMap2?,")
_SETTABLE: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("IndexIVF", ("nprobe", "max_codes")),
    ("IndexIVFPQ", ("scan_table_threshold",)),
    ("IndexIVFRaBitQ", ("qb",)),
    ("IndexRaBitQ", ("qb",)),
    ("IndexHNSW", ("efSearch",)),
)
_MAY_BE_NONE = frozenset({"qb", "max_codes", "scan_table_threshold"})
"""Parameters that may be 0, which to FAISS means without."""


def loaded() -> Any:
    """FAISS, whose stubs lack most of it."""
    import faiss

    return faiss


def canonical(factory: str) -> str:
    """A factory string without spaces, and with the short names for what ilk has of its own."""
    stripped = re.sub(r"\s+", "", factory)
    if stripped.lower() in {AUTO, EXACT}:
        return stripped.lower()
    return stripped


def base_of(factory: str) -> str:
    """The part of a factory string that proposes candidates; empty for one whose answers are exact."""
    base = _REFINED.sub("", _MAPPED.sub("", factory))
    return "" if factory == EXACT or EVERYTHING.fullmatch(base) else base


def empty(base: str, dimension: int, metric: Metric) -> Any:
    """An index of a kind without vectors.

    Raises
    ------
    InputError
        If FAISS does not know the kind, or cannot make it of vectors of this dimension and metric.
    """
    faiss = loaded()
    inner = faiss.METRIC_L2 if metric == "l2" else faiss.METRIC_INNER_PRODUCT
    # Among rows of length 1 the order by distance is that by cosine, and a few kinds know distances only.
    metrics = (inner, faiss.METRIC_L2) if metric == "cosine" else (inner,)
    reason = ""
    for each in metrics:
        try:
            made = faiss.index_factory(dimension, base, each)
        except RuntimeError as error:
            reason = reason or _said(error)
        else:
            if int(made.d) == dimension and not isinstance(made, faiss.IndexIDMap):
                return made
    raise InputError(
        f'"{base}" is no index that FAISS can make of {dimension} numbers{f" ({reason})" if reason else ""}. Such are '
        f'{EXAMPLES}; "{EXACT}" compares with everything, and "{AUTO}" lets ilk choose.'
    )


def check(factory: str, dimension: int, metric: Metric) -> str:
    """A factory string as it is kept, once it is sure to be one.

    Raises
    ------
    InputError
        If it is not.
    """
    asked = canonical(factory)
    if asked != AUTO and base_of(asked):
        empty(base_of(asked), dimension, metric)
    elif not asked:
        raise InputError(f'An index is named by a string, such as {EXAMPLES}, or "{AUTO}".')
    return asked


def settable(index: Any) -> tuple[str, ...]:
    """Names of what may be set for a search of an index, the outermost first."""
    faiss = loaded()

    index = faiss.downcast_index(index)
    if isinstance(index, faiss.IndexPreTransform):
        return settable(index.index)
    names = [name for kind, some in _SETTABLE if _is(index, kind) for name in some]
    if isinstance(index, faiss.IndexIVF) and isinstance(faiss.downcast_index(index.quantizer), faiss.IndexHNSW):
        names.append("quantizer_efSearch")
    return (*names, "k_factor")


def checked(given: Mapping[str, float], names: tuple[str, ...], factory: str) -> dict[str, float]:
    """Parameters of a search, once they are sure to be of this kind of index.

    Raises
    ------
    InputError
        If there is no such parameter, or a value is none that it may have.
    """
    for name, value in given.items():
        if name not in names:
            has = f"has {', '.join(names)}" if names else "has none: it compares with everything"
            raise InputError(f'The index "{factory}" has no search parameter "{name}"; it {has}.')
        least = 0 if name in _MAY_BE_NONE else 1
        number = type(value) in {int, float}  # whatever the types promise, a person may give a text, or True
        if not number or not value >= least or (name != "k_factor" and value != int(value)) or value > 1 << 30:
            kind = "number" if name == "k_factor" else "whole number"
            raise InputError(f"The search parameter {name} is a {kind} from {least}; {value!r} was given.")
    return {name: float(value) if name == "k_factor" else int(value) for name, value in given.items()}


Maker: TypeAlias = Callable[[Mapping[str, float], Any], Any]
"""From values and a selector or None to what FAISS takes with one search."""


def maker(index: Any) -> Maker:
    """What makes the search parameters of an index, which takes as long as a tenth of a search.

    Those of the same values are made once, and shared by threads: FAISS writes into none but such as have a selector,
    in ``IndexIDMap``. The index is looked at here, once, which takes longer still.
    """
    make = _maker(index)
    known = dict[tuple[tuple[str, float], ...], Any]()

    def made(values: Mapping[str, float], selector: Any) -> Any:
        if selector is not None:
            return make(values, selector)
        key = tuple(values.items())
        if key in known:
            return known[key]
        if len(known) < REMEMBERED:
            return known.setdefault(key, make(values, None))
        return make(values, None)

    return made


def _maker(index: Any) -> Maker:
    faiss = loaded()
    index = faiss.downcast_index(index)
    if isinstance(index, faiss.IndexPreTransform):
        inner = _maker(index.index)
        return lambda values, selector: faiss.SearchParametersPreTransform(index_params=inner(values, selector))
    if isinstance(index, faiss.IndexRefine):
        base = _maker(index.base_index)
        return lambda values, selector: faiss.IndexRefineSearchParameters(
            k_factor=float(values["k_factor"]), base_index_params=base(values, selector)
        )
    made, defaults = _of_kind(index)
    names = tuple(name for name in settable(index) if name not in {"k_factor", "quantizer_efSearch"})
    graph = "quantizer_efSearch" in settable(index)

    def make(values: Mapping[str, float], selector: Any) -> Any:
        given = defaults | {name: values[name] for name in names if name in values}
        if selector is not None:
            given["sel"] = selector
        if graph and "quantizer_efSearch" in values:
            given["quantizer_params"] = faiss.SearchParametersHNSW(efSearch=values["quantizer_efSearch"])
        return made(**given) if given else None

    return make


def _of_kind(index: Any) -> tuple[Any, dict[str, Any]]:  # noqa: PLR0911 -- a line for each kind
    """The class of an index's search parameters, and what they are where nothing is said."""
    faiss = loaded()
    if _is(index, "IndexIVFRaBitQ"):
        return faiss.IVFRaBitQSearchParameters, {"nprobe": index.nprobe, "qb": index.qb}
    if _is(index, "IndexIVFPQ"):
        return faiss.IVFPQSearchParameters, {"nprobe": index.nprobe}
    if isinstance(index, faiss.IndexIVF):
        return faiss.SearchParametersIVF, {"nprobe": index.nprobe}
    if isinstance(index, faiss.IndexHNSW):
        return faiss.SearchParametersHNSW, {"efSearch": index.hnsw.efSearch}
    if _is(index, "IndexRaBitQ"):
        return faiss.RaBitQSearchParameters, {"qb": index.qb}
    if _is(index, "IndexPQ"):
        return faiss.SearchParametersPQ, {"search_type": faiss.IndexPQ.ST_PQ}
    return faiss.SearchParameters, {}


def _is(index: Any, kind: str) -> bool:
    faiss = loaded()

    return hasattr(faiss, kind) and isinstance(index, getattr(faiss, kind))


def _said(error: RuntimeError) -> str:
    """What FAISS says, without the place in its source."""
    line = str(error).strip().splitlines()[-1]
    return line.rsplit("Error: ", 1)[-1].removeprefix("'").strip()[:120]
