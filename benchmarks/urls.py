"""What becomes of thousands of URLs, of which many are dead, slow, endless, or lead where they must not.

    python -m benchmarks.urls [--urls 5000] [--way fetch] [--way index] [--json FILE]

A server of the tests, in a process of its own, answers with pictures, 404, 500 and then 200, slow drips, endless
bodies, bombs, web pages named .jpg, files cut short, redirects to 127.0.0.1 and to file://, and the rest of `PLANTED`.
What is counted by reason has to be exactly what was planted.

``fetch`` is `Fetcher` and decoding alone, on 32 threads; ``index`` is `Gallery.add` of a CSV of the same URLs, with
``pocket``. Each runs in a fresh process, with a fifth of the URLs and with all of them: the difference of the peaks of
memory is what the number of URLs costs. Names ending in .test stand for public hosts, and all of them are the server;
time-outs are shorter than usual, since what is measured here is not patience. ``pictures_per_s`` is of pictures only.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ilk.sources.fetch import FetchLimits
    from sources.planting import Row

TESTS = Path(__file__).parents[1] / "tests"
WAYS = ("fetch", "index")
SEED = 20


def short_limits() -> FetchLimits:
    """Those of a program, but for patience."""
    from ilk.sources.fetch import FetchLimits

    return FetchLimits(read_s=3, whole_s=10, backoff_s=0.1)


def fetch(rows: list[Row]) -> Counter[str]:
    """Fetch and decode each; the outcomes."""
    from ilk import pictures
    from ilk.errors import PictureError
    from ilk.sources.fetch import Fetcher

    def outcome(row: Row) -> str:
        try:
            pictures.load(fetcher.fetch(row.url), size=64)
        except PictureError as error:
            return error.code
        return "picture"

    with Fetcher(short_limits()) as fetcher, ThreadPoolExecutor(32) as threads:
        return Counter(threads.map(outcome, rows))


def index(rows: list[Row]) -> Counter[str]:
    """Make a gallery of them; the outcomes that it reports."""
    import ilk

    with tempfile.TemporaryDirectory() as place:
        table = Path(place) / "urls.csv"
        with table.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("number", "url"))
            writer.writerows((number, row.url) for number, row in enumerate(rows))
        with ilk.create(Path(place) / ".ilk", model="pocket") as gallery:
            report = gallery.add(ilk.table(table, picture="url", id="number", limits=short_limits()))
    return Counter(report.failed_by_reason) + Counter(picture=report.added)


def run_once(way: str, port: int, count: int, *, only: str | None) -> dict[str, Any]:
    """One way over so many URLs, in this process."""
    sys.path.append(str(TESTS))
    from sources.planting import PLANTED, plant
    from sources.web import Web

    web = Web()
    web.port = port
    kinds = {only: PLANTED[only]} if only else PLANTED
    rows = plant(web, count, random.Random(SEED), kinds=kinds)  # noqa: S311 -- an order, not a secret
    with web.named():
        began = time.perf_counter()
        found = {"fetch": fetch, "index": index}[way](rows)
        took_s = time.perf_counter() - began
    planted = Counter(row.code for row in rows)
    unit = 1 if sys.platform == "darwin" else 2**10
    return {
        "urls": count,
        "took_s": round(took_s, 1),
        "urls_per_s": round(count / took_s, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20),
        "outcomes": dict(sorted(found.items())),
        "as_planted": found == planted,
        "otherwise": dict(sorted(((found - planted) + (planted - found)).items())),
    }


def serve() -> None:
    """Answer until standard input ends."""
    sys.path.append(str(TESTS))
    from sources.web import Web

    with Web() as web:
        print(web.port, flush=True)
        sys.stdin.read()


def measure(way: str, port: int, count: int, *, only: str | None = None) -> dict[str, Any]:
    """One run in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.urls", "--once", way, "--port", str(port), "--urls", str(count)]
    done = subprocess.run([*command, *(["--only", only] if only else [])], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{way} ended with {done.returncode}: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(f"{way:6} {only or 'all kinds':10} {found}", file=sys.stderr)
    return found


def main() -> None:
    """Run, print, and say by the exit code whether all was as planted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--urls", type=int, default=5000)
    parser.add_argument("--way", action="append", choices=WAYS)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--once", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--only", help=argparse.SUPPRESS)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        return serve()
    if asked.once:
        return print(json.dumps(run_once(asked.once, asked.port, asked.urls, only=asked.only)))

    command = [sys.executable, "-m", "benchmarks.urls", "--serve"]
    results: dict[str, Any] = {"machine": f"{platform.machine()}, {os.cpu_count()} processors"}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        if server.stdout is None or server.stdin is None:
            raise AssertionError("both were asked for")
        port = int(server.stdout.readline())
        for way in asked.way or WAYS:
            few, many = measure(way, port, asked.urls // 5), measure(way, port, asked.urls)
            pictures = measure(way, port, asked.urls, only="picture")
            results[way] = {
                "few": few,
                "many": many,
                "peak_grows_by_mb": many["peak_mb"] - few["peak_mb"],
                "pictures_per_s": pictures["urls_per_s"],
            }
        server.stdin.close()
    text = json.dumps(results, indent=2)
    print(text)
    if asked.json is not None:
        asked.json.write_text(text + "\n", encoding="utf-8")
    if not all(results[way][size]["as_planted"] for way in asked.way or WAYS for size in ("few", "many")):
        raise SystemExit(1)
    return None


if __name__ == "__main__":
    main()
