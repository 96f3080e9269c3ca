"""The parts: orientations, waves, alignment, groups, what is kept between runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from ilk.analysis.duplicates import alignment, nearness
from ilk.analysis.duplicates.agreement import agreements
from ilk.analysis.duplicates.grouping import stars
from ilk.analysis.duplicates.nearness import Nearness, Neighbourhood
from ilk.analysis.duplicates.orientation import ALL, is_mirroring, oriented, turn
from ilk.analysis.duplicates.shelf import NAME, Shelf
from ilk.analysis.duplicates.signature import BYTES, Signatures, signature
from ilk.analysis.duplicates.waves import waves
from scenes import scene

DIGESTS = [bytes([number]) * 31 + b"\0" for number in range(3)]
ROWS = [np.full(BYTES, number + 7, np.uint8) for number in range(3)]


def test_orientations_are_the_turns_and_mirrorings_of_a_square() -> None:
    """All eight, each once; a turned picture is upright again in the orientation that names its turn."""
    square = np.arange(9).reshape(3, 3)
    assert len({oriented(square, way).tobytes() for way in ALL}) == 8
    for way in ALL:
        if not is_mirroring(way):
            turned = np.rot90(square, -turn(way) // 90)
            assert (oriented(turned, way) == square).all()


def test_waves_are_laid_as_pictures_are() -> None:
    """The waves of a picture laid so are those of the laid picture."""
    row = signature(scene(1))
    signatures = Signatures.from_rows(row[None])
    for way in ALL:
        laid = Signatures(np.ascontiguousarray(oriented(signatures.grey, way)), signatures.colour)
        np.testing.assert_allclose(waves(signatures, way), waves(laid, 0), atol=1e-4)


def test_alignment_finds_a_crop() -> None:
    """The four numbers, from a start that is a little off; then the two agree, and in nothing when laid wrong."""
    image = scene(4, (480, 480))
    whole, part = (
        Signatures.from_rows(signature(each)[None]).grey.astype(np.float32)
        for each in (image, image.crop((24, 0, 456, 432)))
    )
    starts = np.array([[0.05, 0.02, 0.05, 0.05]], np.float32)
    found = alignment.align(whole, part, alignment.align_small(whole, part, starts))
    # The part is nine tenths wide and high, in the middle across and at the top.
    np.testing.assert_allclose(found[0], [1 / 0.9 - 1, 0, 1 / 0.9 - 1, 1 / 0.9 - 1], atol=0.02)
    seen = agreements(whole, part, found)
    assert seen.agreement[0] > 0.97
    assert seen.overlap[0] == pytest.approx(0.81, abs=0.04)
    assert agreements(whole, part, np.array([[0, 0.3, 0, 0.3]], np.float32)).agreement[0] < 0.5


def test_groups_are_stars_around_the_best() -> None:
    """B and C are each like A, D is only like C: it does not come along, unless it is like A when asked."""

    def rank(place: int) -> tuple[int, int, int, str]:
        return (place, 0, 0, "")

    pairs = np.array([(0, 1), (0, 2), (2, 3), (7, 8)])
    assert stars(pairs, rank, lambda asked: np.zeros(len(asked), np.bool_)) == {0: [1, 2], 7: [8]}
    assert stars(pairs, rank, lambda asked: np.ones(len(asked), np.bool_)) == {0: [1, 2, 3], 7: [8]}
    chain = np.array([(0, 1), (1, 2), (2, 3)])
    assert stars(chain, rank, lambda asked: np.zeros(len(asked), np.bool_)) == {0: [1], 2: [3]}
    assert stars(np.empty((0, 2), np.int64), rank, lambda asked: np.zeros(len(asked), np.bool_)) == {}


@pytest.mark.parametrize("exact_up_to", [20_000, 100])
def test_near_pairs_are_those_that_comparing_all_finds(monkeypatch: pytest.MonkeyPatch, exact_up_to: int) -> None:
    """Exactly for few vectors; of many no pair this near is missed, and a little more may come."""
    import threading

    monkeypatch.setattr(nearness, "EXACT_UP_TO", exact_up_to)
    chance = np.random.default_rng(0)
    rows = chance.standard_normal((3_000, 160)).astype(np.float32)
    rows[1::10] = rows[::10] + 0.1 * rows[2::10]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    found = Nearness(len(rows), lambda places: rows[places], stop=threading.Event()).pairs(
        lambda places: rows[places], Neighbourhood(k=5, floor=0.9)
    )
    cosines = np.triu(rows @ rows.T, 1)
    expected = set(map(tuple, np.argwhere(cosines >= 0.9).tolist()))
    assert len(expected) == 300
    assert set(map(tuple, found.tolist())) == expected


def test_signatures_are_found_again(tmp_path: Path) -> None:
    """By digest, also one that ends with zero bytes; unknown ones are not."""
    with Shelf(tmp_path) as shelf:
        assert shelf.lasting
        shelf.put(DIGESTS[:2], ROWS[:2])
        shelf.refresh()
    with Shelf(tmp_path) as shelf:
        places = shelf.find([DIGESTS[1], DIGESTS[2], DIGESTS[0]])
        assert (places >= 0).tolist() == [True, False, True]
        assert shelf.read(places[[0, 2]]).grey[:, 0, 0].tolist() == [8, 7]


def test_a_cut_or_damaged_file_costs_only_what_is_damaged(tmp_path: Path) -> None:
    """What a killed run half wrote is cut off, a flipped bit is seen, and writing goes on after it."""
    with Shelf(tmp_path) as shelf:
        shelf.put(DIGESTS, ROWS)
    path = tmp_path / NAME
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data[:-5])
    with Shelf(tmp_path) as shelf:
        assert (shelf.find(DIGESTS) >= 0).tolist() == [True, False, False]
        shelf.put(DIGESTS[1:], ROWS[1:])
        shelf.refresh()
        places = shelf.find(DIGESTS)
        assert shelf.read(places).grey[:, 0, 0].tolist() == [7, 8, 9]


def test_what_another_process_is_writing_is_left_alone(tmp_path: Path) -> None:
    """It is read, and what is new is forgotten at the end."""
    with Shelf(tmp_path) as shelf:
        shelf.put(DIGESTS[:1], ROWS[:1])
    before = (tmp_path / NAME).read_bytes()
    with FileLock(tmp_path / f"{NAME}.lock"), Shelf(tmp_path) as shelf:
        assert not shelf.lasting
        shelf.put(DIGESTS[1:], ROWS[1:])
        shelf.refresh()
        assert (shelf.find(DIGESTS) >= 0).all()
    assert (tmp_path / NAME).read_bytes() == before
