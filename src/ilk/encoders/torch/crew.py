"""Threads that compute batches side by side.

torch shares out each layer of a model among its threads, which wait for each other at its end: whatever else runs
meanwhile, such as decoding the next pictures, makes all of them wait. A batch a thread waits for nothing, and the
numbers between two layers stay in the cache of one processor.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier


def start_crew(size: int) -> ThreadPoolExecutor:
    """As many threads, in each of which torch computes on that thread alone.

    How many threads torch uses in others, whether they run already or are started later, stays as it was.
    """
    import torch

    elsewhere = torch.get_num_threads()
    crew = ThreadPoolExecutor(size, thread_name_prefix="ilk-encode")
    everyone = Barrier(size)

    def settle(_: int) -> None:
        torch.set_num_threads(1)  # for this thread, and for those that torch has not met yet
        torch.get_num_threads()  # meets this one: else it would follow what is set below
        everyone.wait()  # so that no thread settles twice, and another never

    list(crew.map(settle, range(size)))
    torch.set_num_threads(elsewhere)
    return crew
