r"""How a file is called in a gallery: its path from the gallery's base, as text that any database and JSON can hold.

::

    base  /home/ann/photos          /home/ann/photos/2024/a.jpg     2024/a.jpg
                                    /mnt/usb/b.jpg                  ../../../mnt/usb/b.jpg
                                    a name with the byte FF in it   caf\xff.jpg
                                    a name with a line break        two\u000alines.jpg

File systems hold names that text cannot: bytes that are no UTF-8, line breaks, the escape codes of terminals. Those
are written with a backslash, as programmers read them, and the backslash itself twice. Every other character stays
as it is: no Unicode normalisation, because file systems tell the forms apart.
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePath

UP = "../"

_RAW = re.compile("[\x00-\x1f\x7f-\x9f\\\\\u2028\u2029\ud800-\udfff]")
_WRITTEN = re.compile(r"\\(?:(\\)|x([0-9a-f]{2})|u([0-9a-f]{4}))")

# Python reads a byte that is no UTF-8 as one of these lone surrogates (PEP 383).
_BYTES = 0xDC00
_FIRST_BYTE, _LAST_BYTE = _BYTES + 0x80, _BYTES + 0xFF


def escape(name: str) -> str:
    r"""Write a path as text without line breaks, control characters or lone surrogates.

    >>> escape("a\nb")
    'a\\u000ab'
    """
    return _RAW.sub(_escaped, name)


def unescape(text: str) -> str:
    """Undo `escape`."""
    return _WRITTEN.sub(_unescaped, text)


def printable(message: str) -> str:
    """A sentence with a path in it, as text that can be stored."""
    return message.encode("utf-8", "backslashreplace").decode()


def absolute(path: str | Path) -> Path:
    """Where a path that a person wrote leads, without following links further than needed."""
    named = Path(path).expanduser()
    # What ".." means behind a link only the file system knows.
    return named.resolve() if ".." in named.parts else named.absolute()


def prefix_of(directory: Path, base: Path) -> str:
    """What the ids of the pictures in a directory begin with: empty, or with a ``/`` at the end.

    Parameters
    ----------
    directory, base
        Absolute.

    Notes
    -----
    A directory reached through links is called by its real place if that is in the base, and by the links if those
    are; elsewhere by the way from the one real place to the other; on another drive of Windows by its whole path.
    """
    real, root = Path(os.path.realpath(directory)), Path(os.path.realpath(base))
    way: PurePath
    if real.is_relative_to(root):
        way = real.relative_to(root)
    elif directory.is_relative_to(base):
        way = directory.relative_to(base)
    elif real.drive.lower() != root.drive.lower():
        way = real
    else:
        way = PurePath(os.path.relpath(real, root))
    return "".join(escape(part) + "/" for part in way.as_posix().split("/") if part not in {"", "."})


def is_inside(prefix: str) -> bool:
    """Whether ids that begin so are of pictures below the base."""
    return not prefix.startswith(UP) and not PurePath(prefix).drive


def id_of(path: str | Path, base: Path) -> str:
    """The id that a picture at this path has, or would have, in a gallery with this base."""
    named = absolute(path)
    return prefix_of(named.parent, base) + escape(named.name)


def path_of(uri: str, base: Path) -> Path:
    """Where the file with this uri is: the other way round."""
    name = unescape(uri)
    if name.startswith(UP):  # counted from where the base really is
        return Path(os.path.normpath(os.path.join(os.path.realpath(base), name)))  # noqa: PTH118 -- pathlib keeps ".."
    return base / name


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    if match[0] == "\\":
        return r"\\"
    return f"\\x{code - _BYTES:02x}" if _FIRST_BYTE <= code <= _LAST_BYTE else f"\\u{code:04x}"


def _unescaped(match: re.Match[str]) -> str:
    backslash, byte, code = match.groups()
    if backslash:
        return "\\"
    return chr(_BYTES + int(byte, 16)) if byte else chr(int(code, 16))
