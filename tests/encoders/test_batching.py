"""The size of batches follows what the work itself shows."""

from __future__ import annotations

from ilk.encoders.batching import BatchSize


def work(size: BatchSize, seconds_for: dict[int, float], batches: int = 20) -> int:
    """Take batches of the size that is chosen, each as long as it would take; the size at the end."""
    for _ in range(batches):
        size.took(size.chosen, seconds_for[size.chosen])
    return size.chosen


def test_it_grows_while_that_is_faster() -> None:
    """A device that takes as long for 64 as for 8 is given 64."""
    assert work(BatchSize(8, 64), dict.fromkeys((8, 16, 32, 64), 1.0)) == 64


def test_it_stays_where_growing_brings_nothing() -> None:
    """A processor that takes twice as long for twice as many is left with the smaller batch."""
    size = BatchSize(8, 64)
    assert work(size, {n: n / 10 for n in (8, 16, 32, 64)}) == 8
    assert size.settled


def test_it_goes_back_from_a_size_that_is_slower() -> None:
    """What fits the cache no more is not kept."""
    assert work(BatchSize(8, 64), {8: 1.0, 16: 1.2, 32: 9.0, 64: 20.0}) == 16


def test_the_first_batch_of_a_size_is_not_measured() -> None:
    """Warming up is slow whatever the size."""
    size = BatchSize(8, 32)
    size.took(8, 100.0)
    assert work(size, {8: 1.0, 16: 1.0, 32: 1.0}) == 32


def test_batches_that_are_not_full_say_nothing() -> None:
    """The remainder at the end of a call is slow for each row, and no reason to change."""
    size = BatchSize(8, 32)
    for _ in range(10):
        size.took(3, 5.0)
    assert (size.chosen, size.settled) == (8, False)


def test_a_size_that_does_not_fit_is_halved_for_good() -> None:
    """After a lack of memory nothing larger is tried again."""
    size = BatchSize(8, 64)
    assert size.did_not_fit(8) == 4
    assert work(size, {4: 0.1}) == 4
    assert size.did_not_fit(1) == 0


def test_one_size_is_no_choice() -> None:
    """A size that was asked for is kept whatever it takes."""
    assert work(BatchSize(5, 5), {5: 1.0}) == 5
