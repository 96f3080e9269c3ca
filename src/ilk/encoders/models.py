"""Models by name: the one that is built in, a folder, or a name on the Hugging Face Hub."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ilk.encoders.base import Modality
from ilk.errors import InputError, ModelFormatError, ModelNotFoundError

if TYPE_CHECKING:
    from ilk.encoders.base import Encoder
    from ilk.encoders.onnx import OnnxEncoder


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """What to know of a model before choosing it.

    Attributes
    ----------
    name
        To give to `load_encoder`.
    summary
        One sentence.
    source
        Where it comes from.
    licence
        SPDX identifier of its weights' licence.
    size_bytes
        To download; 0 for what comes inside the package.
    dimension
        Numbers in a vector.
    modalities
        What it can encode.
    languages
        That it reads, as ISO 639 codes.
    """

    name: str
    summary: str
    source: str
    licence: str
    size_bytes: int
    dimension: int
    modalities: frozenset[Modality]
    languages: tuple[str, ...]


_BUILT_IN = {"pocket": Path(__file__).parent / "pocket"}

CARDS: tuple[ModelCard, ...] = (
    ModelCard(
        name="pocket",
        summary="Small and built in: works offline in the first minute. For real use name a larger model.",
        source="trained by this project (training/)",
        licence="Apache-2.0",
        size_bytes=0,
        dimension=256,
        modalities=frozenset({"image", "text"}),
        languages=("en",),
    ),
)

_HUB_NAME = re.compile(r"(?P<repository>[A-Za-z0-9][\w.-]*/[\w.-]+)(?:@(?P<revision>[^@\s]+))?")
_VARIANT = re.compile(r"(?P<base>.+)#(?P<variant>[a-z0-9]+)")


def models_available() -> tuple[ModelCard, ...]:
    """The models that ilk knows by a card. Any other can be named by its folder or its name on the Hub."""
    return CARDS


def load_encoder(
    name_or_path: str | Path,
    *,
    variant: str | None = None,
    device: str = "cpu",
    threads: int | None = None,
    batch_size: int = 32,
) -> Encoder:
    """Open a model. Its weights are loaded when they are first used, a tower at a time.

    Parameters
    ----------
    name_or_path
        ``"pocket"``; a folder; or ``"organisation/name"`` on the Hugging Face Hub, with ``"@revision"`` after it to
        pin one. ``"#variant"`` at the end chooses among weights, as `variant` does.
    variant
        Which weights, such as ``"quantized"`` or ``"fp16"``; None for full precision.
    device
        What computes: ``"cpu"``, or another of `ilk.encoders.compute.DEVICES` that the installed ONNX Runtime has.
    threads
        How many compute one batch; None for the processors this process may use.
    batch_size
        Pictures or texts that go through a tower at once.

    Raises
    ------
    ModelNotFoundError
        If there is no model of that name, here or where it could be fetched from.
    ModelFormatError
        If the files are not a model ilk can run, or there is no such variant.
    MissingExtraError
        If the installed ONNX Runtime lacks the device.

    Notes
    -----
    The encoder's name is what a gallery needs to open the same model again: a folder's is its absolute path, and a
    variant is part of it.
    """
    from ilk.encoders.compute import ComputeOptions
    from ilk.encoders.onnx import OnnxEncoder

    name, variant = _split_variant(name_or_path, variant)
    options = ComputeOptions(device=device, threads=threads, batch_size=batch_size)
    ending = f"#{variant}" if variant else ""

    def open_folder(folder: Path, called: str, revision: str | None = None) -> OnnxEncoder:
        return OnnxEncoder(
            folder,
            name=called + ending,
            revision=revision,
            variant=variant,
            options=options,
        )

    if name in _BUILT_IN:
        return open_folder(_BUILT_IN[name], name)
    folder = Path(name).expanduser()
    if name and folder.is_dir():  # Path("") is the working directory
        return open_folder(folder.absolute(), str(folder.absolute()))
    match = _HUB_NAME.fullmatch(name)
    if match is None or folder.is_file():
        raise ModelNotFoundError(_unknown(name, folder))

    from ilk.encoders import hub

    repository, revision = match["repository"], match["revision"]
    snapshot = hub.cached(repository, revision)
    if snapshot is not None:
        try:
            return open_folder(snapshot.folder, name, snapshot.commit)
        except ModelFormatError:
            pass  # fetched for another purpose, or in part: the rest is fetched below
    snapshot = hub.fetch(repository, revision, variant=variant)
    return open_folder(snapshot.folder, name, snapshot.commit)


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
        return f"{name} is a file: name the folder that a model's config.json and onnx/ are in."
    close = difflib.get_close_matches(name, _BUILT_IN, n=1)
    hint = f" Did you mean {close[0]}?" if close else ""
    return (
        f"There is no model {name!r}.{hint} Name the built-in `pocket`, a folder with a model's files, or one on the "
        "Hugging Face Hub as `organisation/name`."
    )
