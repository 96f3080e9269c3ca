"""``ilk info``: what a gallery holds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ilk.cli.options import gallery_option, json_option
from ilk.cli.output import print_json

if TYPE_CHECKING:
    from ilk.records import Failure


@click.command(short_help="Say what a gallery holds, and how it is searched.")
@gallery_option
@click.option("--failures", is_flag=True, help="List the pictures that could not be read, and why.")
@json_option
def info(*, gallery: Path | None, failures: bool, as_json: bool) -> None:
    """Say what a gallery holds: counts, models, size on disk, the state of its indexes."""
    from ilk.opening import open_gallery

    with open_gallery(gallery) as opened:
        if failures:
            _list_failures(opened.failures(), as_json=as_json)
            return
        facts = opened.info()
    if as_json:
        print_json(facts.to_dict())
    else:
        from ilk.render.terminal import info_text

        print(info_text(facts), end="")


def _list_failures(failures: Sequence[Failure], *, as_json: bool) -> None:
    if as_json:
        listed = [{"id": each.id, "reason": each.code, "message": each.message} for each in failures]
        print_json({"count": len(listed), "failures": listed})
    else:
        from ilk.render.terminal import visible

        for each in failures:
            print(each.id, each.code, visible(each.message), sep="\t")
