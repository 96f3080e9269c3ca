"""The picture tower in whole numbers beside itself in float32: how far apart, and how fast, for each way to round."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import torch

from training.export import export_picture_tower
from training.manifest import read_manifest
from training.picture_stage import build_picture_tower
from training.quantised import Rounding, Scale, export_quantised_tower
from training.report import machine
from training.settings import Settings
from training.shipped import ShippedModel, open_picture, unit
from training.towers import PictureTower

_BATCH = 8
_ROUNDS = 8
_TIMED = 128


def compare_roundings(model: Path, data: Path, build: Path, settings: Settings | None = None) -> dict[str, Any]:
    """Export the trained tower in float32 and in each rounding, and run all on the pictures kept out of training.

    Parameters
    ----------
    model
        The shipped folder, which says how pictures are prepared.
    data
        Folder of the sources.
    build
        Where ``make`` left the checkpoint and the scales.
    settings
        The recipe; the shipped one unless told otherwise.

    Returns
    -------
    dict
        Ready for JSON. ``cosine`` is to float32, over all pictures; ``processor_ms`` is the processor's time a
        picture, one thread, batches of eight, least of eight rounds in turn.
    """
    settings = settings or Settings()
    tower = trained_tower(build, settings)
    scales = {name: Scale(*pair) for name, pair in json.loads((build / "scales.json").read_text()).items()}
    kept_out = [p for p in read_manifest(data, settings.splits) if p.split != "train"]
    prepare = ShippedModel(model).prepare
    pixels = np.stack([prepare(open_picture((data / p.name).read_bytes())) for p in kept_out])
    with tempfile.TemporaryDirectory() as scratch:
        files = {"float32": Path(scratch) / "float32.onnx"}
        export_picture_tower(files["float32"], tower, "float32")
        for rounding in get_args(Rounding):
            files[rounding] = Path(scratch) / f"{rounding}.onnx"
            export_quantised_tower(files[rounding], tower, scales, rounding)
        sessions = {name: _session(file) for name, file in files.items()}
        rows = {name: unit(_run(session, pixels)) for name, session in sessions.items()}
    taken = _processor_ms(sessions, pixels[:_TIMED])
    return {
        **machine(),
        "pictures": len(kept_out),
        **{name: {"processor_ms": taken[name], "cosine": _cosine(rows["float32"], rows[name])} for name in sessions},
    }


def trained_tower(build: Path, settings: Settings) -> PictureTower:
    """Read the picture tower of the last stage.

    Parameters
    ----------
    build
        Where ``settle.pt`` is.
    settings
        The recipe.

    Returns
    -------
    PictureTower
        In evaluation mode.
    """
    saved = torch.load(build / "settle.pt", weights_only=False)["stage"]["average"]["model"]
    tower = build_picture_tower(settings)
    of_it = {name.removeprefix("picture."): value for name, value in saved.items() if name.startswith("picture.")}
    tower.load_state_dict(of_it)
    tower.eval()
    return tower


def _run(session: Any, pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    starts = range(0, len(pixels), _BATCH)
    return np.concatenate([session.run(None, {"pixel_values": pixels[i : i + _BATCH]})[0] for i in starts])


def _session(file: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(file), options)


def _processor_ms(sessions: dict[str, Any], pixels: npt.NDArray[np.float32]) -> dict[str, float]:
    least = dict.fromkeys(sessions, float("inf"))
    for _ in range(_ROUNDS):
        for name, session in sessions.items():
            began = time.process_time()
            _run(session, pixels)
            least[name] = min(least[name], (time.process_time() - began) * 1000 / len(pixels))
    return {name: round(ms, 3) for name, ms in least.items()}


def _cosine(some: npt.NDArray[np.float32], others: npt.NDArray[np.float32]) -> dict[str, float]:
    each = (some * others).sum(axis=1)
    return {"least": round(float(each.min()), 4), "mean": round(float(each.mean()), 5)}
