"""The rotation before product codes, in closed form.

A product code spends as many bits on each part of a vector, so it is best when each part varies as much, and within a
part few directions carry it. ``OPQ`` in a factory string stands for a rotation that sees to that. FAISS looks for it
step by step, minutes at 512 numbers; this is the solution for normally distributed vectors (Ge, He, Ke and Sun 2013,
"Optimized Product Quantization", section 3.2): the directions of principal components, shared out so that the products
of their variances are alike. Below an inverted file it is what is left of the vectors after their lists that is coded,
so that is what is looked at here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ilk.stores.local.kinds import loaded

Rows = npt.NDArray[np.float32]

LOOKED_AT = 32_768
"""Vectors whose variances decide."""

LEAST_VARIANCE = 1e-12
"""Of the greatest: with less, a direction is as good as empty."""


def turn(made: Any, rows: Rows) -> None:
    """Train the rotation of an index that begins with one, and the lists behind it; nothing with any other.

    Parameters
    ----------
    made
        As FAISS's factory made it. What else it has to learn is left to FAISS.
    rows
        To train with, (n, d).

    Notes
    -----
    Cost: k-means for the lists, which FAISS then need not do, and the eigenvectors of a matrix of d times d.
    """
    faiss = loaded()
    if not isinstance(made, faiss.IndexPreTransform) or made.chain.size() != 1:
        return
    matrix = faiss.downcast_VectorTransform(made.chain.at(0))
    if not isinstance(matrix, faiss.OPQMatrix):
        return
    inner = faiss.downcast_index(made.index)
    left, found = rows[:LOOKED_AT], None
    if isinstance(inner, faiss.IndexIVF) and inner.quantizer.is_trained:  # a plain one, or a graph
        found = centres(inner, rows)
        finder = faiss.IndexFlat(rows.shape[1], inner.metric_type)
        finder.add(found)
        left = left - found[finder.assign(left, 1)[:, 0]]
    axes = shared_out(left, matrix.d_out, matrix.M)
    faiss.copy_array_to_vector(axes.ravel(), matrix.A)
    matrix.is_trained = True
    matrix.is_orthonormal = True
    if found is not None:
        inner.quantizer.add(np.ascontiguousarray(found @ axes.T))


def shared_out(rows: Rows, directions: int, parts: int) -> Rows:
    """The first principal components of some vectors, (directions, d), in an order that balances parts of them.

    Each direction, from the one that varies most on, goes to the part with the least product of variances that has
    room.
    """
    wide = rows - rows.mean(axis=0)
    variances, vectors = np.linalg.eigh((wide.T @ wide / max(1, len(rows))).astype(np.float64))
    variances, vectors = variances[::-1][:directions], vectors[:, ::-1][:, :directions]
    logarithms = np.log(np.maximum(variances, max(float(variances[0]), 1e-30) * LEAST_VARIANCE))
    logarithms -= logarithms.min()  # so that whatever is added makes a product greater
    size = directions // parts
    members: list[list[int]] = [[] for _ in range(parts)]
    products = np.zeros(parts)
    for direction, logarithm in enumerate(logarithms.tolist()):
        part = int(np.argmin(products))
        members[part].append(direction)
        products[part] += logarithm
        if len(members[part]) == size:
            products[part] = np.inf
    return np.ascontiguousarray(vectors[:, [each for part in members for each in part]].T, np.float32)


def centres(inner: Any, rows: Rows) -> Rows:
    """Where the lists of an inverted file are, (lists, d), as FAISS would have them: by k-means."""
    faiss = loaded()
    clustering = faiss.Clustering(rows.shape[1], inner.nlist, inner.cp)
    clustering.train(rows, faiss.IndexFlat(rows.shape[1], inner.metric_type))
    found: Rows = faiss.vector_to_array(clustering.centroids).reshape(inner.nlist, rows.shape[1])
    return found
