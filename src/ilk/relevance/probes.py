"""The phrases of `ilk.relevance.phrases` as vectors of a model: encoded once, then read from the user's cache."""

from __future__ import annotations

import hashlib
import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ilk.encoders.digest import cache_file
from ilk.relevance.phrases import MEANINGFUL, MEANINGLESS, NOISE

if TYPE_CHECKING:
    from ilk.encoders.base import Encoder

PHRASES = [*MEANINGFUL, *MEANINGLESS, *NOISE]

_known: dict[str, Probes] = {}
_lock = threading.Lock()


@dataclass(frozen=True, kw_only=True, eq=False)
class Probes:
    """The phrases in one model's space.

    Attributes
    ----------
    meaningful, meaningless, noise
        Unit rows of shape (p, d), float32.
    """

    meaningful: npt.NDArray[np.float32]
    meaningless: npt.NDArray[np.float32]
    noise: npt.NDArray[np.float32]

    @classmethod
    def of(cls, encoder: Encoder) -> Probes:
        """Those of a model.

        Cost: some hundred texts' encoding, once for each model and user; after that the reading of a small file.
        """
        with _lock:
            if encoder.digest not in _known:
                rows = _read(encoder)
                if rows is None:
                    # Rounded as they are kept, so that the first answer is that of all others.
                    rows = encoder.encode_texts(PHRASES).astype(np.float16)
                    _keep(encoder, rows)
                first, second = len(MEANINGFUL), len(MEANINGFUL) + len(MEANINGLESS)
                meaningful, meaningless, noise = np.split(rows.astype(np.float32), (first, second))
                _known[encoder.digest] = cls(meaningful=meaningful, meaningless=meaningless, noise=noise)
            return _known[encoder.digest]


def _file(encoder: Encoder) -> Path:
    phrases = hashlib.sha256("\n".join(PHRASES).encode()).hexdigest()
    return cache_file().parent / "phrases" / f"{encoder.digest[:32]}-{phrases[:8]}.npy"


def _read(encoder: Encoder) -> npt.NDArray[np.float16] | None:
    """What is kept; None if nothing is, or not what should be."""
    try:
        rows: npt.NDArray[np.float16] = np.load(_file(encoder), allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    fits = rows.shape == (len(PHRASES), encoder.dimension) and rows.dtype == np.float16
    return rows if fits and bool(np.isfinite(rows).all()) else None


def _keep(encoder: Encoder, rows: npt.NDArray[np.float16]) -> None:
    """Keep it for other processes, if there is a place to."""
    path = _file(encoder)
    beside = path.with_name(f"{path.stem}.{os.getpid()}.new")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            np.save(file, rows)
        beside.replace(path)
