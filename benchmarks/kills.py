"""Kill an `ilk index` again and again, and see that nothing is lost and nothing is done twice.

    python -m benchmarks.kills [--source folder|table|tar] [--pictures 3000] [--kills 20] [--seed 0]

Each run is stopped by SIGKILL, SIGTERM or SIGINT at a random moment. After every kill the gallery must open and pass
`ilk check`; at the end it must hold the same rows as one that was never disturbed. SQLite numbers vectors without ever
using a number again, and takes a number back only when its transaction did not happen: as many numbers given out as
there are vectors means that no committed picture was encoded twice.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import random
import signal
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image

SOURCES = ("folder", "table", "tar")
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of it.

    Attributes
    ----------
    source
        What was indexed.
    kills
        How many runs were killed while at work.
    rows
        Items at the end.
    survived
        Vectors that were committed before the last kill.
    same_rows
        Whether ids, digests, captions and vectors are those of the undisturbed run.
    numbers_given
        Vectors ever committed; more than `rows` means that some were made twice.
    undisturbed_s
        Seconds of the undisturbed run.
    """

    source: str
    kills: int
    rows: int
    survived: int
    same_rows: bool
    numbers_given: int
    undisturbed_s: float


def paint_pictures(folder: Path, count: int, *, seed: int) -> None:
    """Write small JPEGs, no two alike."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    for number in range(count):
        coarse = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
        picture = Image.fromarray(coarse).resize((320, 240), Image.Resampling.BICUBIC)
        picture.save(folder / f"{number:05}.jpg", quality=85)


def make_source(kind: str, place: Path, count: int, *, seed: int) -> Path:
    """The pictures as a folder, as a table that names them, or as a tar with a caption for each."""
    folder = place / "pictures"
    paint_pictures(folder, count, seed=seed)
    files = sorted(folder.iterdir())
    if kind == "table":
        table = place / "pictures.csv"
        with table.open("w", newline="", encoding="utf-8") as lines:
            writer = csv.writer(lines)
            writer.writerow(("path", "caption", "number"))
            writer.writerows((f"pictures/{file.name}", f"picture {file.stem}", int(file.stem)) for file in files)
        return table
    if kind == "tar":
        archive = place / "pictures.tar"
        with tarfile.open(archive, "w") as members:
            for file in files:
                members.add(file, arcname=file.name)
                said = f"picture {file.stem}".encode()
                caption = tarfile.TarInfo(f"{file.stem}.txt")
                caption.size = len(said)
                members.addfile(caption, io.BytesIO(said))
        return archive
    return folder


def index(folder: Path, gallery: Path) -> subprocess.Popen[bytes]:
    """Start `ilk index`."""
    command = [sys.executable, "-m", "ilk", "index", str(folder), "--gallery", str(gallery), "--json"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finish(process: subprocess.Popen[bytes]) -> None:
    """Wait for the end, and insist that it is a good one."""
    _, complaint = process.communicate()
    if process.returncode != 0:
        raise SystemExit(f"ilk index ended with {process.returncode}: {complaint.decode()}")


def check(gallery: Path) -> None:
    """Insist that the gallery passes `ilk check`."""
    command = [sys.executable, "-m", "ilk", "check", "--gallery", str(gallery)]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"ilk check ended with {done.returncode}: {done.stdout.decode()}{done.stderr.decode()}")


def rows(gallery: Path) -> list[tuple[object, ...]]:
    """All that matters of a gallery, in an order of its own."""
    with sqlite3.connect(gallery / "gallery.sqlite") as database:
        found = database.execute(
            "SELECT id, digest, width, height, metadata, vector FROM item JOIN embedding USING (item_id) ORDER BY id"
        ).fetchall()
    database.close()
    return found


def number(gallery: Path, question: str) -> int:
    """One number from the database; 0 while there is none."""
    if not (gallery / "gallery.sqlite").exists():
        return 0
    database = sqlite3.connect(gallery / "gallery.sqlite")
    try:
        (value,) = database.execute(question).fetchone() or (0,)
    except sqlite3.OperationalError:  # killed before the tables were made
        value = 0
    finally:
        database.close()
    return int(value)


def kill_again_and_again(kind: str, place: Path, *, pictures: int, kills: int, seed: int) -> Outcome:
    """Run the whole experiment in an empty directory."""
    folder = make_source(kind, place, pictures, seed=seed)
    started = time.perf_counter()
    finish(index(folder, place / "undisturbed.ilk"))
    undisturbed_s = time.perf_counter() - started

    rng = random.Random(seed)  # noqa: S311 -- moments, not secrets
    gallery = place / "killed.ilk"
    killed = survived = 0
    while killed < kills:
        process = index(folder, gallery)
        time.sleep(rng.uniform(0, 1.4 * undisturbed_s / kills + 0.5))
        process.send_signal(rng.choice(SIGNALS))
        process.communicate()
        if process.returncode == 0:
            break  # all pictures were in before the kill: nothing is left to disturb
        killed += 1
        survived = number(gallery, "SELECT count(*) FROM embedding")
        if (gallery / "gallery.sqlite").exists():
            check(gallery)
    finish(index(folder, gallery))
    check(gallery)
    undisturbed, disturbed = rows(place / "undisturbed.ilk"), rows(gallery)
    return Outcome(
        source=kind,
        kills=killed,
        rows=len(disturbed),
        survived=survived,
        same_rows=undisturbed == disturbed,
        numbers_given=number(gallery, "SELECT seq FROM sqlite_sequence WHERE name = 'embedding'"),
        undisturbed_s=round(undisturbed_s, 2),
    )


def main() -> None:
    """Read the options, run, print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", choices=SOURCES, default="folder")
    parser.add_argument("--pictures", type=int, default=3000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        outcome = kill_again_and_again(
            options.source, Path(place), pictures=options.pictures, kills=options.kills, seed=options.seed
        )
    print(json.dumps(asdict(outcome), indent=2))
    if not outcome.same_rows or outcome.numbers_given != outcome.rows:
        raise SystemExit("The rows differ, or some were made twice.")


if __name__ == "__main__":
    main()
