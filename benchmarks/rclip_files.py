"""What rclip downloads when it is first run, made of a checkpoint with random weights instead.

Names, inputs and outputs are those of rclip 3.3 (``rclip/model_download.py``, ``scripts/convert_model.py``): two ONNX
graphs in float32 with the finished, unnormalised vectors as their only output, and the vocabulary of OpenAI's package.
"""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path
from typing import Any

SIDE = 256
ACTIVATION = "gelu"
"""Of ViT-B-32-256 as DataComp trained it."""

MODEL = "ViT-B-32-256-datacomp_s34b_b86k"
VOCABULARY = "tokenizer/bpe_simple_vocab_16e6.txt.gz"
LICENCES = ("LICENSE", "README.md", "THIRD_PARTY_NOTICES.md", "NOTICE")

_CONTEXT = 77
_OPSET = 18


def write_rclip(folder: Path, checkpoint: Path, merges: Path) -> Path:
    """Make the folder that ``RCLIP_DATADIR`` is to name.

    Parameters
    ----------
    folder
        Where to. One that is there already is kept, but for its index.
    checkpoint
        Of the shape of ViT-B/32 at 256 pixels.
    merges
        OpenAI's vocabulary, as its package has it.
    """
    last = folder / VOCABULARY
    if not last.exists():
        (folder / MODEL).mkdir(parents=True, exist_ok=True)
        _export(checkpoint, folder / MODEL)
        for name in LICENCES:  # later releases look whether they are there
            (folder / name).write_text("Random weights, for measuring speed.\n", encoding="utf-8")
        last.parent.mkdir(exist_ok=True)
        shutil.copyfile(merges, last)
    forget_index(folder)
    return folder


def forget_index(folder: Path) -> None:
    """As if rclip had never indexed anything."""
    for path in folder.glob("db.sqlite3*"):
        path.unlink()


def _export(checkpoint: Path, folder: Path) -> None:
    import torch
    from transformers import CLIPModel

    # Attention as plain operators: the exporter that rclip's files were written with knows them best.
    model = CLIPModel.from_pretrained(checkpoint, attn_implementation="eager").eval()

    class Visual(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, pixels: Any) -> Any:
            return self.model.visual_projection(self.model.vision_model(pixel_values=pixels).pooler_output)

    class Textual(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, tokens: Any) -> Any:
            return self.model.text_projection(self.model.text_model(input_ids=tokens).pooler_output)

    towers: dict[str, tuple[Any, Any]] = {
        "visual": (Visual(), torch.randn(1, 3, SIDE, SIDE)),
        "textual": (Textual(), torch.zeros(1, _CONTEXT).long()),
    }
    for name, (tower, example) in towers.items():
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # that this exporter is the older one
            torch.onnx.export(
                tower.eval(),
                (example,),
                str(folder / f"{name}.onnx"),
                input_names=["input"],
                output_names=["output"],
                dynamic_axes={"input": {0: "batch"}, "output": {0: "batch"}},
                opset_version=_OPSET,
                dynamo=False,
            )
