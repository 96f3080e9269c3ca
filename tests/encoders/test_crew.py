"""Batches computed side by side on the processors of the CPU."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest

from encoders.cases import Case, pictures, texts
from ilk.encoders.compute import ComputeOptions
from ilk.encoders.torch import TorchEncoder
from ilk.encoders.torch.crew import start_crew
from ilk.encoders.torch.replica import Replica

torch = pytest.importorskip("torch")

PROCESSORS = 3


class Batch(NamedTuple):
    """What one call of the model was."""

    thread: str
    torch_threads: int
    rows: int


@pytest.fixture(autouse=True)
def torch_threads() -> Iterator[None]:
    """The number that torch uses on this thread is as before."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[Batch]:
    """Filled with what the model is called with."""
    met: list[Batch] = []
    compute = Replica.encode_pixels

    def watch(self: Replica, batch: Any) -> Any:
        met.append(Batch(threading.current_thread().name, torch.get_num_threads(), len(batch)))
        return compute(self, batch)

    monkeypatch.setattr(Replica, "encode_pixels", watch)
    return met


def open_clip(case: Case, *, threads: int, batch_size: int | None = None) -> TorchEncoder:
    options = ComputeOptions(device="cpu", precision="float32", threads=threads, batch_size=batch_size)
    return TorchEncoder(case.folder, name=case.name, options=options)


def test_a_crew_computes_on_one_thread_each() -> None:
    """Each of its threads has torch for itself; this thread, and those started later, have torch as it was."""
    torch.set_num_threads(PROCESSORS)
    everyone = threading.Barrier(4)

    def look(_: int) -> tuple[str, int]:
        everyone.wait(timeout=60)
        return threading.current_thread().name, torch.get_num_threads()

    with start_crew(4) as crew:
        found = list(crew.map(look, range(4)))
    assert len({name for name, _ in found}) == 4
    assert [count for _, count in found] == [1] * 4
    assert torch.get_num_threads() == PROCESSORS
    later: list[int] = []
    thread = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert later == [PROCESSORS]


def test_a_batch_is_shared_out_evenly(built: Callable[[str], Case], batches: list[Batch]) -> None:
    """Eight pictures for three processors are three, three and two, though one could take all, on the crew."""
    encoder = open_clip(built("clip"), threads=PROCESSORS)
    encoder.load("image")
    _ = encoder.dimension
    batches.clear()
    encoder.encode_images(pictures())
    assert sorted(batch.rows for batch in batches) == [2, 3, 3]
    assert all(batch.thread.startswith("ilk-encode") and batch.torch_threads == 1 for batch in batches)


def test_a_single_picture_has_all_processors(built: Callable[[str], Case], batches: list[Batch]) -> None:
    """One row is computed on the calling thread, with as many of torch's threads as were asked for."""
    open_clip(built("clip"), threads=PROCESSORS).encode_images(pictures()[:1])
    assert batches[-1] == (threading.current_thread().name, PROCESSORS, 1)


def test_the_number_of_processors_changes_no_vector(built: Callable[[str], Case]) -> None:
    """Rows are those of one processor, in the order asked for, for pictures and for texts."""
    case = built("clip")
    alone, together = open_clip(case, threads=1), open_clip(case, threads=PROCESSORS, batch_size=2)
    np.testing.assert_allclose(together.encode_images(pictures()), alone.encode_images(pictures()), atol=1e-5)
    asked = [text for text in texts("clip") if len(text) < 100]
    np.testing.assert_allclose(together.encode_texts(asked), alone.encode_texts(asked), atol=1e-5)


def test_it_likes_a_batch_for_each_processor(built: Callable[[str], Case]) -> None:
    """Whoever gathers pictures for it gathers enough that no processor waits."""
    assert open_clip(built("clip"), threads=PROCESSORS, batch_size=5).batch_size == 5 * PROCESSORS
    assert open_clip(built("clip"), threads=PROCESSORS).batch_size % PROCESSORS == 0


def test_an_error_on_one_processor_is_raised(built: Callable[[str], Case], monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes wrong with one share is not lost among the others, and the encoder can be used again."""
    encoder = open_clip(built("clip"), threads=PROCESSORS)
    expected = encoder.encode_images(pictures())
    compute = Replica.encode_pixels

    def fail(self: Replica, batch: Any) -> Any:
        if len(batch) == 2:
            raise ValueError("the smallest share")
        return compute(self, batch)

    with monkeypatch.context() as patch:
        patch.setattr(Replica, "encode_pixels", fail)
        with pytest.raises(ValueError, match="the smallest share"):
            encoder.encode_images(pictures())
    np.testing.assert_allclose(encoder.encode_images(pictures()), expected, atol=1e-5)
