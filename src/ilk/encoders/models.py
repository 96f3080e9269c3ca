"""Models by name: the one that is built in, a folder, one of OpenAI's names, or a name on the Hugging Face Hub."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ilk.encoders.card import ModelCard
from ilk.encoders.cards import CARDS, OPENAI_NAMES
from ilk.encoders.compute import ComputeOptions, Precision
from ilk.errors import IlkError, InputError, MissingExtraError, ModelFormatError, ModelNotFoundError

if TYPE_CHECKING:
    from ilk.encoders.base import Encoder
    from ilk.encoders.hub import Snapshot, Watcher
    from ilk.encoders.torch import TorchEncoder

_Opened = TypeVar("_Opened")

_BUILT_IN = {"pocket": Path(__file__).parent / "pocket"}

_HUB_NAME = re.compile(r"(?P<repository>[A-Za-z0-9][\w.-]*/[\w.-]+)(?:@(?P<revision>[^@\s]+))?")
_VARIANT = re.compile(r"(?P<base>.+)#(?P<variant>[a-z0-9]+)")


def models_available() -> tuple[ModelCard, ...]:
    """The models that ilk knows by a card. Any other can be named by its folder or its name on the Hub."""
    return CARDS


def load_encoder(  # noqa: PLR0913 -- what people may set, by the names they know
    name_or_path: str | Path,
    *,
    variant: str | None = None,
    device: str = "auto",
    precision: Precision = "auto",
    threads: int | None = None,
    batch_size: int | None = None,
) -> Encoder:
    """Open a model. Its weights are loaded when they are first used, a tower at a time where it has a file of its own.

    Parameters
    ----------
    name_or_path
        ``"pocket"``; a folder; ``"organisation/name"`` on the Hugging Face Hub, with ``"@revision"`` after it to pin
        one; or what OpenAI's package calls a model, such as ``"ViT-B/32"``. ``"#variant"`` at the end chooses among
        weights and runtimes, as `variant` does.
    variant
        Which ONNX weights, such as ``"quantized"`` or ``"fp16"``; ``"torch"`` to have PyTorch run the checkpoint
        where there are both; ``"cls"``, ``"pooler"`` or ``"mean"`` for that, with its outputs pooled otherwise than
        is usual for its family. None for ONNX weights in full precision, with those of eight bits beside them where
        their export proved near and they are faster, or a checkpoint where there are none.
    device
        What computes, one of `ilk.encoders.compute.DEVICES`.
    precision
        Of the arithmetic, one of `ilk.encoders.compute.PRECISIONS`. With ``"int8"`` a folder's ONNX weights of eight
        bits are taken, and named.
    threads
        How many compute one batch; None for the processors this process may use.
    batch_size
        Pictures or texts that go through a tower at once; None to find out what is fastest.

    Raises
    ------
    ModelNotFoundError
        If there is no model of that name, here or where it could be fetched from.
    ModelFormatError
        If the files are not a model ilk can run, or there is no such variant.
    MissingExtraError
        If what would run it is not installed: PyTorch for a checkpoint, another ONNX Runtime for a device.

    Notes
    -----
    The encoder's name is what a gallery needs to open the same model again: a folder's is its absolute path, one of
    OpenAI's names becomes that of the checkpoint, and a variant is part of it.
    """
    place = _Place.of(name_or_path, variant)
    options = ComputeOptions(device=device, precision=precision, threads=threads, batch_size=batch_size)

    def open_folder(folder: Path, revision: str | None = None) -> Encoder:
        return _open(folder, place, revision=revision, options=options)

    if place.folder is not None:
        return open_folder(place.folder)
    return _open_from_hub(place, lambda snapshot: open_folder(snapshot.folder, snapshot.commit))


@dataclass(frozen=True, slots=True)
class Fetched:
    """A model that is on this machine now.

    Attributes
    ----------
    name
        What it was asked for by.
    pinned
        What to call it so that it is the same one for ever, here and elsewhere.
    folder
        Where its files are.
    """

    name: str
    pinned: str
    folder: Path


def fetch_model(name: str, *, watcher: Watcher | None = None) -> Fetched:
    """Have a model on this machine, so that it can be used without a connection.

    Parameters
    ----------
    name
        As for `load_encoder`, with the variant if there is one.
    watcher
        Told how many bytes are here and how many there will be, if any are fetched.

    Raises
    ------
    ModelNotFoundError
        If there is no model of that name, here or where it could be fetched from.
    ModelFormatError
        If the files are not a model ilk can run, or there is no such variant.
    MissingExtraError
        If it is a checkpoint and PyTorch is not installed.
    """
    place = _Place.of(name, None)
    if place.folder is not None:
        load_encoder(name)
        return Fetched(name, place.name, place.folder)

    def check(snapshot: Snapshot) -> Snapshot:
        _open(snapshot.folder, place, revision=snapshot.commit, options=ComputeOptions())
        return snapshot

    snapshot = _open_from_hub(place, check, watcher)
    return Fetched(name, f"{place.repository}@{snapshot.commit}{place.ending}", snapshot.folder)


def open_checkpoint(name: str) -> TorchEncoder:
    """Open the checkpoint of a model, also where there is an ONNX export of it beside.

    Raises
    ------
    ModelNotFoundError, ModelFormatError, MissingExtraError
        As `load_encoder`.
    """
    from ilk.encoders.torch import TorchEncoder

    encoder = load_encoder(name, variant=_Place.of(name, None).variant or "torch")
    if not isinstance(encoder, TorchEncoder):
        raise ModelFormatError(f"{name} names ONNX weights; a checkpoint is named without a variant, or with #torch.")
    return encoder


def is_here(name: str) -> bool:
    """Whether a model can be used without fetching anything."""
    from ilk.encoders.runtimes import needed_files

    place = _Place.of(name, None)
    if place.folder is not None:
        return True

    from ilk.encoders import hub

    for snapshot in hub.cached(place.repository, place.revision, variant=place.variant):
        files = [path.relative_to(snapshot.folder).as_posix() for path in snapshot.folder.rglob("*")]
        try:
            return bool(needed_files(files, place.variant, name=name))
        except IlkError:  # what another program fetched of it is not what ilk reads
            continue
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a name leads: a folder, or a repository of the Hub. `name` is what to record, with the variant."""

    name: str
    variant: str | None
    folder: Path | None = None
    repository: str = ""
    revision: str | None = None

    @property
    def ending(self) -> str:
        return f"#{self.variant}" if self.variant else ""

    @classmethod
    def of(cls, name_or_path: str | Path, variant: str | None) -> _Place:
        name, variant = _split_variant(name_or_path, variant)
        ending = f"#{variant}" if variant else ""
        if name in _BUILT_IN:
            return cls(name=name + ending, variant=variant, folder=_BUILT_IN[name])
        folder = Path(name).expanduser()
        if name and folder.is_dir():  # Path("") is the working directory
            return cls(name=f"{folder.absolute()}{ending}", variant=variant, folder=folder.absolute())
        name = OPENAI_NAMES.get(name, name)  # first, since one of them has an @ of its own
        match = _HUB_NAME.fullmatch(name)
        if match is None or folder.is_file():
            raise ModelNotFoundError(_unknown(name, folder))
        return cls(name=name + ending, variant=variant, repository=match["repository"], revision=match["revision"])


def _open(folder: Path, place: _Place, *, revision: str | None, options: ComputeOptions) -> Encoder:
    from ilk.encoders.runtimes import TORCH_VARIANTS, require_torch, runtime_of

    inside = [path.relative_to(folder).as_posix() for path in (*folder.glob("*"), *folder.glob("*/*.onnx"))]
    if runtime_of(inside, place.variant) == "torch":
        require_torch(place.name, checkpoint=place.repository or None)
        from ilk.encoders.torch import TorchEncoder

        pooling = TORCH_VARIANTS[place.variant] if place.variant else None
        return TorchEncoder(folder, name=place.name, revision=revision, pooling=pooling, options=options)

    from ilk.encoders.engines import INT8_VARIANTS
    from ilk.encoders.layout import layout_of, variants_in
    from ilk.encoders.onnx import OnnxEncoder

    if options.precision == "int8" and place.variant is None:
        there = variants_in(inside, layout_of(inside))
        if variant := next((each for each in INT8_VARIANTS if each in there), None):
            place = replace(place, name=f"{place.name}#{variant}", variant=variant)
    return OnnxEncoder(folder, name=place.name, revision=revision, variant=place.variant, options=options)


def _open_from_hub(
    place: _Place, open_snapshot: Callable[[Snapshot], _Opened], watcher: Watcher | None = None
) -> _Opened:
    """Open what the cache holds of a model, else what is fetched of it."""
    from ilk.encoders import hub

    unfit: ModelFormatError | None = None
    missing: MissingExtraError | None = None
    for snapshot in hub.cached(place.repository, place.revision, variant=place.variant):
        try:
            return open_snapshot(snapshot)
        except ModelFormatError as error:
            unfit = error  # fetched for another purpose, or in part: the rest is fetched below
        except MissingExtraError as error:
            missing = error  # another program fetched the checkpoint; the Hub may have ONNX files beside it
    try:
        snapshot = hub.fetch(place.repository, place.revision, variant=place.variant, watcher=watcher)
    except ModelNotFoundError as error:
        if missing is not None:
            raise missing from None
        if unfit is not None:
            raise ModelNotFoundError(f"{error} What is here of it does not do: {unfit}") from error
        raise
    return open_snapshot(snapshot)


def _split_variant(name_or_path: str | Path, variant: str | None) -> tuple[str, str | None]:
    name = str(name_or_path)
    match = _VARIANT.fullmatch(name)
    if match is None or Path(name).expanduser().exists():
        return name, variant
    if variant is not None and variant != match["variant"]:
        raise InputError(f"{name} names one variant and variant={variant!r} another: give one of them.")
    return match["base"], match["variant"]


def _unknown(name: str, folder: Path) -> str:
    import difflib

    if folder.is_file():
        return f"{name} is a file: name the folder that a model's config.json and weights are in."
    known = [*_BUILT_IN, *OPENAI_NAMES, *(card.name for card in CARDS)]
    close = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {close[0]}?" if close else ""
    return (
        f"There is no model {name!r}.{hint} Name the built-in `pocket`, a folder with a model's files, or one on the "
        "Hugging Face Hub as `organisation/name`; `ilk models list` shows some."
    )
