"""Ctrl-C ends what is being fetched, and a table's options reach what fetches."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import ilk
from colour_encoder import ColourEncoder
from galleries import gallery_of
from ilk.sources.fetch import FetchLimits
from sources.web import Web

PATIENT = FetchLimits(read_s=60, whole_s=60)


def test_stopping_waits_for_no_server(tmp_path: Path, web: Web) -> None:
    """A run that is stopped ends within seconds, fails nothing, keeps what came, and the next one goes on."""
    web.slow_s = 0.3
    rows = [{"image": web.url("picture/1.jpg")}, *({"image": web.url(f"drip/{n}.jpg")} for n in range(8))]
    table = ilk.table(rows, name="far", allow_private=True, limits=PATIENT)
    stop = threading.Event()
    threading.Timer(1.5, stop.set).start()
    with gallery_of(tmp_path, ColourEncoder()) as gallery:
        began = time.monotonic()
        report = gallery.add(table, stop=stop)
        assert time.monotonic() - began < 20
        assert (report.interrupted, report.added, report.failed) == (True, 1, 0)
        assert gallery.failures() == ()
        again = ilk.table([rows[0], {"image": web.url("picture/2.jpg")}], name="far", allow_private=True)
        assert gallery.add(again).added == 1


def test_a_stopped_table_can_be_added_again(tmp_path: Path, web: Web) -> None:
    """The same object fetches anew, as a watched table has to."""
    table = ilk.table([{"image": web.url("picture/1.jpg")}], name="far", allow_private=True)
    listing = table.listing(tmp_path)
    listing.stop()
    with gallery_of(tmp_path, ColourEncoder()) as gallery:
        assert gallery.add(table).added == 1


def test_an_opt_out_is_heeded_unless_told_otherwise(tmp_path: Path, web: Web) -> None:
    """A server that says noai is left alone and counted; who may use its pictures says so."""
    rows = [{"image": web.url("opted-out/1.jpg")}]
    with gallery_of(tmp_path, ColourEncoder()) as gallery:
        report = gallery.add(ilk.table(rows, name="shy", allow_private=True))
        assert report.failed_by_reason == {"opted-out": 1}
        told = ilk.table(rows, name="shy", allow_private=True, heed_opt_out=False)
        assert gallery.add(told, retry_failed=True).added == 1
