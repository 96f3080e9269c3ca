"""What is said of a picture: one of its captions, or its label in one of several phrasings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from training.manifest import Picture

TEMPLATES = ("{}", "a photo of {}", "a photo of a {}", "a picture of a {}", "someone's {}", "one {}, close up")
PREFIXES = ("a photo of a ", "a photo of an ", "a photo of ", "a product photo of ")


class Captions:
    """Draws texts for pictures.

    Parameters
    ----------
    pictures
        The manifest.
    bare
        How often a phrase such as "a photo of a dog" becomes "dog".
    """

    def __init__(self, pictures: Sequence[Picture], bare: float) -> None:
        self.pictures = pictures
        self.bare = bare

    def draw(self, row: int, rng: np.random.Generator, count: int = 1) -> list[str]:
        """Return ``count`` texts for one picture, different ones where it has that many.

        Parameters
        ----------
        row
            Of the manifest.
        rng
            Source of chance.
        count
            How many.

        Returns
        -------
        list[str]
            Texts.
        """
        picture = self.pictures[row]
        said: list[str] = list(picture.captions)
        if picture.label is not None:
            said += [t.format(picture.label) for t in TEMPLATES]
        order = rng.permutation(len(said))
        texts = [said[order[k % len(said)]] for k in range(count)]
        return [self._strip(t) if rng.random() < self.bare else t for t in texts]

    @staticmethod
    def _strip(text: str) -> str:
        for prefix in PREFIXES:
            if text.startswith(prefix):
                return text.removeprefix(prefix)
        return text


def every_text(pictures: Sequence[Picture]) -> list[str]:
    """List every caption and label of the training pictures, for the tokenizer.

    Parameters
    ----------
    pictures
        The manifest.

    Returns
    -------
    list[str]
        With repetitions, since frequent words should stay whole.
    """
    training = [p for p in pictures if p.split == "train"]
    return [c for p in training for c in p.captions] + [p.label for p in training if p.label is not None]
