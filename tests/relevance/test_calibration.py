from __future__ import annotations

import numpy as np
import pytest

from ilk.relevance.calibration import OF


@pytest.mark.parametrize("asked", OF)
@pytest.mark.parametrize("noise", [-1.0, 0.7, 4.0])
def test_the_hits_of_one_query_are_judged_as_those_of_many(asked: str, noise: float) -> None:
    """The line over cosines says what the regression says, from far below to far above the background."""
    cosines = np.linspace(-1, 1, 41)
    of_one = OF[asked].relevances(cosines.tolist(), middle=0.2, spread=0.01, meaning=0.7, noise=noise)
    of_many = OF[asked].relevance((cosines - 0.2) / 0.01, 0.7, (1 - cosines) / 0.8, noise)
    assert of_one == pytest.approx(of_many.tolist(), abs=1e-12)
    assert of_one == sorted(of_one)
