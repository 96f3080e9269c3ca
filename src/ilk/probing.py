"""Texts such as people search for, as vectors, so that an index can be tuned to them.

A query in words lies elsewhere than pictures do (Liang et al. 2022), and an index that is set by pictures alone may
miss what it should find. Captions of the gallery are the best guess at what its people will ask; where it has few,
phrases stand in.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from ilk.errors import IlkError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ilk.encoders.base import Encoder
    from ilk.records import Space
    from ilk.stores.base import Store, Writer

PROBES = 96
"""Texts, at most: enough to tell a recall to a hundredth, and encoded in a second."""

LOOKED_AT = 20_000
"""Items whose captions are drawn from."""

PAGE = 512

PHRASES = (
    "a dog",
    "two children on a beach",
    "sunset over the sea",
    "birthday cake with candles",
    "a red car",
    "snow on the mountains",
    "people at a table",
    "a cat asleep on a sofa",
    "wedding",
    "a plate of food",
    "city street at night",
    "flowers in a vase",
    "a man with a beard",
    "football match",
    "an old church",
    "a screenshot of a chart",
    "a boat on a lake",
    "portrait of a woman smiling",
    "a bicycle against a wall",
    "forest in autumn",
    "a handwritten note",
    "aeroplane in the sky",
    "kitchen",
    "a horse in a field",
    "crowd at a concert",
    "black and white photograph",
    "a child playing with a ball",
    "bridge over a river",
    "a cup of coffee",
    "a map",
    "swimming pool",
    "a bird on a branch",
)


def give_probes(store: Store, writer: Writer, space: Space, open_encoder: Callable[[], Encoder]) -> None:
    """Give a space probes if its index is to be measured and it has none.

    Where its model cannot be had or reads no words, there are none, and the index is measured with pictures alone.

    Parameters
    ----------
    open_encoder
        Opens the model of the space; called only where it is needed.
    """
    if "text" not in space.modalities or not writer.wants_probes(space):
        return
    captions = list(_captions(store))
    apart = max(1, len(captions) // PROBES)
    texts = captions[::apart][:PROBES]
    if len(texts) < PROBES:
        texts += PHRASES[: PROBES - len(texts)]
    try:
        vectors = open_encoder().encode_texts(texts, normalise=space.normalised)
    except IlkError:
        return
    writer.give_probes(space, vectors)


def _captions(store: Store) -> Iterator[str]:
    """Different captions of the first items."""
    seen = set[str]()
    ids = islice(store.ids(), LOOKED_AT)
    while page := list(islice(ids, PAGE)):
        for item in store.fetch(page).values():
            if item.captions and item.captions[0].strip() and item.captions[0] not in seen:
                seen.add(item.captions[0])
                yield item.captions[0]
