"""Every setting of the training in one place.

A run is described by one frozen ``Settings``; nothing else in ``training`` holds a number that could
be tuned. ``tiny()`` is the same program in miniature, for the tests.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Splits:
    """How many pictures of each source are kept out, chosen by a hash of their names.

    ``test`` pictures are measured once at the end; ``choose`` pictures pick the epoch to keep.
    """

    test: dict[str, int] = field(
        default_factory=lambda: {
            "flickr8k_train": 1000,
            "clothing_train": 600,
            "grocery_train": 530,
            "openstax": 150,
            "coco_free": 50,
        }
    )
    choose: dict[str, int] = field(default_factory=lambda: {"flickr8k_train": 500, "clothing_train": 200})


@dataclass(frozen=True, kw_only=True)
class TeacherViews:
    """How many views of each training picture the teacher looks at, beside its table.

    Captioned photographs have most, since they are few; Tiny ImageNet has none, since 64 pixels have no windows.
    Of all these in random order the teacher looks at the first ``most``.
    """

    per_source: dict[str, int] = field(
        default_factory=lambda: {
            "flickr8k_train": 8,
            "openstax": 6,
            "openstax_american_government": 6,
            "openstax_astronomy": 6,
            "openstax_business": 6,
            "openstax_psychology": 6,
            "clothing_train": 6,
            "grocery_train": 3,
            "grocery_iconic": 3,
            "sports22": 1,
            "imagenette": 1,
            "intel_scenes": 1,
            "houses": 1,
            "weather": 1,
            "nips17_imagenet": 2,
            "scene15": 1,
            "recipes": 2,
        }
    )
    most: int = 98304
    smallest: float = 0.35
    mixed: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Drawings:
    """How many scenes are painted, and at which size."""

    count: int = 3000
    px: int = 144


@dataclass(frozen=True, kw_only=True)
class Text:
    """The text tower, and how it is trained on the teacher's features."""

    words: int = 6000
    length: int = 48
    width: int = 256
    depth: int = 2
    dropout: float = 0.25
    word_dropout: float = 0.15
    broken: float = 0.1
    broken_merges: float = 0.3
    bare: float = 0.4
    noise: float = 0.3
    view_share: float = 0.6
    agreement: float = 0.25
    batch: int = 512
    pairs: int = 27648
    epochs: int = 8
    decay: float = 0.7
    keep: float = 0.995
    muon_lr: float = 0.01
    adam_lr: float = 2e-3
    weight_decay: float = 0.05
    weights: dict[str, float] = field(
        default_factory=lambda: {
            "flickr8k_train": 0.66,
            "openstax": 0.05,
            "openstax_american_government": 0.01,
            "openstax_astronomy": 0.02,
            "openstax_business": 0.01,
            "openstax_psychology": 0.01,
            "clothing_train": 0.04,
            "grocery_train": 0.04,
            "grocery_iconic": 0.005,
            "drawn": 0.03,
            "": 0.125,
        }
    )


@dataclass(frozen=True, kw_only=True)
class Phase:
    """Some epochs at one size.

    ``taught`` is the share of views that the teacher has looked at; the other views are windows of at least
    ``smallest`` of the area, with the teacher's word on the whole file. Of those, ``mixed`` are mixtures of two
    pictures, with a mixture of the teacher's words.
    """

    px: int
    epochs: int
    taught: float = 0.0
    smallest: float = 0.6
    mixed: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Picture:
    """The picture tower, and how the teacher teaches it."""

    widths: tuple[int, ...] = (64, 128, 288)
    depths: tuple[int, ...] = (1, 3, 2)
    head: int = 1024
    phases: tuple[Phase, ...] = (Phase(px=64, epochs=4),)
    samples: int = 32768
    batch: int = 256
    warm: float = 0.01
    decay: float = 0.0
    keep: float = 0.998
    tint: float = 0.15
    muon_lr: float = 0.02
    adam_lr: float = 2e-3
    weight_decay: float = 0.05
    weights: dict[str, float] = field(
        default_factory=lambda: {
            "flickr8k_train": 0.27,
            "tiny_imagenet": 0.28,
            "fashion": 0.05,
            "drawn": 0.03,
            "": 0.37,
        }
    )


@dataclass(frozen=True, kw_only=True)
class Joint:
    """Both towers together."""

    phases: tuple[Phase, ...] = (
        Phase(px=64, epochs=22, taught=0.2, smallest=0.5),
        Phase(px=64, epochs=15, taught=0.3, smallest=0.4, mixed=0.3),
    )
    samples: int = 32768
    batch: int = 256
    warm: float = 0.02
    decay: float = 0.0
    keep: float = 0.998
    muon_lr: float = 0.02
    adam_lr: float = 2e-3
    text_lr: float = 5e-5
    weight_decay: float = 0.05
    features_weight: float = 1.0
    embedding_weight: float = 1.0
    captions_weight: float = 0.2
    labels_weight: float = 0.3
    teacher_weight: float = 0.1
    weights: dict[str, float] = field(
        default_factory=lambda: {
            "flickr8k_train": 0.33,
            "openstax": 0.03,
            "clothing_train": 0.1,
            "grocery_train": 0.05,
            "tiny_imagenet": 0.2,
            "fashion": 0.05,
            "drawn": 0.02,
            "": 0.22,
        }
    )


@dataclass(frozen=True, kw_only=True)
class Export:
    """What is shipped.

    ``measured`` training pictures say how far the numbers in the picture tower reach. The text tower is computed in
    float32, and its weights are kept in this ``storage``.
    """

    version: str = "1"
    px: int = 96
    storage: Literal["float32", "float16", "int8"] = "int8"
    measured: int = 2048


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The whole recipe."""

    seed: int = 20
    threads: int = 2
    dimension: int = 256
    teacher_width: int = 256
    store_px: int = 144
    small_px: int = 64
    small_sources: tuple[str, ...] = ("tiny_imagenet",)
    splits: Splits = field(default_factory=Splits)
    teacher_views: TeacherViews = field(default_factory=TeacherViews)
    drawings: Drawings = field(default_factory=Drawings)
    text: Text = field(default_factory=Text)
    picture: Picture = field(default_factory=Picture)
    joint: Joint = field(default_factory=Joint)
    settle: Joint = field(
        default_factory=lambda: Joint(
            phases=(Phase(px=80, epochs=8, taught=0.3, smallest=0.5, mixed=0.25),),
            decay=1.0,
            keep=0.99,
            muon_lr=0.015,
            adam_lr=1.5e-3,
            text_lr=5e-5,
            embedding_weight=2.0,
        )
    )
    export: Export = field(default_factory=Export)


def tiny() -> Settings:
    """Return the settings of a run that ends in seconds.

    Returns
    -------
    Settings
        The same recipe over fewer, smaller things.
    """
    return replace(Settings(), dimension=16, teacher_width=16, store_px=24, small_px=16)
