"""How large the pictures inside an icon are, which its own header need not say truly.

Pillow decodes an ICO while it opens it, whatever is inside, so this has to be known before.
"""

from __future__ import annotations

import re

ICONS = frozenset({"ICO", "CUR", "ICNS"})

ICON_PIXELS = 2048 * 2048
"""More than any icon has: the largest that systems ask for is 1024 pixels wide."""

_BIG_ENDIAN = re.compile(rb"(?:\x89PNG\r\n\x1a\n....IHDR|\xff\x4f\xff\x51....)(....)(....)", re.DOTALL)
"""Width and height in the header of a PNG, and of a JPEG 2000 codestream (ISO 15444-1, A.5.1)."""

_LITTLE_ENDIAN = re.compile(rb"\x28\0\0\0(....)(....)\x01\0", re.DOTALL)
"""Width and height in the header of a bitmap; the height counts the mask below the picture as well."""


def largest_inside(data: bytes) -> int:
    """Pixels of the largest picture inside an icon; at most what the bytes could be read as."""
    sizes = [(int.from_bytes(across), int.from_bytes(down)) for across, down in _BIG_ENDIAN.findall(data)]
    sizes += [
        (int.from_bytes(across, "little", signed=True), int.from_bytes(down, "little", signed=True))
        for across, down in _LITTLE_ENDIAN.findall(data)
    ]
    return max((abs(across * down) for across, down in sizes), default=0)
