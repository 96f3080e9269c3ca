"""The models that people choose among, as data: what each is, costs, sees, reads and has been measured at.

Sizes, licences and dimensions are those of the models' pages on the Hugging Face Hub, as of 2026; of exports, four
bytes for each of the parameters that OpenCLIP counts (mlfoundations/open_clip, ``docs/model_profile.csv``). Where the
page states no licence, it is that of the repository the weights were published through. What is not known is None.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from ilk.encoders.base import Modality
from ilk.encoders.card import MANY_LANGUAGES, MB, ModelCard, Recall, Runtime, Scores

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
    scores=Scores(source="docs/pocket-eval.json", flickr8k=Recall(at_1=11.9, at_5=31.9, at_10=45.3)),
)

_CLIP_B32_CARD = _clip("openai/clip-vit-base-patch32", 605 * MB, 512, "The CLIP most programs start from.", _CLIP_B32)
_CLIP_B16_CARD = _clip(
    "openai/clip-vit-base-patch16", 599 * MB, 512, "Sees finer than patch32, at a third of its speed.", _CLIP_B16
)
_CLIP_L14_CARD = _clip("openai/clip-vit-large-patch14", 1_710 * MB, 768, "The large CLIP.", _CLIP_L14)
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
    size_bytes=813 * MB,
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
    size_bytes=1_500 * MB,
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
    size_bytes=753 * MB,
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
    size_bytes=605 * MB,
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
        size_bytes=408 * MB,
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
        size_bytes=605 * MB,
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
    _sees("facebook/dinov2-small", 88 * MB, 384, "Meta (Oquab et al. 2023)", "Finds pictures that look alike."),
    _sees("facebook/dinov2-base", 346 * MB, 768, "Meta (Oquab et al. 2023)", "Finds pictures that look alike, better."),
    _sees("google/vit-base-patch16-224-in21k", 346 * MB, 768, "Google (Dosovitskiy et al. 2020)", "A plain ViT."),
    _sees("nateraw/vit-base-beans", 343 * MB, 768, "Nate Raw", "A ViT that tells diseases of bean leaves apart."),
    _sees("microsoft/swin-tiny-patch4-window7-224", 113 * MB, 768, "Microsoft (Liu et al. 2021)", "A small Swin."),
    _sees("facebook/convnext-tiny-224", 114 * MB, 768, "Meta (Liu et al. 2022)", "A small ConvNeXt."),
    _sees("facebook/regnet-y-040", 83 * MB, 1088, "Meta (Radosavovic et al. 2020)", "A small RegNet."),
    # words alone
    ModelCard(
        name="sentence-transformers/all-MiniLM-L6-v2",
        summary="Compares captions with each other; it sees no pictures.",
        source="sentence-transformers (Reimers and Gurevych 2019)",
        licence="Apache-2.0",
        size_bytes=91 * MB,
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
