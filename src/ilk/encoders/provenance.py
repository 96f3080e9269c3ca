"""Which checkpoint an export was made of, so that a gallery knows both for one model.

An index made with a checkpoint on a GPU can then be searched on a laptop with its export, without torch, and the
reverse: their vectors were compared when the export was written (`ilk.encoders.torch.export`). The file also names the
digest of the export as it was then. If the files are others now, it says nothing about them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FILE = "ilk.json"


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
    """

    model: str
    revision: str | None
    digest: str
    pooling: str
    exports: dict[str, str] = field(default_factory=dict)
    written_by: dict[str, str] = field(default_factory=dict)
    logits: dict[str, Any] | None = None

    @classmethod
    def read(cls, folder: Path) -> Provenance | None:
        """That of an export; None where there is none that can be read."""
        try:
            content = json.loads((folder / FILE).read_bytes())
            required = {name: content[name] for name in cls.__slots__ if name != "logits"}
            return cls(**required, logits=content.get("logits"))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, folder: Path) -> None:
        """Leave it beside the export."""
        content: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        (folder / FILE).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def digest_known_by(folder: Path, variant: str | None, digest: str) -> str:
    """The digest of the checkpoint that these files are a faithful export of; their own if they are of none."""
    origin = Provenance.read(folder)
    faithful = origin is not None and origin.exports.get(variant or "") == digest
    return origin.digest if origin is not None and faithful else digest
