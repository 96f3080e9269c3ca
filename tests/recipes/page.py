"""The recipes of ``docs/recipes.md``, as they are printed there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[2] / "docs" / "recipes.md"

_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def headings() -> list[str]:
    """Of all recipes."""
    return re.findall(r"^## (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def blocks(heading: str) -> list[str]:
    """The code of one recipe, block by block."""
    sections = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    section = next(each for each in sections if each.startswith(f"{heading}\n"))
    return _BLOCK.findall(section)


def follow(heading: str, changed: Mapping[str, str]) -> dict[str, Any]:
    """Execute a recipe in the working directory; what it has named in the end.

    Parameters
    ----------
    changed
        What to read otherwise than it is printed, such as a model that cannot be downloaded. Each must be there.
    """
    code = blocks(heading)
    whole = "\n".join(code)
    for printed in changed:
        assert printed in whole, f"the recipe says nothing of {printed}"
    named: dict[str, Any] = {"__name__": "recipe"}
    for number, block in enumerate(code, start=1):
        text = block
        for printed, meant in changed.items():
            text = text.replace(printed, meant)
        exec(compile(text, f"{heading}, block {number}", "exec"), named)  # noqa: S102 -- our own page
    return named
