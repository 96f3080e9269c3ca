from __future__ import annotations

import asyncio

from ilk.sources.fetch.room import ROOM_MIB, Room

MIB = 2**20


def run(*sizes_mib: int, stop: int | None = None) -> tuple[int, int]:
    """Have bodies of these sizes come in at one time: the most room that was taken, and how many got theirs.

    The body at ``stop`` is given up while it waits.
    """

    async def together() -> tuple[int, int]:
        room, taken, most, done = Room(), 0, 0, 0

        async def come(size: int) -> None:
            nonlocal taken, most, done
            async with room.take(size * MIB):
                taken += min(size, ROOM_MIB)
                most = max(most, taken)
                await asyncio.sleep(0.01)
                taken -= min(size, ROOM_MIB)
                done += 1

        tasks = [asyncio.create_task(come(size)) for size in sizes_mib]
        await asyncio.sleep(0.005)
        if stop is not None:
            tasks[stop].cancel()
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
        return most, done

    return asyncio.run(together())


def test_large_bodies_share_what_there_is() -> None:
    """Never more of it than there is, and each in its turn."""
    assert run(*[64] * 20) == (ROOM_MIB // 64 * 64, 20)


def test_photographs_come_in_together() -> None:
    """They are large, but not so large that one would keep the others waiting."""
    assert run(*[8] * 24) == (192, 24)


def test_sizes_may_mix() -> None:
    """Nobody waits half-way for what another waits half-way for."""
    most, done = run(*[5, 64, 100, 7, 190, 33, 64, 12] * 4)
    assert (most <= ROOM_MIB, done) == (True, 32)


def test_what_is_larger_than_all_room_gets_all_of_it() -> None:
    """Where limits allow such pictures."""
    assert run(1000, 10) == (ROOM_MIB, 2)


def test_whoever_gives_up_waiting_takes_nothing_along() -> None:
    """Neither room nor a turn."""
    assert run(100, 150, 192, stop=1) == (192, 2)
