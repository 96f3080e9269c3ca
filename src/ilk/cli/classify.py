"""``ilk classify``: labels without training."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ilk.cli.options import compute_of, compute_options, gallery_option, json_option, model_option
from ilk.cli.output import NOTHING_FOUND, complain

if TYPE_CHECKING:
    from ilk.analysis.classification import Labelled
    from ilk.analysis.classify import Classifying
    from ilk.encoders.compute import ComputeOptions
    from ilk.gallery import Gallery


@click.command(short_help="Give pictures the label that they look most like.")
@click.argument("pictures", metavar="[PICTURE]...", nargs=-1)
@click.option("--labels", "-l", metavar="A,B,C", help="What to choose among, with commas between.")
@click.option(
    "--labels-file", metavar="FILE", type=click.Path(path_type=Path), help="The same from a text file, one a line."
)
@click.option(
    "--template",
    "templates",
    metavar="TEXT",
    multiple=True,
    help="A sentence with {} where the label goes; give several to average them. By default seven, such as "
    "'a photo of a {}'.",
)
@click.option("--save", metavar="FIELD", help="Write the label into this field of the metadata, for filters to use.")
@click.option(
    "--other/--no-other",
    default=True,
    show_default=True,
    help="Call pictures `other` that no label fits, or give each the best there is.",
)
@click.option(
    "--top", metavar="N", type=click.IntRange(min=1), default=3, show_default=True, help="Best labels to name."
)
@click.option("--where", metavar="EXPR", help="Only pictures that this filter matches, such as 'year >= 2020'.")
@click.option(
    "--query",
    "-q",
    metavar="QUERY",
    help="Only the pictures nearest to this, in words or as in `ilk search`, such as 'beach + item:ID'.",
)
@click.option("-k", metavar="N", type=click.IntRange(min=1), default=10, show_default=True, help="How many of those.")
@click.option("--each", is_flag=True, help="Say what each picture of the gallery is, not only how many are what.")
@gallery_option
@model_option
@compute_options
@json_option
def classify(
    pictures: tuple[str, ...],
    *,
    labels: str | None,
    labels_file: Path | None,
    templates: tuple[str, ...],
    save: str | None,
    other: bool,
    top: int,
    where: str | None,
    query: str | None,
    k: int,
    each: bool,
    gallery: Path | None,
    model: str | None,
    device: str | None,
    precision: str | None,
    as_json: bool,
) -> None:
    """Give pictures the label that they look most like: of the whole gallery, of a query's hits, or those named.

    \b
        ilk classify --labels cat,dog,car
        ilk classify --labels cat,dog,car --save kind    then: ilk search a garden --where 'kind = "cat"'
        ilk classify --labels cat,dog,car photo.jpg
    """
    from ilk.analysis.classify import Classifying
    from ilk.analysis.labels import TEMPLATES, Labels
    from ilk.query import parse

    asked = Labels(names=_labels(labels, labels_file), templates=templates or TEMPLATES)
    with _opened(gallery, compute_of(device, precision), needed=not pictures) as opened:
        classifying = Classifying(
            gallery=opened,
            labels=asked,
            other=other,
            top=top,
            save=save,
            where=where,
            query=None if query is None else parse(re.split(r"\s+([+-])\s+", query)),
            k=k,
            pictures=pictures or None,
            model=model,
        )
        counts = Counter[str]()
        found = _counted(classifying.each(), counts)
        if as_json:
            _print_json(classifying, found, counts)
        elif each or pictures or query is not None:
            for labelled in found:
                print(_line(labelled))
        else:
            for _ in found:
                pass
            _print_counts(counts)
        _say_what_is_assumed(classifying)
    if not counts:
        complain("There is no picture to label.")
        sys.exit(NOTHING_FOUND)
    if save is not None:
        complain(f"Saved as {save} and {save}_probability: filters can use both.")


def _opened(
    path: Path | None, compute: ComputeOptions | None, *, needed: bool
) -> AbstractContextManager[Gallery | None]:
    """The gallery; none is needed for pictures that are named."""
    from ilk.errors import GalleryNotFoundError
    from ilk.opening import open_gallery

    try:
        return open_gallery(path, compute=compute)
    except GalleryNotFoundError:
        if needed or path is not None:
            raise
        return nullcontext()


def _say_what_is_assumed(classifying: Classifying) -> None:
    from ilk.analysis.classification import ASSUMED

    if classifying.classifier.logits is ASSUMED:
        complain(
            f"The files of {classifying.encoder.name} do not say how its cosines become probabilities: a scale of "
            f"{ASSUMED.scale:g} was taken. Which label is best does not depend on it."
        )
    if classifying.gallery is not None and classifying.pictures is None:
        missing = classifying.gallery.unencoded(classifying.model)
        if missing and classifying.query is None:
            complain(
                f"{missing:,} pictures have no vector of the model {classifying.encoder.name} yet and got no label: "
                f"run `ilk index FOLDER --model {classifying.encoder.name}`."
            )


def _labels(given: str | None, file: Path | None) -> list[str]:
    """Those of both options.

    Raises
    ------
    InputError
        If neither was given, or a file cannot be read.
    """
    from ilk.analysis.labels import read_labels
    from ilk.errors import InputError

    if given is None and file is None:
        raise InputError("There are no labels to choose among: give --labels cat,dog,car or --labels-file FILE.")
    named = [] if given is None else given.split(",")
    return named + ([] if file is None else read_labels(file))


def _counted(items: Iterator[Labelled], counts: Counter[str]) -> Iterator[Labelled]:
    for each in items:
        counts[each.label] += 1
        yield each


def _line(labelled: Labelled) -> str:
    """A picture, what it is, and what it might be, for a person and for `cut`."""
    from ilk.render.terminal import visible

    best = ", ".join(f"{each.label} {each.probability:.2f}" for each in labelled.top)
    return visible(f"{labelled.id}") + f"\t{visible(labelled.label)}\t{visible(best)}"


def _print_counts(counts: Counter[str]) -> None:
    from ilk.render.terminal import visible

    total = sum(counts.values())
    width = max((len(f"{count:,}") for count in counts.values()), default=1)
    for label, count in counts.most_common():
        print(f"{count:>{width},}  {100 * count / total:5.1f} %  {visible(label)}")


def _print_json(classifying: Classifying, found: Iterator[Labelled], counts: Counter[str]) -> None:
    """As `print_json` of the whole answer would, but written as it is found: a gallery may have millions."""
    empty = classifying.gathered(()).to_dict()
    head = {key: value for key, value in empty.items() if key not in {"items", "count", "counts"}}
    sys.stdout.write(json.dumps(head)[:-1] + ', "items": [')
    for number, labelled in enumerate(found):
        sys.stdout.write((", " if number else "") + json.dumps(labelled.to_dict()))
    rest = {"count": sum(counts.values()), "counts": dict(counts.most_common())}
    sys.stdout.write("], " + json.dumps(rest)[1:] + "\n")
