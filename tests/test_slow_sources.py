"""Sources whose pictures come from far away, at their own pace."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from PIL import Image

from colour_encoder import ColourEncoder
from galleries import gallery_of
from ilk.records import AddReport
from ilk.sources.base import Entry, Payload

PICTURES = 120
AT_LEAST = 80
"""Far more than fit into the window beside one that does not come."""


class Far:
    """A source of which one picture comes only after most others have been dealt with."""

    kind, scope, complete, readers = "far", "", True, 16

    def __init__(self, top: Path) -> None:
        self.top = top
        self.most_are_done = threading.Event()

    def listing(self, base: Path) -> Far:
        return self

    def count(self) -> int:
        return PICTURES

    def holds(self, uri: str) -> bool:
        return True

    def __iter__(self) -> Iterator[Entry]:
        for number in range(PICTURES):
            yield Entry(id=f"{number}", uri=f"far://{number}", stamp="1", load=partial(self._load, number))

    def _load(self, number: int) -> Payload:
        if number == 0 and not self.most_are_done.wait(timeout=30):
            raise AssertionError("the others waited for this one")
        encoded = io.BytesIO()
        Image.new("RGB", (8, 8), (number, 2 * number, 255 - number)).save(encoded, "PNG")
        return Payload(data=encoded.getvalue(), fleeting=True)

    def update(self, *, done: int, total: int | None, report: AddReport) -> None:
        if done >= AT_LEAST:
            self.most_are_done.set()


def test_one_slow_answer_holds_up_none_of_the_others(tmp_path: Path) -> None:
    """Everything else is read, encoded and committed while one picture is waited for; then it is added too."""
    source = Far(tmp_path)
    with gallery_of(tmp_path, ColourEncoder(batch_size=4)) as gallery:
        report = gallery.add(source, progress=source)
        assert (report.added, report.failed) == (PICTURES, 0)
        assert len(gallery.picture("0")) > 0
