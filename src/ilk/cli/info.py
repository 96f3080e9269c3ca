"""``ilk info``: what a gallery holds."""

from __future__ import annotations

from pathlib import Path

import click

from ilk.cli.options import gallery_option, json_option
from ilk.cli.output import print_json


@click.command()
@gallery_option
@json_option
def info(*, gallery: Path | None, as_json: bool) -> None:
    """Say what a gallery holds: counts, models, size on disk, the state of its indexes."""
    from ilk.gallery import open_gallery

    with open_gallery(gallery) as opened:
        facts = opened.info()
    if as_json:
        print_json(facts.to_dict())
    else:
        from ilk.render.terminal import info_text

        print(info_text(facts), end="")
