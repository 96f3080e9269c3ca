"""What is said of pictures, renewed without reading them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ilk.sources.base import Entry
from ilk.stores.base import Description, Known, Writer


def describe(block: Sequence[Entry], known: Mapping[str, Known], writer: Writer, kind: str) -> frozenset[str]:
    """Renew the captions and metadata of those whose pictures are as they were; their ids.

    Parameters
    ----------
    block
        What the source lists, of which no id comes twice.
    known
        What the store knows of them.
    writer
        Renews them, in one transaction.
    kind
        The source's.
    """
    renewed = list[Description]()
    for entry in block:
        before, said = known.get(entry.id), entry.said
        if before is None or said is None or not before.encoded or before.stamp == entry.stamp:
            continue
        if entry.is_of_same_picture(before.stamp):
            renewed.append(
                Description(
                    id=entry.id,
                    uri=entry.uri,
                    source=kind,
                    stamp=entry.stamp,
                    captions=said.captions,
                    metadata=said.metadata,
                )
            )
    return writer.describe(renewed) if renewed else frozenset()
