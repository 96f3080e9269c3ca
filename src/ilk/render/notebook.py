"""Hits in a notebook: a strip of thumbnails in HTML that needs nothing else.

Notebooks have schemes of their own, light and dark, that a page cannot ask for. So it takes the colours of what is
around it, and draws its lines in greys that can be seen through.
"""

from __future__ import annotations

import base64
from html import escape

from ilk import pictures
from ilk.errors import PictureError
from ilk.records import Hits
from ilk.render.terminal import visible
from ilk.render.thumbnails import Seen, measures, see, see_example

MOST = 24
"""Thumbnails in a strip: a notebook keeps all of them in its file."""

SIZE = 144
"""Pixels of their longer side."""

LONGEST = 96
"""Characters of a caption."""

_FAINT = "opacity:.65;font-size:12px"
_LINE = "overflow:hidden;text-overflow:ellipsis;white-space:nowrap"
_FIGURE = "margin:0;width:150px;font-size:13px;line-height:1.35"
_PLACE = (
    "height:112px;display:flex;align-items:center;justify-content:center;overflow:hidden;border-radius:6px;"
    "background:rgba(128,128,128,.14);margin-bottom:5px"
)


def strip(hits: Hits) -> str:
    """The HTML: thumbnails in the document itself, at most `MOST`; no script, no style of its own, every text escaped.

    Notes
    -----
    It takes 4 to 10 kB a hit.
    """
    example = see_example(hits, size=64)
    asked = (
        "" if example is None else f'<img src="{data_uri(example, 64)}" alt="" style="height:32px;border-radius:4px">'
    )
    note = hits.note or ("" if hits else "Nothing found.")
    parts = [
        '<div style="font-family:system-ui,sans-serif;color:inherit">',
        '<div style="display:flex;align-items:center;gap:8px;margin:2px 0 8px">',
        f'{asked}<strong style="font-size:15px">{text(hits.query)}</strong>',
        f'<span style="{_FAINT}">{text(hits.model)}</span></div>',
        f'<div style="margin-bottom:8px">{text(note)}</div>' if note else "",
        '<div style="display:flex;flex-wrap:wrap;gap:12px">',
        *(_figure(seen) for seen in see(hits, size=SIZE, limit=MOST)),
        "</div>",
    ]
    if (more := len(hits) - MOST) > 0:
        parts.append(f'<div style="{_FAINT};margin-top:8px">… and {more:,} more</div>')
    return "".join([*parts, "</div>"])


def text(words: str) -> str:
    """Words that stand for themselves in HTML, between tags and in attributes."""
    return escape(visible(words.encode("utf-8", "replace").decode()))


def data_uri(image: object, size: int) -> str:
    """A picture as an address that holds it."""
    encoded = base64.b64encode(pictures.thumbnail(image, size)).decode()  # type: ignore[arg-type]
    return f"data:image/jpeg;base64,{encoded}"


def _figure(seen: Seen) -> str:
    hit = seen.hit
    if isinstance(seen.picture, PictureError):
        inside = f'<span style="{_FAINT};padding:8px;overflow-wrap:anywhere">{text(_cut(str(seen.picture)))}</span>'
    else:
        inside = (
            f'<img src="{data_uri(seen.picture, SIZE)}" alt="{text(_cut(hit.caption or hit.id))}" '
            'style="max-width:100%;max-height:112px;margin:0;display:block">'
        )
    numbers = " · ".join(f"{name} {number}" for name, number in measures(hit))
    name = f'<div style="{_LINE}" title="{text(hit.id)}">{hit.rank}&ensp;{text(hit.id.rsplit("/", 1)[-1])}</div>'
    caption = f'<div style="{_FAINT}">{text(_cut(hit.caption))}</div>' if hit.caption else ""
    return (
        f'<figure style="{_FIGURE}"><div style="{_PLACE}">{inside}</div>'
        f'{name}<div style="{_FAINT}">{numbers}</div>{caption}</figure>'
    )


def _cut(words: str) -> str:
    words = " ".join(words.split())
    return words if len(words) <= LONGEST else words[: LONGEST - 1].rstrip() + "…"
