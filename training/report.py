"""All measurements of the model card in one go."""

from __future__ import annotations

import datetime as dt
import platform
from pathlib import Path
from typing import Any

from training.evaluation import (
    measure_copies,
    measure_invariance,
    measure_kinds,
    measure_labels,
    measure_retrieval,
)
from training.manifest import Picture, read_manifest
from training.settings import Settings
from training.shipped import ShippedModel, open_picture
from training.speed import measure_speed


def measure_everything(folder: Path, data: Path) -> dict[str, Any]:
    """Measure quality, sameness, speed and size of the shipped files.

    Parameters
    ----------
    folder
        Of the shipped files.
    data
        Folder of the sources.

    Returns
    -------
    dict
        Ready for JSON; percent unless the name says otherwise.
    """
    model = ShippedModel(folder)
    manifest = read_manifest(data, Settings().splits)

    def test(source: str) -> list[Picture]:
        return [p for p in manifest if p.source == source and p.split == "test"]

    flickr = test("flickr8k_train")
    samples = [open_picture((data / p.name).read_bytes()) for p in flickr[:16]]
    return {
        **machine(),
        "flickr8k": measure_retrieval(model, data, flickr),
        "openstax": measure_retrieval(model, data, test("openstax")),
        "coco_free": measure_retrieval(model, data, test("coco_free")),
        "clothing": measure_labels(model, data, test("clothing_train")),
        "grocery": measure_labels(model, data, test("grocery_train")),
        "grocery_kinds": measure_kinds(model, data, test("grocery_train")),
        "copies": measure_copies(model, data, flickr),
        "largest_difference_by_batch": measure_invariance(model, samples, [c for p in flickr[:8] for c in p.captions]),
        "speed": measure_speed(folder),
    }


def machine() -> dict[str, str]:
    """Say when and on what something is measured.

    Returns
    -------
    dict
        ``date`` and ``machine``.
    """
    return {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": f"{_processor()}, Python {platform.python_version()}",
    }


def _processor() -> str:
    table = Path("/proc/cpuinfo")
    lines = table.read_text(encoding="utf-8").splitlines() if table.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{len(names)} cores, {names[0]}" if names else platform.processor()
