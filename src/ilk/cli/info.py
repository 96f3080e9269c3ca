"""``ilk info``: what a gallery holds."""

from __future__ import annotations

from ilk.cli.options import GalleryOption, JsonOption


def info(*, gallery: GalleryOption = None, json: JsonOption = False) -> None:
    """Say what a gallery holds: counts, models, size on disk, the state of its indexes."""
    from ilk.gallery import open_gallery

    with open_gallery(gallery) as opened:
        facts = opened.info()
    if json:
        from json import dumps

        print(dumps(facts.to_dict(), ensure_ascii=False))
    else:
        from ilk.render.terminal import info_text

        print(info_text(facts), end="")
