"""Virtual environments of the rivals, each its own, and the command lines that run them.

They pin what ilk does not, so none of them can be installed beside it. An environment is made once for a folder and
found there again. PyTorch is asked for in the very version that ilk runs with here, which for processors has to come
from where the installer looks for it (``PIP_FIND_LINKS``, ``PIP_EXTRA_INDEX_URL``).
"""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import subprocess
import sys
from pathlib import Path

INSTALLING_S = 600

RCLIP = "rclip"
CLIP_RETRIEVAL = "clip-retrieval"
PACKAGES = {RCLIP: ["rclip"], CLIP_RETRIEVAL: ["clip-retrieval", "transformers"]}
TOLD = {
    RCLIP: ["rclip", "onnxruntime", "pillow", "numpy"],
    CLIP_RETRIEVAL: ["clip-retrieval", "torch", "torchvision", "transformers", "pillow", "numpy"],
}

# The wheels of torchvision are compiled for PyTorch with CUDA. Beside one for processors their compiled part does not
# load, and importing the rest fails at two operators that nothing here uses: each interpreter declares them first.
_DECLARED = """
try:
    import torch
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(name + "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
except ImportError:
    pass
"""


class NoRivalError(Exception):
    """A rival could not be installed or run, and why."""


def installed(name: str, folder: Path) -> Path:
    """The interpreter of a rival's environment, made if it is not there.

    Raises
    ------
    NoRivalError
        If it cannot be installed within ten minutes.
    """
    place = folder / name
    done, python = place / "installed", place / "bin" / "python"
    if done.exists():
        return python
    shutil.rmtree(place, ignore_errors=True)
    try:
        _call([sys.executable, "-m", "venv", str(place)])
        _install(python, ["setuptools<80", "wheel", "pip>=24"])
        bounds = place / "bounds.txt"
        bounds.write_text(f"torch=={importlib.metadata.version('torch')}\nsetuptools<80\n", encoding="utf-8")
        # Without isolation, as some of its dependencies are built with what newer setuptools no longer have.
        _install(python, ["--no-build-isolation", "--constraint", str(bounds), *PACKAGES[name]])
    except subprocess.TimeoutExpired as error:
        raise NoRivalError(f"{name} was not installed within {INSTALLING_S} s.") from error
    except subprocess.CalledProcessError as error:
        raise NoRivalError(f"{name} could not be installed: {error.stderr.strip()[-500:]}") from error
    if name == CLIP_RETRIEVAL and subprocess.run([python, "-c", "import torchvision"], check=False).returncode != 0:
        _declare_operators(place)
    done.touch()
    return python


def _declare_operators(place: Path) -> None:
    (packages,) = place.glob("lib/python*/site-packages")
    (packages / "sitecustomize.py").write_text(_DECLARED, encoding="utf-8")


def rclip_command(python: Path) -> list[str]:
    """What indexes the working directory, which a query does before it answers."""
    return [str(python), "-m", "rclip", "--top", "1", "--filepath-only", "two people on a beach"]


def clip_retrieval_command(python: Path, checkpoint: Path, pictures: Path, output: Path) -> list[str]:
    """What writes embeddings of the pictures of a folder.

    In batches of 32: by default it warms up with two of 256, which takes two minutes on two processors.
    """
    return [
        *(str(python.with_name(CLIP_RETRIEVAL)), "inference", "--input_format", "files", "--enable_text", "False"),
        *("--input_dataset", str(pictures), "--output_folder", str(output), "--clip_model", f"hf_clip:{checkpoint}"),
        *("--batch_size", "32"),
    ]


def versions(name: str, python: Path) -> str:
    """Of a rival, and of what it computes with."""
    program = "import sys, importlib.metadata as m, json; print(json.dumps([m.version(n) for n in sys.argv[1:]]))"
    done = subprocess.run([python, "-c", program, *TOLD[name]], capture_output=True, text=True, check=True)
    return ", ".join(f"{each} {number}" for each, number in zip(TOLD[name], json.loads(done.stdout), strict=True))


def _install(python: Path, what: list[str]) -> None:
    _call([str(python), "-m", "pip", "install", "--quiet", *what])


def _call(command: list[str]) -> None:
    subprocess.run(command, capture_output=True, text=True, check=True, timeout=INSTALLING_S)
