"""Labels as a person gives them, and the texts that they are asked with.

A model reads sentences better than bare words, and the average of several sentences better than one (Radford et al.
2021, section 3.1.4, who use 80 for ImageNet). These few are ilk's own; ``--template`` puts others in their place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ilk.errors import InputError, ModalityError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ilk.encoders.base import Encoder

TEMPLATES = (
    "a photo of a {}",
    "a photo of the {}",
    "a close-up photo of a {}",
    "a bright photo of a {}",
    "a photo of one {}",
    "a photo of many {}",
    "{}",
)

MAX_LABELS = 10_000
"""More are a vocabulary, and a search for each."""

OTHER = "other"
"""What a picture is called that no label fits."""

TOGETHER = 256
"""Labels encoded at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Names to choose among, and the sentences they are put into. Checked when it is made.

    Raises
    ------
    InputError
        If there are none, too many, an empty one or one twice; or a template has no place for a label.
    """

    names: Sequence[str]
    templates: Sequence[str] = TEMPLATES

    def __post_init__(self) -> None:
        if isinstance(self.names, str) or isinstance(self.templates, str):
            raise InputError("Labels and templates are lists of texts; a single text was given.")
        names = tuple(str(name).strip() for name in self.names)
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "templates", tuple(self.templates))
        if not names:
            raise InputError("There are no labels to choose among: give some, such as cat, dog, car.")
        if len(names) > MAX_LABELS:
            raise InputError(f"{len(names):,} labels are too many: {MAX_LABELS:,} at most are compared.")
        seen = set[str]()
        for place, name in enumerate(names, start=1):
            if not name:
                raise InputError(f"Label {place} of {len(names)} is empty: leave it out.")
            if name.casefold() in seen:
                raise InputError(f'The label "{name}" was given twice: pictures cannot be told apart by it.')
            seen.add(name.casefold())
        if not self.templates:
            raise InputError('There is no template: give one, such as "a photo of a {}", or leave the option away.')
        for template in self.templates:
            if "{}" not in template:
                raise InputError(
                    f'The template "{template}" has no {{}}, where the label goes: write "a photo of a {{}}".'
                )

    def encode(self, encoder: Encoder) -> npt.NDArray[np.float32]:
        """One unit row of shape (d,) for each label: the direction that its sentences have together.

        Raises
        ------
        ModalityError
            If the model cannot read.
        """
        return encode_names(encoder, self.names, self.templates)


def encode_names(encoder: Encoder, names: Sequence[str], templates: Sequence[str]) -> npt.NDArray[np.float32]:
    """Unit rows (n, d) of n names, each put into every template."""
    import numpy as np

    from ilk.captioning import average_texts

    if "text" not in encoder.modalities:
        raise ModalityError(
            f"{encoder.name} only sees pictures: it cannot read labels. Index with a model that does both, such as "
            "pocket, and name it with --model."
        )
    return np.concatenate(
        [
            average_texts(encoder, [[template.replace("{}", name) for template in templates] for name in some])
            for some in (names[start : start + TOGETHER] for start in range(0, len(names), TOGETHER))
        ]
    )


def read_labels(path: Path) -> list[str]:
    """Labels from a text file, one a line; empty lines are passed over.

    Raises
    ------
    InputError
        If it cannot be read as text.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror or error if isinstance(error, OSError) else "it is not UTF-8"
        raise InputError(f"The labels cannot be read from {path}: {said}. Give a text file with one a line.") from error
    return [line.strip() for line in lines if line.strip()]
