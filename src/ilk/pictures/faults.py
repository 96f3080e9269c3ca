"""Turns whatever a decoder raises into the one error that ilk reports."""

from __future__ import annotations

import re
import struct

from PIL import Image

from ilk.errors import PictureError

TRUNCATED = re.compile(
    r"truncated|not enough|but only got|buffer is not large enough|unexpected end|end of file", re.IGNORECASE
)
"""How decoders say that the end is missing."""

UNSUPPORTED = re.compile(
    r"unsupported|not supported|not yet supported|unimplemented|cannot handle|unknown pixel", re.IGNORECASE
)
"""How they say that the file may be right, but is beyond them."""


def explain(error: Exception, *, subject: str, kind: str) -> PictureError:
    """The reason why a picture cannot be had.

    Parameters
    ----------
    error
        What the decoder raised.
    subject
        The picture, as a sentence would begin with it.
    kind
        The format it seems to be of.
    """
    if isinstance(error, PictureError):
        return error
    said = re.sub(r"\s+", " ", str(error)).strip().rstrip(".")[:200]
    detail = f" ({said})" if said else ""
    if isinstance(error, Image.DecompressionBombError):
        message, code = f"{subject} has more pixels than can be decoded safely{detail}.", "too-many-pixels"
    elif isinstance(error, MemoryError):
        message, code = f"{subject} cannot be read just now: there is not enough memory.", "unreadable"
    elif "Decompressed data too large" in said:
        message, code = f"{subject} has a text or profile inside that swells beyond measure.", "too-many-bytes"
    elif isinstance(error, NotImplementedError) or UNSUPPORTED.search(said):
        message, code = f"{subject} is a {kind} of a variety that cannot be read{detail}.", "unsupported"
    elif isinstance(error, (EOFError, struct.error, IndexError)) or TRUNCATED.search(said):
        message, code = f"{subject} is a {kind} whose end is missing{detail}.", "truncated"
    else:
        message, code = f"{subject} is a damaged {kind}{detail}.", "damaged"
    return PictureError(message, code=code)
