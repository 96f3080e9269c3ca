"""The models that people choose among, as data: what each is, costs, sees, reads and has been measured at.

Sizes, licences and dimensions are those of the models' pages on the Hugging Face Hub, as of 2026; of exports, four
bytes for each of the parameters that OpenCLIP counts (mlfoundations/open_clip, ``docs/model_profile.csv``). Where the
page states no licence, it is that of the repository the weights were published through. What is not known is None.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from ilk.encoders.base import Modality

Runtime: TypeAlias = Literal["onnx", "torch"]
"""What opens a model: ``onnx`` comes with ilk, ``torch`` with ``ilk[torch]``."""

MANY_LANGUAGES = "mul"
"""ISO 639-2: more languages than are worth listing."""


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


_MB, _GB = 1_000_000, 1_000_000_000
_BOTH: frozenset[Modality] = frozenset({"image", "text"})
_SEES: frozenset[Modality] = frozenset({"image"})
_READS: frozenset[Modality] = frozenset({"text"})

_OPENCLIP = "OpenCLIP, docs/openclip_retrieval_results.csv"


def _measured(
    coco: tuple[float, float, float], flickr30k: tuple[float, float, float], imagenet: float | None = None
) -> Scores:
    """OpenCLIP's measurements, at 1, 5 and 10."""
    return Scores(
        source=_OPENCLIP,
        coco=Recall(at_1=coco[0], at_5=coco[1], at_10=coco[2]),
        flickr30k=Recall(at_1=flickr30k[0], at_5=flickr30k[1], at_10=flickr30k[2]),
        imagenet=imagenet,
    )


_CLIP_B32 = _measured((30.4, 55.9, 66.9), (58.8, 83.6, 90.0), 63.3)
_CLIP_B16 = _measured((33.1, 58.4, 69.0), (62.2, 85.7, 91.9), 68.3)
_CLIP_L14 = _measured((36.5, 61.1, 71.1), (65.0, 87.2, 92.0), 75.5)
_CLIP_L14_336 = _measured((37.1, 61.6, 71.5), (66.9, 89.0, 93.3))
_CLIP_RN50 = _measured((28.5, 52.9, 64.6), (57.4, 83.2, 90.0))
_LAION_B32 = _measured((39.3, 65.4, 75.6), (66.8, 88.4, 93.1))
_METACLIP_B32 = _measured((35.9, 61.8, 72.1), (62.3, 85.6, 91.5))
_SIGLIP_B16 = _measured((47.8, 72.4, 81.0), (74.7, 92.3, 95.6), 76.0)
_SIGLIP_2_B16 = Scores(source="Tschannen et al. 2025 (SigLIP 2), table 1", coco=Recall(at_1=52.1), imagenet=78.2)

_OPENAI_SOURCE = "OpenAI (Radford et al. 2021)"
_SIGLIP_SOURCE = "Google (Zhai et al. 2023)"
_SIGLIP_2_SOURCE = "Google (Tschannen et al. 2025)"


def _clip(name: str, size_bytes: int, dimension: int, summary: str, scores: Scores) -> ModelCard:
    return ModelCard(
        name=name,
        summary=summary,
        source=_OPENAI_SOURCE,
        licence="MIT",
        size_bytes=size_bytes,
        dimension=dimension,
        modalities=_BOTH,
        languages=("en",),
        image_size=224,
        runtime="torch",
        scores=scores,
    )


def _sees(name: str, size_bytes: int, dimension: int, source: str, summary: str) -> ModelCard:
    return ModelCard(
        name=name,
        summary=summary,
        source=source,
        licence="Apache-2.0",
        size_bytes=size_bytes,
        dimension=dimension,
        modalities=_SEES,
        languages=(),
        image_size=224,
        runtime="torch",
    )


def _export(name: str, weights: ModelCard, by: str) -> ModelCard:
    """The same weights as ONNX files, which need no PyTorch."""
    return ModelCard(
        name=name,
        summary=f"The weights of {weights.name} for ONNX Runtime.",
        source=f"{weights.source}, exported by {by}",
        licence=weights.licence,
        size_bytes=weights.size_bytes,
        dimension=weights.dimension,
        modalities=weights.modalities,
        languages=weights.languages,
        image_size=weights.image_size,
        weights=weights.name,
        scores=weights.scores,
    )


POCKET = ModelCard(
    name="pocket",
    summary="Small and built in: works offline in the first minute. For real use name a larger model.",
    source="trained by this project (training/)",
    licence="Apache-2.0",
    size_bytes=0,
    dimension=256,
    modalities=_BOTH,
    languages=("en",),
    image_size=96,
    scores=Scores(source="docs/pocket-eval.json", flickr8k=Recall(at_1=11.6, at_5=32.2, at_10=45.0)),
)

_CLIP_B32_CARD = _clip("openai/clip-vit-base-patch32", 605 * _MB, 512, "The CLIP most programs start from.", _CLIP_B32)
_CLIP_B16_CARD = _clip(
    "openai/clip-vit-base-patch16", 599 * _MB, 512, "Sees finer than patch32, at a third of its speed.", _CLIP_B16
)
_CLIP_L14_CARD = _clip("openai/clip-vit-large-patch14", 1_710 * _MB, 768, "The large CLIP.", _CLIP_L14)
_CLIP_L14_336_CARD = replace(
    _CLIP_L14_CARD,
    name="openai/clip-vit-large-patch14-336",
    summary="The large CLIP, for larger pictures.",
    image_size=336,
    scores=_CLIP_L14_336,
)
_SIGLIP_CARD = ModelCard(
    name="google/siglip-base-patch16-224",
    summary="Finds far better than CLIP of its size.",
    source=_SIGLIP_SOURCE,
    licence="Apache-2.0",
    size_bytes=813 * _MB,
    dimension=768,
    modalities=_BOTH,
    languages=("en",),
    image_size=224,
    runtime="torch",
    scores=_SIGLIP_B16,
)
_SIGLIP_2_CARD = ModelCard(
    name="google/siglip2-base-patch16-224",
    summary="Better still, and reads many languages.",
    source=_SIGLIP_2_SOURCE,
    licence="Apache-2.0",
    size_bytes=1_500 * _MB,
    dimension=768,
    modalities=_BOTH,
    languages=(MANY_LANGUAGES,),
    image_size=224,
    runtime="torch",
    scores=_SIGLIP_2_B16,
)
_CHINESE_CARD = ModelCard(
    name="OFA-Sys/chinese-clip-vit-base-patch16",
    summary="CLIP that reads Chinese.",
    source="Alibaba DAMO (Yang et al. 2022)",
    licence="MIT",
    size_bytes=753 * _MB,
    dimension=512,
    modalities=_BOTH,
    languages=("zh",),
    image_size=224,
    runtime="torch",
)
_LAION_CARD = ModelCard(
    name="laion/CLIP-ViT-B-32-laion2B-s34B-b79K",
    summary="CLIP of the small shape, trained on two billion public pictures.",
    source="LAION (Schuhmann et al. 2022)",
    licence="MIT",
    size_bytes=605 * _MB,
    dimension=512,
    modalities=_BOTH,
    languages=("en",),
    image_size=224,
    runtime="torch",
    scores=_LAION_B32,
)

_TRANSFORMERS_JS = "Xenova for transformers.js"
_IMMICH = "Immich"

CARDS: tuple[ModelCard, ...] = (
    POCKET,
    # pictures and words, in what comes with ilk
    _export("Xenova/clip-vit-base-patch32", _CLIP_B32_CARD, _TRANSFORMERS_JS),
    _export("Xenova/clip-vit-base-patch16", _CLIP_B16_CARD, _TRANSFORMERS_JS),
    _export("Xenova/clip-vit-large-patch14", _CLIP_L14_CARD, _TRANSFORMERS_JS),
    _export("Xenova/clip-vit-large-patch14-336", _CLIP_L14_336_CARD, _TRANSFORMERS_JS),
    _export("Xenova/siglip-base-patch16-224", _SIGLIP_CARD, _TRANSFORMERS_JS),
    _export("immich-app/ViT-B-32__openai", _CLIP_B32_CARD, _IMMICH),
    _export("immich-app/ViT-B-32__laion2b-s34b-b79k", _LAION_CARD, _IMMICH),
    _export("immich-app/ViT-B-16-SigLIP__webli", _SIGLIP_CARD, _IMMICH),
    _export("immich-app/ViT-B-16-SigLIP2__webli", _SIGLIP_2_CARD, _IMMICH),
    ModelCard(
        name="immich-app/RN50__openai",
        summary="OpenAI's CLIP with a convolutional network for eyes.",
        source=f"{_OPENAI_SOURCE}, exported by {_IMMICH}",
        licence="MIT",
        size_bytes=408 * _MB,
        dimension=1024,
        modalities=_BOTH,
        languages=("en",),
        image_size=224,
        scores=_CLIP_RN50,
    ),
    # pictures and words, with ilk[torch]
    _CLIP_B32_CARD,
    _CLIP_B16_CARD,
    _CLIP_L14_CARD,
    _CLIP_L14_336_CARD,
    _LAION_CARD,
    ModelCard(
        name="facebook/metaclip-b32-400m",
        summary="CLIP of the small shape on curated pictures; not for commerce.",
        source="Meta (Xu et al. 2023)",
        licence="CC-BY-NC-4.0",
        size_bytes=605 * _MB,
        dimension=512,
        modalities=_BOTH,
        languages=("en",),
        image_size=224,
        runtime="torch",
        scores=_METACLIP_B32,
    ),
    _SIGLIP_CARD,
    _SIGLIP_2_CARD,
    _CHINESE_CARD,
    # pictures alone, with ilk[torch]
    _sees("facebook/dinov2-small", 88 * _MB, 384, "Meta (Oquab et al. 2023)", "Finds pictures that look alike."),
    _sees(
        "facebook/dinov2-base", 346 * _MB, 768, "Meta (Oquab et al. 2023)", "Finds pictures that look alike, better."
    ),
    _sees("google/vit-base-patch16-224-in21k", 346 * _MB, 768, "Google (Dosovitskiy et al. 2020)", "A plain ViT."),
    _sees("nateraw/vit-base-beans", 343 * _MB, 768, "Nate Raw", "A ViT that tells diseases of bean leaves apart."),
    _sees("microsoft/swin-tiny-patch4-window7-224", 113 * _MB, 768, "Microsoft (Liu et al. 2021)", "A small Swin."),
    _sees("facebook/convnext-tiny-224", 114 * _MB, 768, "Meta (Liu et al. 2022)", "A small ConvNeXt."),
    _sees("facebook/regnet-y-040", 83 * _MB, 1088, "Meta (Radosavovic et al. 2020)", "A small RegNet."),
    # words alone
    ModelCard(
        name="sentence-transformers/all-MiniLM-L6-v2",
        summary="Compares captions with each other; it sees no pictures.",
        source="sentence-transformers (Reimers and Gurevych 2019)",
        licence="Apache-2.0",
        size_bytes=91 * _MB,
        dimension=384,
        modalities=_READS,
        languages=("en",),
    ),
)

OPENAI_NAMES = MappingProxyType(
    {
        "ViT-B/32": "openai/clip-vit-base-patch32",
        "ViT-B/16": "openai/clip-vit-base-patch16",
        "ViT-L/14": "openai/clip-vit-large-patch14",
        "ViT-L/14@336px": "openai/clip-vit-large-patch14-336",
        # OpenAI put its ResNets on no hub, and transformers has no such model: these are OpenCLIP's, as ONNX files.
        "RN50": "immich-app/RN50__openai",
        "RN101": "immich-app/RN101__openai",
        "RN50x4": "immich-app/RN50x4__openai",
        "RN50x16": "immich-app/RN50x16__openai",
        "RN50x64": "immich-app/RN50x64__openai",
    }
)
"""What OpenAI's package ``clip`` calls its models, and where their weights are."""

FIRST_CHOICES: MappingProxyType[Runtime, tuple[str, str]] = MappingProxyType(
    {
        "onnx": ("Xenova/clip-vit-base-patch32", "immich-app/ViT-B-16-SigLIP__webli"),
        "torch": ("openai/clip-vit-base-patch32", "google/siglip-base-patch16-224"),
    }
)
"""What to suggest to somebody who has not chosen, by the best runtime that is installed: a quick one, a good one."""


def card_of(name: str) -> ModelCard | None:
    """The card of the model of this name, if it has one."""
    return next((card for card in CARDS if card.name == name), None)


def export_of(name: str) -> ModelCard | None:
    """The card of an ONNX export with the weights of this checkpoint, if one is known."""
    return next((card for card in CARDS if card.weights == name), None)


def size_text(size_bytes: int) -> str:
    """A size as people write it, in powers of ten as disks and the Hub count.

    >>> size_text(605_000_000), size_text(1_710_000_000), size_text(12_000), size_text(0)
    ('605 MB', '1.7 GB', '12 kB', '0 kB')
    """
    if size_bytes >= _GB:
        return f"{size_bytes / _GB:.1f} GB"
    return f"{size_bytes / _MB:.0f} MB" if size_bytes >= _MB else f"{size_bytes / 1000:.0f} kB"
