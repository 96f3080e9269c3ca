from __future__ import annotations

import subprocess
import sys
from io import StringIO

import pytest
from rich.console import Console

from ilk.records import AddReport
from ilk.render.progress import WIDE, ProgressBar


def shown(width: int, *, title: str = "holiday", report: AddReport, done: int = 500, total: int = 12_345) -> list[str]:
    """The lines of the bar as a terminal this wide has them."""
    console = Console(file=StringIO(), width=width, color_system=None, legacy_windows=False)
    bar = ProgressBar(title, console=console)
    bar.update(done=done, total=total, report=report)
    assert bar._progress is not None
    with console.capture() as capture:
        console.print(bar._progress.get_renderable())
    return capture.get().splitlines()


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_the_line_has_everything_and_room_for_the_echo_of_ctrl_c(width: int) -> None:
    """However long the folder's name: a bar, how many, how fast, and at least two columns free at the right."""
    report = AddReport(encoded=500, took_s=12.0, failed=7)
    (line,) = shown(width, title="a-very-long-folder-name-" * 4, report=report, done=12_345)
    assert len(line.rstrip()) <= width - 2
    assert line.count("━") == (24 if width >= WIDE else 10)
    for part in ("a-very-", "12345/12345", "42/s", "7 failed", "0:00"):
        assert part in line


@pytest.mark.parametrize(("encoded", "rate"), [(3, "0.3/s"), (95, "9.5/s"), (427, "43/s")])
def test_slow_models_are_not_said_to_stand_still(encoded: int, rate: str) -> None:
    """Below ten a second there is a digit after the point."""
    (line,) = shown(100, report=AddReport(encoded=encoded, took_s=10.0))
    assert f" {rate}" in line


def test_names_cannot_write_to_the_terminal() -> None:
    """Control characters in the title are shown, not obeyed; brackets are no markup."""
    (line,) = shown(100, title="[b]\x1b[2J", report=AddReport())
    assert "[b]\\x1b[2J" in line


def test_where_nobody_watches_rich_is_not_loaded() -> None:
    """Away from a terminal the bar says nothing and costs nothing."""
    program = (
        "import sys; from ilk.records import AddReport; from ilk.render.progress import ProgressBar\n"
        "with ProgressBar('a') as bar: bar.update(done=1, total=2, report=AddReport())\n"
        "assert 'rich' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
