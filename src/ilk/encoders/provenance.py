"""Which checkpoint an export was made of, so that a gallery knows both for one model.

An index made with a checkpoint on a GPU can then be searched on a laptop with its export, without torch, and the
reverse: their vectors were compared when the export was written (`ilk.encoders.torch.export`). The file also names the
digest of the export as it was then. If the files are others now, it says nothing about them.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ilk.encoders.base import Modality

FILE = "ilk.json"

LEAST_COSINE = 0.999
"""To the checkpoint in float32, at worst, with which coarser weights are taken without being asked for.

That is an angle of two and a half degrees. Rounding points in no direction of its own, and of that angle each direction
in d dimensions has but the share 1/sqrt(d): two vectors so far off change their similarity by about 0.003 where d is
512. `Parity.similarity_error` says what it came to.
"""

MOST_BY_COMPANY = 1e-4
"""By which a number of a vector may differ with what shares its batch; above that, an answer depends on chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """How close an export's vectors are to the checkpoint's in float32, over pictures or texts of many kinds.

    Attributes
    ----------
    modality
        ``"image"`` or ``"text"``.
    rows
        How many were compared.
    cosine_min, cosine_mean
        Of each vector with the one it should be.
    similarity_error
        The most by which the similarity of two of them is off.
    batch_error
        The most by which a number of a vector differs when it is encoded alone.
    """

    modality: Modality
    rows: int
    cosine_min: float
    cosine_mean: float
    similarity_error: float
    batch_error: float

    @property
    def is_near(self) -> bool:
        """Whether that is near enough to be taken without being asked for."""
        return self.cosine_min >= LEAST_COSINE and self.batch_error <= MOST_BY_COMPANY


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What was measured of one variant, and of which files.

    Attributes
    ----------
    digest
        Of the variant as it was then.
    towers
        One for each tower.
    """

    digest: str
    towers: tuple[Parity, ...]

    def near(self) -> frozenset[Modality]:
        """The towers that may be taken without being asked for."""
        return frozenset(each.modality for each in self.towers if each.is_near)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """The origin of an export.

    Attributes
    ----------
    model, revision
        The checkpoint as it was asked for.
    digest
        Of the checkpoint.
    pooling
        How its outputs become one vector.
    exports
        The digest of each faithful variant; full precision under the empty string.
    written_by
        Versions, by package.
    logits
        How cosines become probabilities, as `ilk.encoders.logits.Logits.to_dict` says it; None if that is not known.
    proofs
        What was measured of variants with coarser weights.
    """

    model: str
    revision: str | None
    digest: str
    pooling: str
    exports: dict[str, str] = field(default_factory=dict)
    written_by: dict[str, str] = field(default_factory=dict)
    logits: dict[str, Any] | None = None
    proofs: dict[str, Proof] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> Provenance | None:
        """That of an export; None where there is none that can be read."""
        try:
            content = json.loads((folder / FILE).read_bytes())
            required = {name: content[name] for name in cls.__slots__ if name not in {"logits", "proofs"}}
            return cls(**required, logits=content.get("logits"), proofs=_proofs(content.get("proofs", {})))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def write(self, folder: Path) -> None:
        """Leave it beside the export."""
        content: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        content["proofs"] = {variant: asdict(proof) for variant, proof in self.proofs.items()}
        (folder / FILE).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _proofs(content: dict[str, Any]) -> dict[str, Proof]:
    return {
        variant: Proof(digest=each["digest"], towers=tuple(Parity(**tower) for tower in each["towers"]))
        for variant, each in content.items()
    }


def near_towers(folder: Path, variant: str, digest: str) -> frozenset[Modality]:
    """The towers of a variant that were proven near enough to be taken without being asked for.

    Parameters
    ----------
    folder, variant
        Which files.
    digest
        Of them as they are now: if they were changed since, nothing is known of them.
    """
    origin = Provenance.read(folder)
    proof = origin.proofs.get(variant) if origin is not None else None
    return proof.near() if proof is not None and proof.digest == digest else frozenset()


def digest_known_by(folder: Path, variant: str | None, digest: str) -> str:
    """The digest of the checkpoint that these files are a faithful export of; their own if they are of none."""
    origin = Provenance.read(folder)
    faithful = origin is not None and origin.exports.get(variant or "") == digest
    return origin.digest if origin is not None and faithful else digest
