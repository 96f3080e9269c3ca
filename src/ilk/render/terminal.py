"""What people read in a terminal. Everything here returns text or a table; printing is the command line's.

A person at a terminal gets a table; a pipe gets plain lines with tabs between the fields, which ``cut`` and ``awk``
understand and which never change with the width of anything. rich is only imported for the former.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ilk.records import AddReport, GalleryInfo, Hit, Hits, IndexState

if TYPE_CHECKING:
    from rich.table import Table

MAX_EXAMPLES = 3
"""Failures shown for each reason; the report as JSON has them all."""

_ESCAPES = {
    **{code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))},
    **{code: f"\\u{code:04x}" for code in (0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A))},
    **str.maketrans({"\n": "\\n", "\r": "\\r", "\t": "\\t"}),
}
"""C0 and C1 controls, the line separators, and what turns the direction of the text around it."""

_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def visible(text: str) -> str:
    r"""On one line, with escapes for all that a terminal would obey rather than show.

    Names and captions come from files that anybody may have made; printed raw, an ESC in one could move the cursor,
    set the window's title or write to the clipboard.

    >>> print(visible("a\x1b[2Jb\n"))
    a\x1b[2Jb\n
    """
    return text.translate(_ESCAPES)


def hits_lines(hits: Hits) -> str:
    """One line a hit, nearest first: rank, similarity, id, caption, with tabs between them.

    In place of the similarity stands the distance where there is one.
    """
    return "".join(f"{hit.rank}\t{_nearness(hit)}\t{visible(hit.id)}\t{_caption(hit)}".rstrip() + "\n" for hit in hits)


def hits_table(hits: Hits, *, path_of: Callable[[str], Path]) -> Table:
    """A table for a terminal, with each name a link to its file or URL where the terminal knows links.

    Parameters
    ----------
    path_of
        Where the picture with a uri is.
    """
    from rich.table import Table
    from rich.text import Text

    described = any(_caption(hit) for hit in hits)
    judged = any(hit.relevance is not None for hit in hits)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False, expand=described)
    table.add_column("", justify="right", style="dim", no_wrap=True)
    far = any(hit.distance is not None for hit in hits)
    table.add_column("distance" if far else "similarity", justify="right", no_wrap=True)
    if judged:
        table.add_column("relevance", justify="right", no_wrap=True)
    table.add_column("picture", overflow="fold")
    if described:  # it takes what the names leave, and never all of it
        table.add_column("caption", overflow="ellipsis", no_wrap=True, style="dim", ratio=1, min_width=12)
    for hit in hits:
        name = Text(visible(hit.id))
        if "!/" not in hit.uri:  # what is in an archive no terminal opens
            name.stylize(f"link {visible(hit.uri) if '://' in hit.uri else path_of(hit.uri).as_uri()}")
        if hit.duplicates:
            name.append(f" and {len(hit.duplicates)} nearly the same", style="dim")
        relevance = ["" if hit.relevance is None else f"{hit.relevance:.2f}"] if judged else []
        caption = [Text(_caption(hit))] if described else []
        table.add_row(str(hit.rank), _nearness(hit), *relevance, name, *caption)
    return table


def report_text(report: AddReport, *, items: int) -> str:
    """What an index did, in a line or two, and what failed, by reason with examples."""
    done = [
        f"{count:,} {word}"
        for word, count in (
            ("added", report.added),
            ("updated", report.updated),
            ("moved", report.moved),
            ("removed", report.removed),
            ("unchanged", report.unchanged),
            ("failed", report.failed),
            ("failed before and skipped", report.skipped),
        )
        if count
    ]
    rate = f", {report.encoded / report.took_s:,.0f} pictures/s" if report.encoded and report.took_s else ""
    if rate and " in " in report.computed_by:  # a precision that was chosen, and is not that of the model's files
        rate += f" by {report.computed_by}"
    lines = [
        f"{', '.join(done) or 'nothing to do'} in {_duration(report.took_s)}{rate}",
        f"{items:,} pictures in the gallery",
    ]
    if report.missing:
        named = ", ".join(visible(folder) for folder in report.missing_folders[:MAX_EXAMPLES])
        more = ", …" if len(report.missing_folders) > MAX_EXAMPLES else ""
        lines.append(
            f"{report.missing:,} of them kept although their folder is empty now ({named}{more}): is a drive missing? "
            "If they are gone for good, --remove-missing takes them out."
        )
    for reason, count in sorted(report.failed_by_reason.items(), key=lambda pair: -pair[1]):
        lines.append(f"{count:,} failed: {reason}")
        examples = [failure for failure in report.failures if failure.code == reason][:MAX_EXAMPLES]
        lines += [f"    {visible(failure.id)}: {visible(failure.message)}" for failure in examples]
        if count > len(examples):
            lines.append(f"    … and {count - len(examples):,} more")
    return "\n".join(lines) + "\n"


def info_text(info: GalleryInfo) -> str:
    """What a gallery holds, a fact a line."""
    lines = [
        ("gallery", info.path),
        ("pictures", f"{info.items:,}"),
        ("captions", f"{info.captions:,}"),
        ("on disk", size_text(info.size_bytes)),
        ("updated", info.updated_at),
    ]
    lines += [("failed", f"{count:,} {reason}") for reason, count in info.failures.items()]
    for state in info.spaces:
        space = state.space
        file = f"{state.indexed:,} in a file of {size_text(state.size_bytes)}" if state.size_bytes else "no file"
        lines += [
            ("model", f"{space.model} ({space.digest[:12]}), {space.dimension} numbers a vector"),
            ("vectors", f"{state.vectors:,} of the space {space.name}, {size_text(state.vectors_size_bytes)}"),
            *([] if space.metric == "cosine" else [("metric", f"{space.metric}: {space.comparing}")]),
            ("index", f"{state.index}, {file}" + (f", {state.deleted:,} deleted" if state.deleted else "")),
        ]
        lines += [("", sentence) for sentence in index_sentences(state)]
    return "".join(f"{name:<10}{visible(value)}\n" for name, value in lines)


def index_sentences(state: IndexState) -> list[str]:
    """Why a space is searched as it is, and what was measured."""
    facts = state.facts
    said = [f"{_asked_for(state.wanted)}: {facts['why']}."] if "why" in facts else []
    if "recall" in facts:
        recall = " and ".join(f"{value:.3f} for {kind}" for kind, value in facts["recall"].items())
        set_to = ", ".join(f"{name} {value:g}" for name, value in facts["parameters"].items())
        each = round(state.size_bytes / max(1, state.indexed))
        said.append(
            f"Recall@10 {recall}, {facts['ms']:.2f} ms a query ({facts['exact_ms']:.2f} ms by comparing with "
            f"everything), set to {set_to}; built in {facts['build_s']:.1f} s, {each:,} bytes a vector."
        )
    return said


def _asked_for(wanted: str) -> str:
    return "Chosen" if wanted == "auto" else f'Asked for as "{wanted}"'


def _nearness(hit: Hit) -> str:
    return f"{hit.similarity if hit.distance is None else hit.distance:.3f}"


def _caption(hit: Hit) -> str:
    return visible(" ".join((hit.caption or "").split()))


def size_text(size_bytes: float) -> str:
    """In the unit that leaves one to three digits before the point.

    >>> size_text(2_340_000)
    '2.3 MB'
    """
    for unit in _UNITS:
        if size_bytes < 1000 or unit == _UNITS[-1]:  # noqa: PLR2004 -- SI units
            break
        size_bytes /= 1000
    return f"{size_bytes:.0f} {unit}" if unit == "bytes" else f"{size_bytes:.1f} {unit}"


def _duration(seconds: float) -> str:
    """As a person would say it.

    >>> _duration(3.21), _duration(200), _duration(7384)
    ('3.2 s', '3 min 20 s', '2 h 3 min')
    """
    if seconds < 60:  # noqa: PLR2004
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:  # noqa: PLR2004
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
