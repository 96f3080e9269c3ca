"""What to know of a model before choosing it, and sizes as people write them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from ilk.encoders.base import Modality

Runtime: TypeAlias = Literal["onnx", "torch"]
"""What opens a model: ``onnx`` comes with ilk, ``torch`` with ``ilk[torch]``."""

MANY_LANGUAGES = "mul"
"""ISO 639-2: more languages than are worth listing."""

MB, GB = 1_000_000, 1_000_000_000
"""Bytes, as disks and the Hub count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """How often the right picture is among the first 1, 5 and 10 for a caption, in percent; None if not published."""

    at_1: float | None = None
    at_5: float | None = None
    at_10: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """What was measured without training on the sets.

    Attributes
    ----------
    source
        Who measured.
    coco, flickr30k, flickr8k
        Finding the picture of a caption among the 5,000, 1,000 and 1,000 of each set's test part.
    imagenet
        Naming the 1,000 classes of ImageNet-1k, percent right at first.
    """

    source: str
    coco: Recall = Recall()
    flickr30k: Recall = Recall()
    flickr8k: Recall = Recall()
    imagenet: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """What to know of a model before choosing it.

    Attributes
    ----------
    name
        To give to `load_encoder`.
    summary
        One sentence.
    source
        Where it comes from.
    licence
        SPDX identifier of its weights' licence; None if none is stated.
    size_bytes
        To download; 0 for what comes inside the package, None if not known.
    dimension
        Numbers in a vector.
    modalities
        What it can encode.
    languages
        That it reads, as ISO 639 codes; ``mul`` for many.
    image_size
        Pixels of a side of what it looks at; None if it sees nothing.
    runtime
        What opens it.
    weights
        The checkpoint whose weights it has, where it is an export of one; else its own name.
    scores
        What was published of its weights.
    """

    name: str
    summary: str
    source: str
    licence: str | None
    size_bytes: int | None
    dimension: int
    modalities: frozenset[Modality]
    languages: tuple[str, ...]
    image_size: int | None = None
    runtime: Runtime = "onnx"
    weights: str = ""
    scores: Scores | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as JSON has them."""
        return {
            **asdict(self),
            "modalities": sorted(self.modalities),
            "languages": list(self.languages),
            "weights": self.weights or self.name,
        }


def size_text(size_bytes: int) -> str:
    """A size as people write it, in powers of ten as disks and the Hub count.

    >>> size_text(605_000_000), size_text(1_710_000_000), size_text(12_000), size_text(0)
    ('605 MB', '1.7 GB', '12 kB', '0 kB')
    """
    if size_bytes >= GB:
        return f"{size_bytes / GB:.1f} GB"
    return f"{size_bytes / MB:.0f} MB" if size_bytes >= MB else f"{size_bytes / 1000:.0f} kB"
