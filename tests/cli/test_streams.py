"""The command line's standard streams as other programs give them: closed, full, in other encodings."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

ILK = [sys.executable, "-m", "ilk"]
OUTPUTS = {
    "json": ["search", "red", "--json"],
    "lines": ["search", "red"],
    "paths": ["search", "red", "--paths"],
    "info": ["info"],
    "help": ["--help"],
}
every_output = pytest.mark.parametrize("verb", OUTPUTS.values(), ids=OUTPUTS)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a gallery, of which one picture has a name beyond ASCII and one a name that is no UTF-8."""
    folder = tmp_path_factory.mktemp("photos")
    Image.new("RGB", (60, 40), (200, 30, 30)).save(folder / "höhe.jpg")
    latin = Path(os.fsdecode(os.fsencode(folder) + b"/gr\xfcn"))
    latin.mkdir()
    Image.new("RGB", (60, 40), (30, 160, 30)).save(latin / "a.jpg")
    subprocess.run([*ILK, "index", str(folder), "--quiet"], check=True, capture_output=True)
    return folder


@every_output
def test_a_reader_that_has_gone_is_no_error(photos: Path, verb: list[str]) -> None:
    """`ilk … | true` ends with 0 and says nothing."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*ILK, *verb], cwd=photos, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


@every_output
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_is_one_sentence(photos: Path, verb: list[str]) -> None:
    """Output that cannot be written ends with 2, so that no script takes it for complete."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*ILK, *verb], cwd=photos, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "ilk: The output could not be written: No space left on device.\n"


@every_output
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams_do_no_harm(photos: Path, verb: list[str], closed: str) -> None:
    """The verb runs as ever; what it prints on a closed stream goes nowhere."""
    done = subprocess.run(
        ["sh", "-c", f'"$@" {closed}', "sh", *ILK, *verb], cwd=photos, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert bool(done.stdout) == (closed == "2>&-")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
@pytest.mark.parametrize("verb", [*OUTPUTS.values(), ["search", "item:nowhere-ö"]], ids=[*OUTPUTS, "error"])
def test_an_encoding_that_cannot_hold_a_name_gets_escapes(photos: Path, verb: list[str], encoding: str) -> None:
    """Any verb runs under any encoding, without a traceback."""
    done = ilk(photos, *verb, encoding=encoding)
    assert done.returncode == (2 if "item:nowhere-ö" in verb else 0), done.stderr
    assert b"Traceback" not in done.stderr


def test_escapes_say_which_character_it_was(photos: Path) -> None:
    """In lines as Python writes them; an encoding that has the character gets it."""
    assert b"h\\xf6he.jpg" in ilk(photos, "search", "red", encoding="ascii").stdout
    assert b"h\xf6he.jpg" in ilk(photos, "search", "red", encoding="latin-1").stdout
    assert "höhe.jpg" in ilk(photos, "search", "red", encoding="utf-8").stdout.decode()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_json_is_json_in_every_encoding(photos: Path, encoding: str) -> None:
    """It gives back the very names, also those that are no UTF-8."""
    done = ilk(photos, "search", "red", "--json", encoding=encoding)
    ids = {hit["id"] for hit in json.loads(done.stdout.decode(encoding))["hits"]}
    assert "höhe.jpg" in ids
    assert len(ids) == 2


def test_an_interrupt_while_starting_is_quiet() -> None:
    """Ctrl-C before anything has been imported: 130, and no traceback."""
    program = (
        "import builtins, signal\n"
        "real = builtins.__import__\n"
        "def interrupted(name, *rest):\n"
        "    if name == 'click': signal.raise_signal(signal.SIGINT)\n"
        "    return real(name, *rest)\n"
        "from ilk.cli import main\n"
        "builtins.__import__ = interrupted\n"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (128 + signal.SIGINT, "", "")


def test_control_characters_in_an_error_are_not_obeyed(photos: Path) -> None:
    """What a sentence quotes cannot write to the terminal."""
    done = ilk(photos, "info", "--gallery", "no\x1b[2Jwhere", encoding="utf-8")
    assert done.returncode == 2
    assert b"\x1b" not in done.stderr
    assert b"no\\x1b[2Jwhere" in done.stderr


def ilk(folder: Path, *arguments: str, encoding: str) -> subprocess.CompletedProcess[bytes]:
    """Run it in a folder with streams in this encoding."""
    return subprocess.run(
        [*ILK, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
    )
