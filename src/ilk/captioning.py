"""Captions as a space of their own: what is said of the pictures, searched by meaning.

An item's vector is the average direction of its captions, or where vectors are kept as they are, their mean. Several
descriptions of one picture thus speak with one voice, and a search gives each item once.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from ilk.records import Item, Space
from ilk.stores.base import Store, Upsert, Writer

if TYPE_CHECKING:
    import numpy.typing as npt

    from ilk.encoders.base import Encoder

PAGE = 512
"""Items looked at, and written, at once."""


@dataclass(slots=True, kw_only=True)
class Captioning:
    """One run that gives every captioned item a vector of its captions. What has one is passed over.

    Attributes
    ----------
    store, writer
        Where items and vectors are.
    encoder
        What reads the captions.
    space
        Where the vectors go.
    stop
        Set it from elsewhere to stop early. What is done is kept.
    """

    store: Store
    writer: Writer
    encoder: Encoder
    space: Space
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> int:
        """Do it; how many items were given a vector."""
        done = 0
        for items in self._waiting():
            if self.stop.is_set():
                break
            texts = [item.captions for item in items]
            rows = average_texts(self.encoder, texts, normalise=self.space.normalised)
            upserts = [Upsert(item=item, vector=row) for item, row in zip(items, rows, strict=True)]
            self.writer.write(upserts, [], space=self.space)
            done += len(items)
        return done

    def _waiting(self) -> Iterator[list[Item]]:
        if not self.store.count_lacking(self.space):
            return
        ids = iter(self.store.ids())
        while page := list(islice(ids, PAGE)):
            known = self.store.lookup(page, self.space)
            lacking = [id_ for id_ in page if id_ in known and not known[id_].encoded]
            if items := [item for item in self.store.fetch(lacking).values() if item.captions]:
                yield items


def average_texts(
    encoder: Encoder, texts: Sequence[Sequence[str]], *, normalise: bool = True
) -> npt.NDArray[np.float32]:
    """One unit row (n, d) for each of n non-empty lists of texts: the direction that their vectors have together.

    Of vectors that are not normalised it is their mean.
    """
    rows = encoder.encode_texts([text for some in texts for text in some], normalise=normalise)
    starts = np.cumsum([0, *(len(some) for some in texts[:-1])])
    sums = np.add.reduceat(rows, starts, axis=0) if len(texts) else rows
    if not normalise:
        counts = np.array([len(some) for some in texts], np.float32).reshape(-1, 1)
        mean: npt.NDArray[np.float32] = (sums / counts).astype(np.float32)
        return mean
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    firsts = rows[starts] if len(texts) else rows
    # Texts that say the opposite cancel out; then the first speaks.
    unit: npt.NDArray[np.float32] = np.where(lengths > 1e-3, sums / np.maximum(lengths, 1e-3), firsts)  # noqa: PLR2004
    return unit
