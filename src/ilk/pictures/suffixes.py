"""Which files of a folder are taken for pictures, by their names. Nothing is imported here."""

from __future__ import annotations

SUFFIXES: frozenset[str] = frozenset(
    {
        # what people have
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".mpo",
        ".png",
        ".apng",
        ".gif",
        ".webp",
        ".avif",
        ".avifs",
        ".heic",
        ".heif",
        ".heics",
        ".heifs",
        ".hif",
        ".tif",
        ".tiff",
        ".bmp",
        ".dib",
        ".jp2",
        ".j2k",
        ".j2c",
        ".jpc",
        ".jpf",
        ".jpx",
        ".psd",
        ".ico",
        ".icns",
        ".cur",
        ".tga",
        ".icb",
        ".vda",
        ".pbm",
        ".pgm",
        ".ppm",
        ".pnm",
        ".pfm",
        ".qoi",
        # what games, telescopes and old machines have
        ".dds",
        ".blp",
        ".ftc",
        ".ftu",
        ".fits",
        ".pcx",
        ".dcx",
        ".sgi",
        ".rgb",
        ".rgba",
        ".bw",
        ".ras",
        ".im",
        ".pxr",
        ".fli",
        ".flc",
        ".xbm",
        ".xpm",
        # what microscopes and workstations have, by names that Pillow does not register
        ".im1",
        ".imt",
        ".p7",
        ".spider",
    }
)  # fmt: skip -- one line for one format
"""Lower-case suffixes of the formats in `ilk.pictures.formats`."""

CLASHES: frozenset[str] = frozenset(
    {
        ".fit",  # far more often a run or a ride, recorded by a sports watch
        ".gbr",  # a circuit board's layer
        ".msp",  # a patch for Windows Installer
        ".pcd",  # a cloud of points
        ".vst",  # an audio plug-in, a drawing's template
    }
)
"""Suffixes that a picture can have but most files with them do not: such pictures open when asked for by name."""
