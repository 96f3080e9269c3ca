"""Options that several verbs share, said once."""

from __future__ import annotations

from pathlib import Path

import click

gallery_option = click.option(
    "--gallery",
    "-g",
    metavar="DIR",
    envvar="ILK_GALLERY",
    type=click.Path(path_type=Path),
    help="The gallery, or the folder that has it; also the variable ILK_GALLERY. "
    "By default the nearest .ilk, from here upwards.",
)

model_option = click.option(
    "--model",
    "-m",
    metavar="NAME",
    help="The model: `pocket`, a folder with its files, a name on the Hugging Face Hub, or one of OpenAI's such as "
    "ViT-B/32. See `ilk models list`.",
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
