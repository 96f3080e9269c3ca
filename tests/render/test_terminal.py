from __future__ import annotations

import unicodedata
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from ilk.records import AddReport, Failure, GalleryInfo, Hit, Hits, IndexState, Space
from ilk.render.terminal import hits_lines, hits_table, info_text, report_text, visible

HITS = Hits(
    query="a dog",
    model="pocket",
    space="image",
    index="exact",
    took_ms=1.0,
    hits=(
        Hit(rank=1, id="dogs/rex.jpg", similarity=0.31239, uri="dogs/rex.jpg", caption="Rex\nasleep", metadata={}),
        Hit(rank=2, id="a\tb\n.jpg", similarity=-0.5, uri="a\tb\n.jpg", caption=None, metadata={}),
    ),
)


def drawn(width: int, *, hits: Hits = HITS, links: bool = False) -> str:
    """The table on a terminal this wide."""
    out = StringIO()
    console = Console(file=out, width=width, force_terminal=links, legacy_windows=False)
    console.print(hits_table(hits, path_of=lambda uri: Path("/photos") / uri))
    return out.getvalue()


def test_a_pipe_gets_one_line_a_hit() -> None:
    """Fields are divided by tabs, and no name or caption can break a line."""
    assert hits_lines(HITS) == "1\t0.312\tdogs/rex.jpg\tRex asleep\n2\t-0.500\ta\\tb\\n.jpg\n"


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_a_table_keeps_to_its_width(width: int) -> None:
    """Names are folded, never cut; captions give way."""
    long = replace(HITS, hits=(replace(HITS.hits[0], id="x" * 100, caption="y " * 100),))
    lines = drawn(width, hits=long).splitlines()
    assert max(map(len, lines)) <= width
    assert sum(line.count("x") for line in lines) == 100


def test_a_table_says_what_is_known_of_relevance_and_copies() -> None:
    """Where it is known; elsewhere the columns are as they were, and a pipe's lines always are."""
    told = replace(HITS, hits=(replace(HITS.hits[0], relevance=0.456, duplicates=("a", "b")), HITS.hits[1]))
    text = drawn(100, hits=told)
    assert "relevance" in text
    assert "0.46" in text
    assert "and 2 nearly the same" in text
    assert "relevance" not in drawn(100)
    assert hits_lines(told) == hits_lines(HITS)


def test_names_are_links_where_terminals_know_them() -> None:
    """To the file itself, with what a URL cannot hold encoded."""
    text = drawn(80, links=True)
    assert "file:///photos/dogs/rex.jpg" in text
    assert "file:///photos/a%09b%0A.jpg" in text
    assert "file://" not in drawn(80)


def test_a_report_names_what_failed_and_why() -> None:
    """By reason, the most frequent first, with some examples."""
    failures = tuple(
        Failure(id=f"{n}.jpg", uri="", source="folder", stamp="", code="damaged", message="It ends early.")
        for n in range(5)
    )
    text = report_text(
        AddReport(added=2, failed=6, took_s=90, failures=failures, failed_by_reason={"empty": 1, "damaged": 5}),
        items=12_345,
    )
    assert "2 added, 6 failed in 1 min 30 s" in text
    assert "12,345 pictures" in text
    assert text.index("5 failed: damaged") < text.index("1 failed: empty")
    assert "0.jpg: It ends early." in text
    assert "and 2 more" in text


def test_a_chosen_precision_is_said() -> None:
    """What computed in another precision than that of the model's files is named beside the speed."""
    fast = AddReport(added=20, encoded=20, took_s=2, computed_by="OpenVINO in bfloat16")
    assert "10 pictures/s by OpenVINO in bfloat16\n" in report_text(fast, items=20)
    plain = AddReport(added=20, encoded=20, took_s=2, computed_by="ONNX Runtime on cpu")
    assert "10 pictures/s\n" in report_text(plain, items=20)


def test_a_report_of_nothing_says_so() -> None:
    """Rather than printing an empty list."""
    assert report_text(AddReport(), items=0).startswith("nothing to do")


def test_info_says_whose_vectors_there_are() -> None:
    """The model, the count and the size, in units that people read."""
    space = Space(
        name="image", model="pocket", revision=None, digest="ab" * 32, dimension=256, modalities=frozenset({"image"})
    )
    text = info_text(
        GalleryInfo(
            path="/photos/.ilk",
            items=1234,
            captions=5,
            failures={"damaged": 7},
            spaces=(
                IndexState(space=space, vectors=1234, index="exact", indexed=1200, deleted=3, size_bytes=2_340_000),
            ),
            size_bytes=5_000,
            schema_version=1,
            created_at="2026-01-01T00:00:00Z",
            updated_at="2026-01-02T00:00:00Z",
        )
    )
    for part in ("1,234", "7 damaged", "pocket", "256", "2.3 MB", "5.0 kB", "3 deleted"):
        assert part in text


HOSTILE = "a\x1b]0;owned\x07\x1b[2J\b\x7f\x9b31m\u202egpj.exe"


def test_no_control_character_reaches_a_terminal_or_a_pipe() -> None:
    """In names, captions and messages alike; each is shown as its escape."""
    hits = replace(HITS, hits=(replace(HITS.hits[0], id=HOSTILE, caption=HOSTILE),))
    failure = Failure(id=HOSTILE, uri="", source="folder", stamp="", code="damaged", message=HOSTILE)
    report = report_text(AddReport(failed=1, failures=(failure,), failed_by_reason={"damaged": 1}), items=0)
    for text in (hits_lines(hits), drawn(200, hits=hits), report):
        lines = text.replace("\n", "").replace("\t", "")
        assert not {letter for letter in lines if unicodedata.category(letter) == "Cc" or letter == "\u202e"}
        assert text.count("\\x1b]0;owned\\x07\\x1b[2J\\x08\\x7f\\x9b31m\\u202egpj.exe") == 2


@pytest.mark.parametrize("text", ["höhe.jpg", "日本語の猫", "🐱👩\u200d👧", "e\u0301", "a b\u00a0c"])
def test_letters_of_every_script_stay_as_they_are(text: str) -> None:
    """Also those made of several code points."""
    assert visible(text) == text
