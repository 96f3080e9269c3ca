"""Pictures made on the spot."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image

Encode = Callable[..., bytes]


def _photo(width: int, height: int) -> Image.Image:
    """Colours with as much detail at every scale as photographs have: noise whose spectrum falls with frequency."""
    rng = np.random.default_rng(3)
    across, down = np.meshgrid(np.fft.fftfreq(width), np.fft.fftfreq(height))
    fall = 1 / np.maximum(np.hypot(across, down), 1 / max(width, height))
    light, colour = rng.normal(size=(1, height, width)), rng.normal(size=(3, height, width))
    noise = np.fft.fft2(light + 0.2 * colour)  # brightness carries most of the detail, as it does outside
    planes = np.fft.ifft2(noise * fall).real
    planes = (planes - planes.mean(axis=(1, 2), keepdims=True)) / planes.std(axis=(1, 2), keepdims=True)
    return Image.fromarray((planes * 45 + 128).clip(0, 255).astype(np.uint8).transpose(1, 2, 0).copy())


@pytest.fixture(scope="session")
def photo() -> Image.Image:
    """A picture of 1200 x 800 pixels, unlike itself in every direction."""
    return _photo(1200, 800)


@pytest.fixture(scope="session")
def encode() -> Encode:
    """Write a picture in a format, as bytes."""
    pillow_heif.register_heif_opener()

    def encode(image: Image.Image, kind: str, **options: Any) -> bytes:
        stream = BytesIO()
        image.save(stream, kind, **options)
        return stream.getvalue()

    return encode


@pytest.fixture(scope="session")
def specimens(photo: Image.Image, encode: Encode) -> dict[str, bytes]:
    """A small valid file of every format and variety that can be written here."""
    small = photo.resize((48, 40))
    exif = small.getexif()
    exif[0x0112], exif[0x010F], exif[0x0110] = 6, "Nikon", "Nikon D90"
    veil = small.copy()
    veil.putalpha(Image.linear_gradient("L").resize(small.size))
    deep = Image.fromarray(np.asarray(small.convert("L")).astype(np.uint16) * 257)
    frames = [small, small.rotate(90)]
    return {
        "jpeg": encode(small, "JPEG", exif=exif),
        "jpeg, progressive": encode(small, "JPEG", progressive=True, exif=exif),
        "jpeg, grey": encode(small.convert("L"), "JPEG"),
        "jpeg, cmyk": encode(small.convert("CMYK"), "JPEG"),
        "mpo": encode(small, "MPO", save_all=True, append_images=frames[1:]),
        "png": encode(small, "PNG", exif=exif),
        "png, alpha": encode(veil, "PNG"),
        "png, palette": encode(small.quantize(16), "PNG", transparency=3),
        "png, 16 bits": encode(deep, "PNG"),
        "png, 1 bit": encode(small.convert("1"), "PNG"),
        "png, animated": encode(small, "PNG", save_all=True, append_images=frames[1:]),
        "gif": encode(small.quantize(32), "GIF", save_all=True, append_images=frames[1:]),
        "webp": encode(small, "WEBP", exif=exif),
        "webp, lossless": encode(veil, "WEBP", lossless=True),
        "webp, animated": encode(small, "WEBP", save_all=True, append_images=frames[1:]),
        "avif": encode(small, "AVIF", speed=10, exif=exif),
        "avif, alpha": encode(veil, "AVIF", speed=10),
        "heic": encode(small, "HEIF", exif=exif.tobytes()),
        "heic, alpha": encode(veil, "HEIF"),
        "tiff": encode(small, "TIFF", exif=exif),
        "tiff, lzw": encode(veil, "TIFF", compression="tiff_lzw"),
        "tiff, jpeg": encode(small, "TIFF", compression="jpeg"),
        "tiff, float": encode(Image.fromarray(np.asarray(small.convert("L")).astype(np.float32) / 255), "TIFF"),
        "tiff, group 4": encode(small.convert("1"), "TIFF", compression="group4"),
        "jpeg 2000": encode(small, "JPEG2000"),
        "bmp": encode(small, "BMP"),
        "dib": encode(small, "DIB"),
        "ico": encode(veil, "ICO"),
        "icns": encode(veil.resize((64, 64)), "ICNS"),
        "tga": encode(veil, "TGA", compression="tga_rle"),
        "ppm": encode(small, "PPM"),
        "pgm, 16 bits": encode(deep, "PPM"),
        "qoi": encode(veil, "QOI"),
        "dds": encode(veil, "DDS"),
        "blp": encode(small.quantize(16), "BLP"),
        "pcx": encode(small, "PCX"),
        "sgi": encode(small, "SGI"),
        "xbm": encode(small.convert("1"), "XBM"),
        "msp": encode(small.convert("1"), "MSP"),
        "spider": encode(small.convert("F"), "SPIDER"),
    }
