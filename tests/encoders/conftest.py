"""Nothing here reads or writes the caches of the person who runs the tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from encoders.cases import Case


@pytest.fixture(autouse=True)
def cache_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty XDG cache directory."""
    home = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    return home


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Case]]:
    """Each family's case, built when it is first asked for."""
    import torch
    from transformers.utils import logging

    from encoders.cases import Case
    from encoders.checkpoints import FAMILIES

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # threads of models this small mostly wait for each other
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # it remarks on heads that a checkpoint has and AutoModel does not want
    logging.disable_progress_bar()
    root = tmp_path_factory.mktemp("families")

    @cache
    def build(name: str) -> Case:
        for module in FAMILIES[name].needs:
            pytest.importorskip(module, reason=f"{name} is built with {module}")
        return Case(name, FAMILIES[name](root / name))

    yield build
    logging.set_verbosity(verbosity)
    logging.enable_progress_bar()
    torch.set_num_threads(threads)
