"""Which formats are read, and who reads them.

Pillow can open more than is listed here. Left out, because bytes from anywhere must not choose what runs:

- EPS hands the file to Ghostscript, an interpreter for programs;
- WMF and EMF are drawn by Windows, and by nobody elsewhere;
- BUFR, GRIB and HDF5 hold measurements, and Pillow only passes them on to a handler that others install;
- IPTC wraps a file of any format, these included;
- MPEG can be recognised but not decoded; FlashPix and MIC need a parser of OLE documents.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Format:
    """A format of pictures.

    Attributes
    ----------
    name
        As Pillow registers it.
    module
        What must be imported for Pillow to know it.
    guarded
        Whether the first bytes say if a file is of this format. One that is not guarded is tried on anything, or on
        too much (a file of C begins like an XBM), and its refusal says nothing about the file.
    """

    name: str
    module: str
    guarded: bool = True


FORMATS: tuple[Format, ...] = (
    Format("JPEG", "PIL.JpegImagePlugin"),  # and MPO, which is several of them
    Format("PNG", "PIL.PngImagePlugin"),
    Format("WEBP", "PIL.WebPImagePlugin"),
    Format("GIF", "PIL.GifImagePlugin"),
    Format("AVIF", "PIL.AvifImagePlugin"),  # before HEIF: both claim the neutral brand "mif1", this one checks
    Format("HEIF", "pillow_heif"),
    Format("TIFF", "PIL.TiffImagePlugin"),
    Format("BMP", "PIL.BmpImagePlugin"),
    Format("DIB", "PIL.BmpImagePlugin"),
    Format("JPEG2000", "PIL.Jpeg2KImagePlugin"),
    Format("PSD", "PIL.PsdImagePlugin"),
    Format("ICO", "PIL.IcoImagePlugin"),
    Format("CUR", "PIL.CurImagePlugin"),
    Format("ICNS", "PIL.IcnsImagePlugin"),
    Format("PPM", "PIL.PpmImagePlugin"),
    Format("QOI", "PIL.QoiImagePlugin"),
    Format("DDS", "PIL.DdsImagePlugin"),
    Format("BLP", "PIL.BlpImagePlugin"),
    Format("FTEX", "PIL.FtexImagePlugin"),
    Format("FITS", "PIL.FitsImagePlugin"),
    Format("PCX", "PIL.PcxImagePlugin"),
    Format("DCX", "PIL.DcxImagePlugin"),
    Format("SGI", "PIL.SgiImagePlugin"),
    Format("SUN", "PIL.SunImagePlugin"),
    Format("PIXAR", "PIL.PixarImagePlugin"),
    Format("FLI", "PIL.FliImagePlugin"),
    Format("GBR", "PIL.GbrImagePlugin"),
    Format("MSP", "PIL.MspImagePlugin"),
    Format("MCIDAS", "PIL.McIdasImagePlugin", guarded=False),
    Format("XBM", "PIL.XbmImagePlugin", guarded=False),
    Format("XPM", "PIL.XpmImagePlugin"),
    Format("XVTHUMB", "PIL.XVThumbImagePlugin"),
    Format("IM", "PIL.ImImagePlugin", guarded=False),
    Format("IMT", "PIL.ImtImagePlugin", guarded=False),
    Format("PCD", "PIL.PcdImagePlugin", guarded=False),
    Format("SPIDER", "PIL.SpiderImagePlugin", guarded=False),
    Format("TGA", "PIL.TgaImagePlugin", guarded=False),
)
"""In the order in which they are tried: the common first, those that must guess last."""

STRANGERS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\x00\x00\x00\x0cJXL ", "a JPEG XL picture"),
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"\xc5\xd0\xd3\xc6", "a PostScript document"),
    (b"<svg", "an SVG drawing"),
)
"""How files begin that people take for pictures and ilk cannot read, so that the refusal can say so."""
