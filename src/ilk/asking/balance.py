"""How much each term of a sum counts, so that a picture does not drown a word.

Pictures are much nearer to pictures than words are, and some words tell pictures apart better than others: of two terms
that are simply added, the one whose similarities vary more decides the order of the hits alone. How much they vary is
measured on the gallery, and each term is divided by it. What is the same for all pictures, such as the gap between what
is said and what is seen (Liang et al., Mind the Gap, 2022), adds the same to each and changes no order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ilk.errors import QueryError
from ilk.multiplication import products
from ilk.query import Query, Term

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLE = 1024
"""Vectors of the gallery that spreads are measured on."""

STEADY = 16
"""The spread that all terms of a query have in common counts as much as so many vectors of the gallery."""

LEAST_SPREAD = 0.01
"""Of the largest in a query: what tells nothing apart is not made to by counting a thousandfold."""

TAKEN_AWAY = 0.75
"""What a term that is taken away counts, beside one that is added. With all of it, less of what was asked for is left
among the hits; with half of it, more of what was not (`benchmarks/composed.py`)."""

BESIDE_A_PICTURE = 1.5
"""What words that are added count beside a picture: it shows many things, and they mean one. Measured likewise."""

LONGEST_SENTENCE = 200
"""Characters up to which texts are also read together."""


def refuse_unanswerable(query: Query) -> None:
    """Refuse a query that only says what is not wanted.

    Raises
    ------
    QueryError
        If every term is taken away.
    """
    if all(term.weight < 0 for term in query.terms):
        raise QueryError(
            f'Every term of {query} is taken away, and nothing is asked for: add what to look for, such as "a photo".'
        )


def sentence(terms: Sequence[Term]) -> str | None:
    """The texts that are added, as one; None if there are not several.

    Models learnt from whole captions: what two things look like together they know from the sentence better than from
    the sum.
    """
    texts = [str(term.value) for term in terms if term.kind == "text" and term.weight > 0]
    together = " and ".join(texts)
    return together if len(texts) > 1 and len(together) <= LONGEST_SENTENCE else None


def combined(
    query: Query,
    rows: npt.NDArray[np.float32],
    together: npt.NDArray[np.float32] | None,
    sample: Callable[[], npt.NDArray[np.float32]],
) -> npt.NDArray[np.float32]:
    """The unit vector of shape (d,) that a query asks with.

    Parameters
    ----------
    rows
        Unit vectors of its terms, of shape (t, d).
    together
        That of `sentence`; counts as much as all its texts would if each had the weight of the least.
    sample
        Gives vectors of the gallery, of shape (m, d).

    Raises
    ------
    QueryError
        If its terms cancel out.
    """
    weights = np.array([term.weight for term in query.terms], np.float64)
    if len(weights) == 1:
        return np.asarray(rows[0], np.float32)
    if np.linalg.norm(weights @ rows) < 1e-6 * np.abs(weights).max():  # well above what rounding leaves of nothing
        raise QueryError(f"The terms of {query} cancel out: nothing is left to search for.")
    added = np.array([term.kind == "text" and term.weight > 0 for term in query.terms])
    weights = np.where(weights < 0, TAKEN_AWAY * weights, weights)
    if any(term.kind in {"image", "item"} for term in query.terms):
        weights = np.where(added, BESIDE_A_PICTURE * weights, weights)
    if together is not None:
        rows = np.vstack([rows, together])
        weights = np.append(weights, added.sum() * weights[added].min())
    summed = (weights / spreads(rows, sample())) @ rows
    return np.asarray(summed / np.linalg.norm(summed), np.float32)


def spreads(rows: npt.NDArray[np.float32], sample: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """How much the similarities of each of t unit rows with the gallery vary: standard deviations, of shape (t,).

    Where the sample is small, they are drawn towards their geometric mean; where nothing varies, all are 1.
    """
    m = len(sample)
    measured = products(rows, sample).std(axis=1, dtype=np.float64) if m else np.zeros(len(rows))
    if measured.max() < 1e-6:  # noqa: PLR2004 -- less than the rounding of stored vectors
        return np.ones(len(rows))
    measured = np.maximum(measured, LEAST_SPREAD * measured.max())
    common = float(np.log(measured).mean())
    return np.asarray(np.exp((m * np.log(measured) + STEADY * common) / (m + STEADY)), np.float64)
