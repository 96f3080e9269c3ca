"""The inline images of iTerm2, which WezTerm and mintty have too (iterm2.com/documentation-images.html)."""

from __future__ import annotations

import io
from base64 import b64encode
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image


def encode(image: Image, *, columns: int, rows: int) -> str:
    """What to print so that a picture covers at most so many cells, in its own shape."""
    file = io.BytesIO()
    image.save(file, "PNG")
    data = file.getvalue()
    size = f"size={len(data)};width={columns};height={rows};preserveAspectRatio=1"
    return f"\x1b]1337;File=inline=1;{size}:{b64encode(data).decode()}\x07"
