"""What was measured, as pictures: the curve of recall, the confusions, the index beside the truth."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ilk.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from ilk.analysis.evaluate import Evaluation
    from ilk.analysis.naming import Naming
    from ilk.analysis.retrieval import Retrieval

NUMBERED = 20
"""Labels up to which the cells of a confusion matrix carry their numbers."""

NAMED = 100
"""Labels up to which its rows carry their names."""


def draw(evaluation: Evaluation, folder: Path) -> tuple[Path, ...]:
    """Write a PNG for each part that was measured and has a shape to show.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    InputError
        If the folder cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError('Plots need matplotlib: run `pip install "ilk[plots]"`.') from error
    parts: dict[str, tuple[Any, Callable[[Any, Any], None]]] = {}
    if evaluation.captions is not None:
        parts["recall.png"] = (evaluation.captions, _draw_recall)
    if evaluation.labels is not None and evaluation.labels.zero_shot is not None:
        parts["confusion.png"] = (evaluation.labels, _draw_confusion)
    if evaluation.index:
        parts["index.png"] = (evaluation, _draw_index)
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, (part, paint) in parts.items():
            figure = Figure(figsize=(7, 5), layout="constrained")
            paint(figure, part)
            figure.savefig(folder / name, dpi=120)
            written.append(folder / name)
    except OSError as error:
        raise InputError(f"Plots cannot be written to {folder}: {error.strerror or error}.") from error
    return tuple(written)


def _draw_recall(figure: Any, retrieval: Retrieval) -> None:
    axes = figure.add_subplot()
    for said, ranks, colour in (
        ("words to pictures", retrieval.text_to_image, "tab:blue"),
        ("pictures to words", retrieval.image_to_text, "tab:orange"),
    ):
        places = range(1, len(ranks.curve) + 1)
        label = f"{said}: {ranks.queries:,} among {ranks.candidates:,}"
        axes.plot(places, [100 * share for share in ranks.curve], color=colour, label=label)
        for k, share in ranks.recall.items():
            if k <= len(ranks.curve):
                axes.plot([k], [100 * share], "o", color=colour, markersize=4)
                axes.annotate(f"{100 * share:.1f}", (k, 100 * share), (4, -11), textcoords="offset points", fontsize=8)
    axes.set(title="Recall", xlabel="k", ylabel="queries answered among the first k, %", xlim=(0, None), ylim=(0, 100))
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")


def _draw_confusion(figure: Any, naming: Naming) -> None:
    import numpy as np

    if naming.zero_shot is None:
        raise AssertionError("drawn only where it was measured")
    counts = np.array(naming.zero_shot.confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    size = min(24, max(6, 3 + 0.28 * len(naming.labels)))
    figure.set_size_inches(size + 1, size)
    axes = figure.add_subplot()
    shown = axes.imshow(100 * shares, cmap="Blues", vmin=0, vmax=100)
    figure.colorbar(shown, label="% of the row", shrink=0.8)
    title = f"Zero-shot: {100 * naming.zero_shot.top_1:.1f} % of {naming.pictures:,} right"
    axes.set(title=title, xlabel="found", ylabel=naming.field)
    if len(naming.labels) <= NAMED:
        places = range(len(naming.labels))
        axes.set_xticks(places, naming.labels, rotation=90, fontsize=8)
        axes.set_yticks(places, naming.labels, fontsize=8)
    if len(naming.labels) <= NUMBERED:
        for (row, column), count in np.ndenumerate(counts):
            if count:
                colour = "white" if shares[row, column] > 0.5 else "black"  # noqa: PLR2004 -- half of the scale
                axes.text(column, row, f"{count:,}", ha="center", va="center", color=colour, fontsize=8)


def _draw_index(figure: Any, evaluation: Evaluation) -> None:
    left, right = figure.subplots(1, 2)
    names = [each.modality for each in evaluation.index]
    bars = left.bar(names, [100 * each.recall for each in evaluation.index], color="tab:blue")
    left.bar_label(bars, fmt="%.1f")
    left.set(title=f"Recall@{evaluation.index[0].k} of the index", ylabel="%", ylim=(0, 110), xlabel="asked by")
    width = 0.4
    for shift, said, values in (
        (-width / 2, f"the gallery's index: {evaluation.index[0].index}", [each.index_ms for each in evaluation.index]),
        (width / 2, "every vector read and compared", [each.exact_ms for each in evaluation.index]),
    ):
        bars = right.bar([place + shift for place in range(len(names))], values, width, label=said)
        right.bar_label(bars, fmt="%.2f", fontsize=8)
    right.set(title=f"{evaluation.index[0].vectors:,} vectors", ylabel="ms a query", xlabel="asked by")
    right.set_xticks(range(len(names)), names)
    right.legend(fontsize=8)
    right.margins(y=0.25)
