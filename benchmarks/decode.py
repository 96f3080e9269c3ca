"""How fast pictures are decoded, and how much memory each format takes.

Run it as ``python -m benchmarks.decode``. The times compare with Pillow alone on the same bytes in the same process;
each is the least of several runs, so that a busy machine disturbs them less. The memory is the peak of the resident
set of a fresh process while it decodes one picture, less what it held before: the source of the figures in
`ilk.pictures.memory`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
from PIL import ExifTags, Image, ImageCms

from ilk import pictures

RUNS = 7
SIZE = 224

MEASURE = """
import io, sys
from PIL import Image
import pillow_heif
pillow_heif.register_heif_opener()
Image.init()

def resident(field):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(field))

data = open(sys.argv[1], "rb").read()
before = resident("VmRSS")
open("/proc/self/clear_refs", "w").write("5")
image = Image.open(io.BytesIO(data))
pixels = image.width * image.height
image.load()
print((resident("VmHWM") - before) / pixels)
"""


def scene(megapixels: float) -> Image.Image:
    """Gradients and grain, 3:2."""
    width = round((megapixels * 1.5e6) ** 0.5)
    height = width * 2 // 3
    down, across = np.mgrid[0:height, 0:width].astype(np.float32)
    planes = np.stack([across / width * 255, down / height * 255, (across + down) % 512 / 2], axis=-1)
    grain = np.random.default_rng(0).normal(0, 4, (height, width, 1))
    return Image.fromarray((planes + grain).clip(0, 255).astype(np.uint8))


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The picture as a file."""
    stream = BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def least_ms(work: Callable[[], object]) -> float:
    """Milliseconds of the fastest of several runs."""
    times = []
    for _ in range(RUNS):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return round(min(times) * 1000, 2)


def plain(data: bytes, *, draft: bool = False) -> Image.Image:
    """What a program does that cares for nothing but the pixels."""
    image = Image.open(BytesIO(data))
    if draft:
        image.draft("RGB", (2 * SIZE, 2 * SIZE))
    return image.convert("RGB")


def speeds() -> dict[str, dict[str, float]]:
    """Milliseconds a picture."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Orientation] = "Canon", 1
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2024:01:02 03:04:05"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    other = profile.replace("sRGB".encode("utf-16-be"), "else".encode("utf-16-be"))
    large, small = scene(12), scene(0.3)
    veil = scene(3)
    veil.putalpha(200)
    files = {
        "JPEG, 12 MP": encoded(large, "JPEG", quality=90),
        "JPEG, 0.3 MP": encoded(small, "JPEG", quality=90),
        "JPEG, 0.3 MP, EXIF": encoded(small, "JPEG", quality=90, exif=exif),
        "JPEG, 0.3 MP, profile of sRGB": encoded(small, "JPEG", quality=90, icc_profile=profile),
        "JPEG, 0.3 MP, another profile": encoded(small, "JPEG", quality=90, icc_profile=other),
        "PNG, 3 MP, alpha": encoded(veil, "PNG", compress_level=1),
        "WebP, 0.3 MP": encoded(small, "WEBP"),
    }
    report = {}
    for name, data in files.items():
        report[name] = {
            "pillow": least_ms(lambda data=data: plain(data)),  # type: ignore[misc] # bound now, as it has to be
            "pillow, draft": least_ms(lambda data=data: plain(data, draft=True)),  # type: ignore[misc]
            "ilk": least_ms(lambda data=data: pictures.load(data, size=SIZE)),  # type: ignore[misc]
            "ilk, inspect": least_ms(lambda data=data: pictures.inspect(data)),  # type: ignore[misc]
        }
        print(f"{name:32}", report[name], file=sys.stderr)
    return report


def threads() -> dict[str, float]:
    """Pictures a second."""
    batch = [encoded(scene(1), "JPEG", quality=90)] * 100
    report = {}
    for count in (1, 2, 4):
        with ThreadPoolExecutor(count) as pool:
            started = time.perf_counter()
            list(pool.map(lambda data: pictures.load(data, size=SIZE), batch))
            report[f"{count} threads"] = round(len(batch) / (time.perf_counter() - started), 1)
    print(report, file=sys.stderr)
    return report


def memory() -> dict[str, float]:
    """Bytes a pixel."""
    pillow_heif.register_heif_opener()
    image = scene(6)
    veil = image.copy()
    veil.putalpha(128)
    files = {
        "JPEG": encoded(image, "JPEG"),
        "JPEG, progressive": encoded(image, "JPEG", progressive=True),
        "JPEG, progressive, 4:4:4": encoded(image, "JPEG", progressive=True, subsampling=0),
        "JPEG, progressive, CMYK": encoded(image.convert("CMYK"), "JPEG", progressive=True),
        "PNG": encoded(veil, "PNG", compress_level=1),
        "WebP": encoded(image, "WEBP", method=0),
        "WebP, lossless": encoded(veil, "WEBP", lossless=True, method=0, quality=0),
        "AVIF": encoded(image, "AVIF", speed=10),
        "AVIF, 4:4:4, alpha": encoded(veil, "AVIF", speed=10, subsampling="4:4:4"),
        "HEIF": encoded(scene(2), "HEIF", quality=50),
        "TIFF": encoded(veil, "TIFF", compression="tiff_lzw"),
        "TIFF, one strip": encoded(veil, "TIFF", compression="tiff_lzw", strip_size=2**30),
        "JPEG 2000": encoded(scene(2), "JPEG2000"),
        "SGI": encoded(image, "SGI"),
    }
    report = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            path = Path(folder) / "picture"
            path.write_bytes(data)
            answer = subprocess.run(
                [sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True
            )
            report[name] = round(float(answer.stdout), 1)
            print(f"{name:32} {report[name]} bytes a pixel", file=sys.stderr)
    return report


def main() -> None:
    """Measure, and print the results as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--memory", action="store_true", help="also measure memory (Linux; half a minute)")
    options = parser.parse_args()
    report: dict[str, Any] = {"ms": speeds(), "pictures_per_second": threads()}
    if options.memory:
        report["bytes_per_pixel"] = memory()
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
