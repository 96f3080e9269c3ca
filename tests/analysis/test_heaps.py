"""Where in a gallery a label begins to fit."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from ilk.analysis.heaps import FEWEST, HIGHER, LOW, SHARE, WIDTH, Heaps


def drawn(low: float, high: float, counts: tuple[int, int]) -> npt.NDArray[np.float64]:
    """Scores of pictures that show no label, then of those that show one."""
    random = np.random.default_rng(0)
    return np.concatenate([random.normal(middle, WIDTH, n) for middle, n in zip((low, high), counts, strict=True)])


def test_a_few_scores_say_nothing() -> None:
    """What is usual is taken then, wherever they are."""
    assert Heaps.of(np.full(FEWEST - 1, 9.0)) == Heaps(low=LOW, high=LOW + HIGHER, share=SHARE)
    assert Heaps.of(np.full(FEWEST, 9.0)) != Heaps()


@pytest.mark.parametrize("counts", [(500, 500), (900, 100), (50, 50)])
def test_heaps_that_are_farther_up_are_found(counts: tuple[int, int]) -> None:
    """Most of the lower are below the border, as they are not of the usual one; the higher are above."""
    scores = drawn(2.0, 5.5, counts)
    border = Heaps.of(scores).border
    low, high = scores[: counts[0]], scores[counts[0] :]
    assert (low < border).mean() > 0.5 > (low < Heaps().border).mean() + 0.3
    assert (high >= border).mean() > 0.95


def test_a_gallery_that_is_as_usual_has_the_usual_border() -> None:
    """Within half a deviation, if all pictures show a label, or none, or some."""
    for counts in ((1000, 0), (700, 300), (30, 10)):
        assert Heaps.of(drawn(LOW, LOW + HIGHER, counts)).border == pytest.approx(Heaps().border, abs=WIDTH / 2)


@pytest.mark.parametrize("value", [-8.0, 0.0, 8.0])
def test_pictures_that_are_all_alike_overflow_nothing(value: float) -> None:
    """Copies of one picture have a border, too, and a share that is one."""
    heaps = Heaps.of(np.full(1000, value))
    assert heaps.low <= heaps.border <= heaps.high
    assert 0 < heaps.share < 1
