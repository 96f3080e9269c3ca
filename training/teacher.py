"""The teacher: MobileNetV2's view of a picture as 256 numbers, from a published table or from the model itself.

The table holds one row for each original file. The model can look at any view; on the same file the two
agree to a cosine of 0.99. Both are whitened: principal axes of the square root of the average-pool
activations, each divided by the root of the variance it explains.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from training.manifest import Picture
from training.pixels import Pixels, PixelStore
from training.runs import seeded
from training.settings import TeacherViews
from training.views import Views, concatenate_views, random_views, whole_views

Features = npt.NDArray[np.float32]
TEACHER_PX = 224
_LAYER = "MobilenetV2/Logits/AvgPool"
_CHUNK = 2048


def read_table(data: Path, pictures: Sequence[Picture]) -> Features:
    """Read the published features of every picture.

    Parameters
    ----------
    data
        Folder that holds the sources.
    pictures
        The manifest.

    Returns
    -------
    Features
        Whitened, ``(pictures, 256)``.
    """
    with np.load(data / "teacher" / "mobilenet_v2_pca256.npz") as table:
        rows = {name: row for row, name in enumerate(table["names"])}
        wanted = np.array([rows[p.name] for p in pictures])
        white = table["scale"] / np.sqrt(table["explained"])
        features: Features = table["features"][wanted].astype(np.float32) * white.astype(np.float32)
    return features


class Teacher:
    """MobileNetV2 (Sandler et al. 2018) on one core.

    Parameters
    ----------
    folder
        Holds the model and ``basis.npz``.
    """

    def __init__(self, folder: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._model: Any = Interpreter(
            str(folder / "mobilenet_v2_1.0_224_quant.tflite"), num_threads=1, experimental_preserve_all_tensors=True
        )
        self._model.allocate_tensors()
        self._input = self._model.get_input_details()[0]["index"]
        self._layer = next(t["index"] for t in self._model.get_tensor_details() if t["name"] == _LAYER)
        with np.load(folder / "basis.npz") as basis:
            white = np.sqrt(basis["explained"])
            self._projection = basis["projection"] / white
            self._bias = basis["bias"] / white

    def look(self, picture: Pixels) -> Features:
        """Return the whitened features of one picture of 224 by 224 pixels."""
        self._model.set_tensor(self._input, picture[None])
        self._model.invoke()
        pooled = self._model.get_tensor(self._layer).reshape(-1).astype(np.float32)
        features: Features = np.sqrt(pooled) @ self._projection + self._bias
        return features


@dataclass(frozen=True)
class TaughtViews:
    """Views and what the teacher saw in them, ``(n, 256)``."""

    views: Views
    features: npt.NDArray[np.float16]


def plan_views(
    pictures: Sequence[Picture], aspects: npt.NDArray[np.float32], seed: int, settings: TeacherViews
) -> Views:
    """Choose what the teacher will look at, in an order without pattern.

    Parameters
    ----------
    pictures
        The manifest; only training pictures are looked at.
    aspects
        Width divided by height of each.
    seed
        Of the run.
    settings
        How many views, how small.

    Returns
    -------
    Views
        The same for the same seed.
    """
    rng = seeded(seed, "teacher views")
    most = max(settings.per_source.values(), default=0)
    parts = []
    for number in range(most):
        rows = np.array(
            [
                row
                for row, p in enumerate(pictures)
                if p.split == "train" and settings.per_source.get(p.source, 0) > number
            ],
            dtype=np.int64,
        )
        if number == 1:  # The whole picture once, mirrored: the table already has it the right way round.
            parts.append(whole_views(rows, mirrored=True))
        else:
            parts.append(random_views(rows, aspects, rng, smallest=settings.smallest, mixed=settings.mixed))
    views = concatenate_views(parts)
    return views[rng.permutation(len(views))[: settings.most]]


def align_views(taught: TaughtViews, table: Features, *, strength: float = 50.0) -> TaughtViews:
    """Bring what the teacher said of stored pictures to what it said of the original files.

    Stored pictures are small and squashed, and the teacher's features tell so: of the same picture, mirrored, they
    have a cosine of 0.70 to the table's row. A linear map learnt from those pairs (ridge regression) takes out what
    can be taken out without a look at the picture; on pairs it has not seen it brings 0.74.

    Parameters
    ----------
    taught
        With whole pictures among the views.
    table
        The features of the original files.
    strength
        Of the ridge.

    Returns
    -------
    TaughtViews
        Of single pictures only: a mixture's features are not a mixture of features.
    """
    views = taught.views
    whole = (views.box[:, 0] == [0, 0, 1, 1]).all(1)
    said = np.concatenate([np.asarray(taught.features, np.float32), np.ones((len(views), 1), np.float32)], axis=1)
    given = said[whole]
    gram = given.T @ given + strength * np.eye(given.shape[1], dtype=np.float32)
    line = np.linalg.solve(gram, given.T @ table[views.picture[whole, 0]])
    single = np.flatnonzero(views.share >= 1)
    return TaughtViews(views[single], (said[single] @ line).astype(np.float16))


def teach_views(data: Path, store: PixelStore, views: Views, folder: Path, *, threads: int = 2) -> TaughtViews:
    """Let the teacher look at every view; go on where a former run was cut off.

    Parameters
    ----------
    data
        Folder that holds the teacher.
    store
        Where the pictures are.
    views
        What ``plan_views`` chose.
    folder
        Where the features are kept, and how many are done.
    threads
        Teachers at work; each sees some 140 views a second.

    Returns
    -------
    TaughtViews
        All views, with features.
    """
    folder.mkdir(parents=True, exist_ok=True)
    done_file, path = folder / "views_done.txt", folder / "view_features.npy"
    done = int(done_file.read_text()) if done_file.exists() else 0
    features = np.lib.format.open_memmap(path, mode="r+" if done else "w+", dtype=np.float16, shape=(len(views), 256))
    if done < len(views):
        teachers = [Teacher(data / "teacher") for _ in range(threads)]

        def look(part: int, rows: range) -> None:
            for row in itertools.islice(rows, part, None, threads):
                features[row] = teachers[part].look(views.render(store, row, TEACHER_PX))

        with ThreadPoolExecutor(threads) as pool:
            for start in range(done, len(views), _CHUNK):
                rows = range(start, min(start + _CHUNK, len(views)))
                list(pool.map(look, range(threads), [rows] * threads))
                features.flush()
                done_file.write_text(str(rows.stop))
    return TaughtViews(views, features)
