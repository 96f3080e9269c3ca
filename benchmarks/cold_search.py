"""How long a person waits for `ilk search "a dog"`, the whole process, against the imports nobody can do without.

    python -m benchmarks.cold_search [--pictures 10000] [--repeat 15]

Both commands run in turn, each in a fresh process with files in the page cache; the least time of each counts, since
all that can be added to it is other work of the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.kills import finish, index, paint_pictures

IMPORTS = [sys.executable, "-c", "import numpy, onnxruntime, faiss"]


def installed(place: Path) -> dict[str, str]:
    """The environment of a process that finds its modules compiled, as an installer leaves them.

    Those of a source tree may never be (``PYTHONDONTWRITEBYTECODE``): they are compiled below `place` by the first run.
    """
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": str(place / "compiled")}


def seconds(command: Sequence[str], env: Mapping[str, str]) -> float:
    """Wall-clock time of one process."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=env)
    return time.perf_counter() - started


def measure(place: Path, *, pictures: int, repeat: int) -> dict[str, object]:
    """Index, then time both commands side by side."""
    paint_pictures(place / "pictures", pictures, seed=0)
    started = time.perf_counter()
    finish(index(place / "pictures", place / "cold.ilk"))
    indexed_s = time.perf_counter() - started
    ilk = str(Path(sys.executable).with_name("ilk"))
    search = [ilk, "search", "a dog", "--gallery", str(place / "cold.ilk")]
    env = installed(place)
    pairs = [(seconds(IMPORTS, env), seconds(search, env)) for _ in range(repeat + 1)][1:]
    imports_s, search_s = (min(column) for column in zip(*pairs, strict=True))
    return {
        "pictures": pictures,
        "index_pictures_per_s": round(pictures / indexed_s),
        "imports_s": round(imports_s, 3),
        "search_s": round(search_s, 3),
        "ratio": round(search_s / imports_s, 2),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "date": time.strftime("%Y-%m-%d"),
    }


def main() -> None:
    """Read the options, run, print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--repeat", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        print(json.dumps(measure(Path(place), pictures=options.pictures, repeat=options.repeat), indent=2))


if __name__ == "__main__":
    main()
