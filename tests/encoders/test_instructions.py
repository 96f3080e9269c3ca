"""What Linux says of a processor is read; where it says nothing, nothing is assumed."""

from __future__ import annotations

from pathlib import Path

import pytest

from ilk.encoders import instructions


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("processor : 0\nflags\t\t: fpu avx512_vnni avx2\n\nflags : fpu\n", True),
        ("flags : fpu avx2 avx_vnni\n", True),
        ("flags : fpu avx2 avx512_vnni_of_another_name\n", False),
        ("Features : fp asimd asimddp\n", False),
        (None, False),
    ],
)
def test_products_of_bytes_are_known_by_their_flags(
    said: str | None, *, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the first processor's line of flags; without such a line, or the file, they are not there."""
    file = tmp_path / "cpuinfo"
    if said is not None:
        file.write_text(said)
    monkeypatch.setattr(instructions, "CPUINFO", file)
    instructions.multiplies_bytes.cache_clear()
    try:
        assert instructions.multiplies_bytes() is expected
    finally:
        instructions.multiplies_bytes.cache_clear()
