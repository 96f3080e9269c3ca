from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from ilk.errors import InputError
from ilk.sources.fetch import FetchLimits


@pytest.mark.parametrize(
    "wrong",
    [
        {"concurrency": 0},
        {"concurrency_per_host": -1},
        {"connect_s": 0},
        {"read_s": float("nan")},
        {"whole_s": float("inf")},
        {"size_bytes": 0},
        {"size_bytes": 1.5},
        {"redirects": -1},
        {"tries": 0},
        {"backoff_s": -0.1},
        {"retry_after_s": -1},
    ],
)
def test_limits_that_fetch_nothing_are_refused(wrong: dict[str, Any]) -> None:
    """And the refusal names the limit and what it was."""
    with pytest.raises(InputError) as caught:
        FetchLimits(**wrong)
    ((name, value),) = wrong.items()
    assert name in str(caught.value)
    assert repr(value) in str(caught.value)


def test_no_redirects_and_no_waits_are_limits_too() -> None:
    """Nought is a sensible limit for these."""
    limits = FetchLimits(redirects=0, backoff_s=0, retry_after_s=0, tries=1)
    assert (limits.redirects, limits.tries) == (0, 1)


def test_httpx_is_loaded_with_the_first_url() -> None:
    """A source that has no URLs does not pay for them."""
    code = "import sys, ilk.sources.fetch as f; f.Fetcher().close(); print('httpx' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
