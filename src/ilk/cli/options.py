"""Options that several verbs share, said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

GalleryOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--gallery",
        "-g",
        metavar="DIR",
        envvar="ILK_GALLERY",
        help="The gallery, or the folder that has it. By default the nearest .ilk, from here upwards.",
        show_default=False,
    ),
]

ModelOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        metavar="NAME",
        help="The model: `pocket`, a folder with an ONNX export, or a name on the Hugging Face Hub.",
        show_default=False,
    ),
]

JsonOption: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON.")]
