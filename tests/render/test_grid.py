"""Hits as a figure."""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from answers import COLOURS, answer, encoded
from ilk.errors import InputError, MissingExtraError

pytest.importorskip("matplotlib", reason="the extra `plots` is not installed")


def texts(figure: object) -> str:
    """Everything that is written on a figure."""
    from matplotlib.text import Text

    return "\n".join(each.get_text() for each in figure.findobj(Text))  # type: ignore[attr-defined]


def drawn(figure: object) -> Image.Image:
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=60)  # type: ignore[attr-defined]
    return Image.open(file).convert("RGB")


def has(image: Image.Image, colour: tuple[int, int, int]) -> bool:
    """Whether a good part of a picture is of this colour."""
    near = (abs(np.asarray(image, np.int16) - np.array(colour)) < 12).all(axis=2)
    return bool(near.mean() > 0.01)


def test_each_picture_stands_over_its_caption_and_similarity() -> None:
    """Under the query, as the recipes plot them; without a caption the id stands there."""
    figure = answer("red", "green", captions={"red": "A red wall."}, query="walls").show()
    said = texts(figure)
    for part in ("walls", "A red wall.\nSimilarity: 0.490", "green\nSimilarity: 0.480"):
        assert part in said
    image = drawn(figure)
    assert has(image, COLOURS["red"])
    assert has(image, COLOURS["green"])
    assert not has(image, COLOURS["blue"])


def test_relevance_is_said_where_it_is_known() -> None:
    """Beside the similarity, in percent."""
    assert "Relevance: 87 %" in texts(answer("red", relevance=0.87).show())
    assert "elevance" not in texts(answer("red").show())


def test_what_no_vector_could_be_compared_with_has_no_similarity() -> None:
    """Found by its words alone, it is not a number; nothing is printed for it."""
    hits = answer("red")
    hits = replace(hits, hits=(replace(hits[0], similarity=float("nan")),))
    assert "imilarity" not in texts(hits.show())


def test_a_picture_that_is_gone_leaves_a_box_that_says_so() -> None:
    """The others are drawn."""
    figure = answer("gone", "blue").show()
    assert "gone is gone & <lost>." in texts(figure)
    assert has(drawn(figure), COLOURS["blue"])


def test_the_picture_that_was_asked_with_is_in_the_heading() -> None:
    """Bytes or a Pillow image; one that is gone is left out."""
    for example in (encoded(COLOURS["blue"]), Image.new("RGB", (80, 60), COLOURS["blue"])):
        assert has(drawn(answer("red", example=example).show(width_inches=4)), COLOURS["blue"])
    assert len(answer("red", example=b"no picture").show().axes) == 1


def test_columns_and_rows_are_kept_to() -> None:
    """Seven hits in three columns are three rows; with one row, three are drawn."""
    hits = answer(*["red"] * 7)
    figure = hits.show(columns=3)
    lefts = {round(axes.get_position().x0, 3) for axes in figure.axes}
    bottoms = {round(axes.get_position().y0, 3) for axes in figure.axes}
    assert (len(figure.axes), len(lefts), len(bottoms)) == (7, 3, 3)
    assert len(hits.show(columns=3, rows=1).axes) == 3


def test_captions_are_no_formulas_and_every_script_is_drawn() -> None:
    """Dollar signs stay; a letter that no font has becomes a box, without a warning."""
    figure = answer("red", captions={"red": "$5 to $6_ \U000f0000 猫"}).show()
    assert "$5 to $6_ □" in texts(figure)
    drawn(figure)


def test_notebooks_show_the_figure_though_pyplot_does_not_know_it() -> None:
    """As a PNG."""
    assert answer("red").show()._repr_png_().startswith(b"\x89PNG")


def test_no_screen_is_looked_for() -> None:
    """pyplot, which chooses a backend and keeps every figure, is not loaded."""
    program = (
        "import sys; sys.path.insert(0, 'tests'); from answers import answer; answer('red').show()\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"columns": 0}, "whole number of columns"),
        ({"columns": 2.5}, "whole number of columns"),
        ({"columns": float("nan")}, "whole number of columns"),
        ({"rows": -1}, "whole number of rows"),
        ({"width_inches": 0}, "at most 100 inches"),
        ({"width_inches": float("nan")}, "at most 100 inches"),
        ({"columns": 40}, "40 columns do not fit"),
    ],
)
def test_numbers_that_make_no_grid_are_refused(arguments: dict[str, float], said: str) -> None:
    """In one sentence that names the number."""
    with pytest.raises(InputError, match=said):
        answer("red").show(**arguments)  # type: ignore[arg-type]


def test_without_hits_there_is_nothing_to_show() -> None:
    """And the sentence says which search found nothing."""
    with pytest.raises(InputError, match='the search for "snow" found nothing'):
        answer(query="snow").show()


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to install."""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r'pip install "ilk\[plots\]"'):
        answer("red").show()
