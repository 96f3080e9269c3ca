from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from PIL import Image

import ilk

HEAVY = {
    "PIL",
    "click",
    "faiss",
    "huggingface_hub",
    "natsort",
    "numpy",
    "onnxruntime",
    "pathspec",
    "pillow_heif",
    "rich",
    "sqlite3",
    "tokenizers",
    "torch",
}


def loaded_by(code: str) -> set[str]:
    """The top-level modules that some code loads, in a fresh interpreter."""
    probe = f"{code}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_ilk_loads_nothing_heavy() -> None:
    """A program that imports ilk pays for what it uses."""
    assert not loaded_by("import ilk") & HEAVY


def test_asking_for_a_query_loads_nothing_heavy() -> None:
    """Nor does writing down a query."""
    assert not loaded_by("import ilk; ilk.text('a') + ilk.item('b')") & HEAVY


def test_the_command_line_starts_light() -> None:
    """Reading options needs click alone; each verb loads its own."""
    assert loaded_by("import ilk.cli.app") & HEAVY <= {"click"}


def test_a_cold_search_loads_what_it_needs_alone(tmp_path: Path) -> None:
    """Words are read and compared with few vectors: nothing that writes, fetches, shows, sees or indexes is loaded."""
    Image.new("RGB", (8, 8), "red").save(tmp_path / "red.png")
    with ilk.create(tmp_path / ".ilk") as gallery:
        gallery.add(ilk.folder(tmp_path))
    loaded = loaded_by(
        "import contextlib, sys\n"
        f"sys.argv = ['ilk', 'search', 'red', '--paths', '--gallery', {str(tmp_path)!r}]\n"
        "from ilk.cli import main\n"
        "with contextlib.suppress(SystemExit): main()"
    )
    assert any(name.endswith("red.png") for name in loaded), "what was found is printed before"
    assert loaded & HEAVY <= {"click", "numpy", "onnxruntime", "sqlite3", "tokenizers"}


def test_every_public_name_is_there_and_sorted() -> None:
    """`__all__` is what `dir` shows and what can be got."""
    assert ilk.__all__ == sorted(ilk.__all__, key=lambda name: (name[0].islower(), name))
    assert all(getattr(ilk, name) is not None for name in ilk.__all__)
    assert set(ilk.__all__) <= set(dir(ilk))
    assert set(ilk._HOMES) == set(ilk.__all__)
