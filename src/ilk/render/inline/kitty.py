"""The graphics protocol of kitty, which Ghostty and others have too (sw.kovidgoyal.net/kitty/graphics-protocol)."""

from __future__ import annotations

import io
from base64 import b64encode
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

CHUNK = 4096
"""Characters of data in one command, at most: the protocol's limit."""


def encode(image: Image, *, columns: int, rows: int) -> str:
    """What to print so that a picture covers so many cells from the cursor on, which stays.

    It is sent as a PNG. The terminal is told not to answer (``q=2``): nobody would read it.
    """
    file = io.BytesIO()
    image.save(file, "PNG")
    data = b64encode(file.getvalue()).decode()
    chunks = [data[start : start + CHUNK] for start in range(0, len(data), CHUNK)]
    first = f"a=T,f=100,q=2,C=1,c={columns},r={rows},"
    return "".join(
        f"\x1b_G{'' if number else first}m={int(number < len(chunks) - 1)};{chunk}\x1b\\"
        for number, chunk in enumerate(chunks)
    )
