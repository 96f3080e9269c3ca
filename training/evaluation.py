"""Every measurement of the shipped files, on pictures and captions that took no part in training."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from training.manifest import Picture
from training.shipped import ShippedModel, open_picture

Measured = dict[str, Any]
TEMPLATES = ("{}", "a photo of {}", "a photo of a {}")
_NEIGHBOURS = 5
_KINDS = {
    "apple": ("golden delicious", "granny smith", "pink lady", "red delicious", "royal gala"),
    "pear": ("anjou", "conference", "kaiser"),
    "melon": ("cantaloupe", "galia melon", "honeydew melon", "watermelon"),
    "juice": ("tropicana golden grapefruit", "tropicana juice smooth", "tropicana mandarin morning"),
}
_ENDINGS = (
    *("bell pepper", "tomato", "potato", "juice", "oatghurt", "soyghurt", "yoghurt"),
    *("sour cream", "sour milk", "oat milk", "soy milk", "milk"),
)


def measure_retrieval(model: ShippedModel, data: Path, pictures: Sequence[Picture]) -> Measured:
    """Measure captions to pictures and back.

    Parameters
    ----------
    model
        The shipped files.
    data
        Folder that holds the sources.
    pictures
        With captions.

    Returns
    -------
    Measured
        Recall in percent both ways; a picture is right when any of its captions is among the first ``k``.
    """
    pictures = [p for p in pictures if p.captions]
    found = model.embed_pictures(_opened(data, pictures))
    said = [(caption, row) for row, p in enumerate(pictures) for caption in p.captions]
    texts = model.embed_texts([caption for caption, _ in said])
    owner = np.array([row for _, row in said])
    similarity = texts @ found.T
    own = similarity[np.arange(len(owner)), owner]
    rank = (similarity > own[:, None]).sum(1)
    best_rank = np.array(
        [(similarity[:, row] > similarity[owner == row, row].max()).sum() for row in range(len(pictures))]
    )
    return {
        "pictures": len(pictures),
        "captions": len(said),
        "text_to_image": _recall(rank),
        "image_to_text": _recall(best_rank),
    }


def measure_labels(model: ShippedModel, data: Path, pictures: Sequence[Picture]) -> Measured:
    """Measure naming by texts, and neighbours by the picture tower alone.

    Parameters
    ----------
    model
        The shipped files.
    data
        Folder that holds the sources.
    pictures
        With labels.

    Returns
    -------
    Measured
        Top-1 with the bare label as text, with three phrasings averaged, and the share of the five nearest
        among the same pictures that bear the same label; in percent.
    """
    labels = sorted({p.label for p in pictures if p.label is not None})
    right = np.array([labels.index(str(p.label)) for p in pictures])
    found = model.embed_pictures(_opened(data, pictures))
    bare = model.embed_texts(labels)
    phrased = np.mean([model.embed_texts([t.format(label) for label in labels]) for t in TEMPLATES], axis=0)
    similarity = found @ found.T
    np.fill_diagonal(similarity, -2)
    nearest = np.argsort(-similarity, axis=1)[:, :_NEIGHBOURS]
    return {
        "pictures": len(pictures),
        "labels": len(labels),
        "zero_shot_top1": _percent((found @ bare.T).argmax(1) == right),
        "zero_shot_top1_phrased": _percent((found @ phrased.T).argmax(1) == right),
        "nearest5_same_label": _percent(right[nearest] == right[:, None]),
    }


def measure_kinds(model: ShippedModel, data: Path, pictures: Sequence[Picture]) -> Measured:
    """Measure naming of groceries where all apples count as one, all milk, all juice and so on.

    Parameters
    ----------
    model
        The shipped files.
    data
        Folder that holds the sources.
    pictures
        Of groceries, with labels.

    Returns
    -------
    Measured
        Share of pictures whose most similar fine label is of the right kind, in percent.
    """
    labels = sorted({p.label for p in pictures if p.label is not None})
    chosen = (model.embed_pictures(_opened(data, pictures)) @ model.embed_texts(labels).T).argmax(1)
    right = [kind_of(labels[c]) == kind_of(str(p.label)) for c, p in zip(chosen, pictures, strict=True)]
    return {"kinds": len({kind_of(label) for label in labels}), "zero_shot_top1": _percent(np.array(right))}


def kind_of(label: str) -> str:
    """Return the kind of a grocery, after the coarse classes of Klasson et al. 2019.

    Parameters
    ----------
    label
        Such as "royal gala".

    Returns
    -------
    str
        Such as "apple"; the label itself where it is alone of its kind.
    """
    named = next((kind for kind, labels in _KINDS.items() if label in labels), None)
    return named or next((ending for ending in _ENDINGS if ending in label), label)


def measure_copies(model: ShippedModel, data: Path, pictures: Sequence[Picture]) -> Measured:
    """Measure how often a changed copy finds its original first among all.

    Parameters
    ----------
    model
        The shipped files.
    data
        Folder that holds the sources.
    pictures
        Some 1,000.

    Returns
    -------
    Measured
        Share of originals found first, in percent, for each change.
    """
    originals = model.embed_pictures(_opened(data, pictures))
    changes: dict[str, Callable[[Image.Image], Image.Image]] = {
        "re_encoded_jpeg_60": _re_encode,
        "half_size": lambda p: p.resize((p.width // 2, p.height // 2), Image.Resampling.BICUBIC),
        "cropped_10_percent": _crop,
        "turned_by_exif": _turn_by_exif,
        "mirrored": lambda p: p.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    }
    measured: Measured = {"pictures": len(pictures)}
    for name, change in changes.items():
        copies = model.embed_pictures(change(p) for p in _opened(data, pictures))
        measured[name] = _percent((copies @ originals.T).argmax(1) == np.arange(len(pictures)))
    return measured


def measure_invariance(model: ShippedModel, pictures: list[Image.Image], texts: list[str]) -> Measured:
    """Measure by how much an embedding changes with the batch it is in.

    Parameters
    ----------
    model
        The shipped files.
    pictures, texts
        A few; the texts of different lengths.

    Returns
    -------
    Measured
        Largest difference of any number of a unit embedding, alone against in the batch.
    """
    alone = np.concatenate([model.embed_pictures([p]) for p in pictures])
    said = np.concatenate([model.embed_texts([t]) for t in texts])
    return {
        "picture": float(np.abs(alone - model.embed_pictures(pictures)).max()),
        "text": float(np.abs(said - model.embed_texts(texts)).max()),
    }


def _opened(data: Path, pictures: Sequence[Picture]) -> list[Image.Image]:
    return [open_picture((data / p.name).read_bytes()) for p in pictures]


def _re_encode(picture: Image.Image) -> Image.Image:
    return _through_file(picture, quality=60)


def _crop(picture: Image.Image) -> Image.Image:
    """Cut a tenth of the area away, evenly around."""
    edge = (1 - 0.9**0.5) / 2
    x, y = picture.width * edge, picture.height * edge
    return picture.crop((round(x), round(y), round(picture.width - x), round(picture.height - y)))


def _turn_by_exif(picture: Image.Image) -> Image.Image:
    """Store the picture lying on its side, with the note that says so."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return _through_file(picture.transpose(Image.Transpose.ROTATE_90), quality=90, exif=exif)


def _through_file(picture: Image.Image, **options: Any) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", **options)
    return open_picture(file.getvalue())


def _recall(rank: npt.NDArray[np.int64]) -> dict[str, float]:
    return {f"r@{k}": _percent(rank < k) for k in (1, 5, 10)}


def _percent(right: npt.NDArray[np.bool_]) -> float:
    return round(float(np.mean(right)) * 100, 2)
