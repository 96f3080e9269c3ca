"""Hits as one page of HTML that needs nothing else: open it, keep it, send it.

::

    policy ── what a browser may do with the page: show pictures that it holds, and its own style
    style  ── light and dark, as the reader has it; no script
    cards  ── a link to each original, with its thumbnail, its caption and what is known of it

Everything that comes from files is escaped, and the policy would stop what slipped through.
"""

from __future__ import annotations

import os
import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from ilk import __version__
from ilk.errors import InputError, PictureError
from ilk.records import Hit, Hits
from ilk.render.notebook import data_uri, text
from ilk.render.thumbnails import Seen, measures, see, see_example
from ilk.render.writing import write_whole

SUFFIXES = (".html", ".htm")

BUDGET_BYTES = 24_000_000
"""Of thumbnails in one page; hits beyond it are listed without."""

SIZES = ((60, 480), (200, 320), (600, 224))
"""Pixels of the longer side of thumbnails, for at most so many hits; beyond these they have the last of them."""

FULL = PictureError("No thumbnail: the page is full.", code="too-many-bytes")

STYLE = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")


def write_page(hits: Hits, path: Path, *, path_of: Callable[[str], Path]) -> None:
    """Write hits as a page.

    Parameters
    ----------
    path
        Where to, ending in one of `SUFFIXES`. A file that is there is replaced, once the page is whole.
    path_of
        Where the picture with a uri is. Links go there from the page's own folder, so both may move together.

    Raises
    ------
    ilk.errors.InputError
        If the suffix is another, or if it cannot be written.
    """
    check_suffix(path)
    with write_whole(path, what="page") as file:
        for part in page(hits, folder=path.absolute().parent, path_of=path_of):
            file.write(part.encode())


def check_suffix(path: Path) -> None:
    """Refuse a name that says another format, before anything is searched."""
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"A page cannot be a {path.suffix or 'file without a suffix'}: name a .html.")


def page(hits: Hits, *, folder: Path, path_of: Callable[[str], Path]) -> Iterator[str]:
    """The page, in parts, with one picture in memory at a time.

    Parameters
    ----------
    folder
        Where the page will lie.
    path_of
        Where the picture with a uri is.
    """
    policy = f"default-src 'none'; img-src data:; style-src {policy_hash(STYLE)}; base-uri 'none'; form-action 'none'"
    yield head(title=f"{hits.query} · ilk", policy=policy, style=STYLE)
    example = see_example(hits, size=160)
    picture = "" if example is None else f'<img src="{data_uri(example, 160)}" alt="the picture that was asked with">'
    count = f"{len(hits):,} {'picture' if len(hits) == 1 else 'pictures'}" if hits else "Nothing found"
    yield f"<header>{picture}<div><h1>{text(hits.query)}</h1><p>{count} · model {text(hits.model)}</p></div></header>\n"
    if hits.note:
        yield f'<p class="note">{text(hits.note)}</p>\n'
    yield "<main>\n"
    size = next((pixels for count, pixels in SIZES if len(hits) <= count), SIZES[-1][1])
    left, shown = BUDGET_BYTES, 0
    for seen in see(hits, size=size):
        thumbnail = "" if isinstance(seen.picture, PictureError) else data_uri(seen.picture, size)
        yield _card(seen, thumbnail, link_to(seen.hit.uri, folder=folder, path_of=path_of))
        left, shown = left - len(thumbnail), shown + 1
        if left <= 0:
            break
    for hit in hits[shown:]:
        yield _card(Seen(hit, FULL), "", link_to(hit.uri, folder=folder, path_of=path_of))
    yield "</main>\n"
    searched = f"Searched {text(hits.space)} vectors, {text(hits.index)}, in {hits.took_ms:,.0f} ms"
    yield f"<footer>{searched} · ilk {text(__version__)}</footer>\n</body>\n</html>\n"


def head(*, title: str, policy: str, style: str) -> str:
    """What a page begins with, up to its body.

    Parameters
    ----------
    policy
        What a browser may do with it (Content Security Policy, level 3).
    """
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<meta name="color-scheme" content="light dark">\n'
        f"<title>{text(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
    )


def policy_hash(part: str) -> str:
    """How a policy names the one style or script that it lets pass."""
    return f"'sha256-{b64encode(sha256(part.encode()).digest()).decode()}'"


def link_to(uri: str, *, folder: Path, path_of: Callable[[str], Path]) -> str | None:
    """The address of an original as seen from a folder; None if a browser cannot open it, being in an archive."""
    if re.match(r"https?://", uri):
        return uri
    if "://" in uri:
        return None
    path = Path(os.path.abspath(path_of(uri)))  # noqa: PTH100 -- resolve() would follow links to other names
    if "!/" in uri and not os.path.lexists(path):
        return None
    try:
        relative = os.path.relpath(path, folder)
    except ValueError:  # on Windows, another drive
        return path.as_uri()
    return quote(os.fsencode(relative.replace(os.sep, "/")), safe="/")


def _card(seen: Seen, thumbnail: str, link: str | None) -> str:
    hit = seen.hit
    said = hit.caption or hit.id
    if thumbnail and not isinstance(seen.picture, PictureError):
        wide, tall = seen.picture.size
        inside = f'<img src="{thumbnail}" width="{wide}" height="{tall}" loading="lazy" alt="{text(said)}">'
    else:
        inside = f"<span>{text(str(seen.picture))}</span>"
    name = text(hit.id.rsplit("/", 1)[-1])
    open_ = f'<a class="place" href="{text(link)}">' if link else '<div class="place">'
    numbers = "".join(f'<span class="{measure}" title="{measure}">{number}</span>' for measure, number in measures(hit))
    caption = f'<p class="caption">{text(hit.caption)}</p>' if hit.caption else ""
    return (
        f"<article>{open_}{inside}{'</a>' if link else '</div>'}"
        f'<p class="name"><b>{hit.rank}</b> <span title="{text(hit.id)}">{name}</span>{numbers}</p>'
        f"{_bar(hit)}{caption}{_details(hit)}</article>\n"
    )


def _bar(hit: Hit) -> str:
    if hit.relevance is None:
        return ""
    return f'<meter min="0" max="1" value="{hit.relevance:.3f}" title="relevance {hit.relevance * 100:.0f} %"></meter>'


def _details(hit: Hit) -> str:
    """Everything else that is known, folded away."""
    facts = {"id": hit.id} | ({"uri": hit.uri} if hit.uri != hit.id else {}) | dict(hit.metadata)
    if hit.duplicates:
        facts["stands for"] = list(hit.duplicates)
    rows = "".join(f"<dt>{text(name)}</dt><dd>{text(_fact(value))}</dd>" for name, value in facts.items())
    return f"<details><summary>Details</summary><dl>{rows}</dl></details>"


def _fact(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
