"""One split of a dataset, by the name it has on the Hub or the folder it was saved to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ilk.errors import MissingExtraError, SourceError

SAVED = "dataset_info.json"
SAVED_SPLITS = "dataset_dict.json"

SCRIPT = "Dataset scripts are no longer supported"
"""How the library begins to say that a dataset is a program."""

MAX_REASON = 300
"""Characters of what the library says."""


def library() -> Any:
    """The library, imported when it is needed.

    Raises
    ------
    ilk.errors.MissingExtraError
        If it is not installed.
    """
    try:
        import datasets
    except ImportError as error:
        raise MissingExtraError('Datasets need a library: pip install "ilk[datasets]".') from error
    return datasets


def is_saved(path: Path) -> bool:
    """Whether a folder is one that a dataset was saved to."""
    return (path / SAVED).is_file() or (path / SAVED_SPLITS).is_file()


def fingerprint_of(data: Any) -> str | None:
    """What changes with everything that is done to a dataset; None for a stream, of which that is not known."""
    found = getattr(data, "_fingerprint", None)  # the library speaks of it, and has no other name for it
    return found if isinstance(found, str) else None


def one_split(data: Any, split: str | None, label: str) -> Any:
    """The split that is meant, of a dataset with or without several.

    Raises
    ------
    ilk.errors.SourceError
        If it does not say which, or there is no such one.
    """
    if isinstance(data, Mapping):
        return data[chosen_split(data, split, label)]
    if split is not None:
        raise SourceError(f'{label} has no splits; leave split="{split}" out.')
    return data


def chosen_split(splits: Iterable[str], split: str | None, label: str) -> str:
    """The split that was asked for, or the only one.

    Raises
    ------
    ilk.errors.SourceError
        If there is no such one, or there are several and none was asked for.
    """
    known = [str(each) for each in splits]
    if split is None and len(known) == 1:
        return known[0]
    if split is not None and (split in known or split.partition("[")[0] in known):
        return split
    there = ", ".join(known) or "none"
    if split is None:
        raise SourceError(
            f'{label} has several splits: {there}. Say which: split="{known[0]}" in Python, dataset:NAME:{known[0]} on '
            "the command line."
            if known
            else f"{label} has no splits: there is nothing in it."
        )
    raise SourceError(f'{label} has no split "{split}". It has: {there}.')


def from_folder(path: Path, split: str | None) -> Any:
    """A dataset that was saved to a folder.

    Raises
    ------
    ilk.errors.SourceError
        If it cannot be read.
    """
    datasets = library()
    try:
        data = datasets.load_from_disk(str(path))
    except Exception as error:
        raise SourceError(f'The dataset in "{path}" cannot be read: {_said(error)}') from error
    return one_split(data, split, f'The dataset in "{path}"')


def from_hub(name: str, split: str | None, *, streaming: bool) -> Any:
    """A dataset of the Hub, or one that is here from an earlier time. No program of anybody's is run for it.

    Raises
    ------
    ilk.errors.SourceError
        If there is none, or it cannot be had.
    """
    datasets = library()
    label = f'The dataset "{name}"'
    try:
        if split is None:
            split = chosen_split(datasets.get_dataset_split_names(name), None, label)
        return datasets.load_dataset(name, split=split, streaming=streaming)
    except SourceError:
        raise
    except Exception as error:
        if SCRIPT in str(error):
            raise SourceError(
                f"{label} is a program, which is not run. Look on the Hub for one of the same in Parquet, or make a "
                "dataset of it yourself and give the object."
            ) from error
        raise SourceError(
            f"{label} cannot be had: {_said(error)} Look on huggingface.co/datasets for its name; one that is private "
            "or gated needs `hf auth login`, and without a connection there is only what was fetched before."
        ) from error


def _said(error: Exception) -> str:
    """What the library says, as one sentence."""
    said = " ".join(str(error).split())[:MAX_REASON] or type(error).__name__
    return f"{said.rstrip('.')}."
