"""Refusals are held per connection, and let go in time."""

import asyncio

from exchange.server.held import HELD_MAX, HELD_PER_CONNECTION_MAX, RELEASE_SECONDS, Held

DEADLINE_SECONDS = 30.0


async def test_refusals_that_are_due_together_are_let_go_together() -> None:
    held = Held()
    loop = asyncio.get_running_loop()
    began = loop.time()
    events = [held.after(0.05, "one"), held.after(0.05 + 3 * RELEASE_SECONDS, "one")]
    async with asyncio.timeout(DEADLINE_SECONDS):
        await events[0].wait()
        assert not events[1].is_set()
        # uvloop's clock counts whole milliseconds.
        assert loop.time() - began >= 0.05 - 0.002
        await events[1].wait()


async def test_one_connection_holds_a_part_of_what_it_may_have_out() -> None:
    held = Held()
    for _ in range(HELD_PER_CONNECTION_MAX):
        assert held.has_room("one")
        held.after(60, "one")
    assert not held.has_room("one")
    assert held.has_room("one", whole=True)
    assert held.has_room("other")


async def test_there_is_room_again_when_refusals_were_let_go() -> None:
    held = Held()
    events = [held.after(0.01, "one") for _ in range(HELD_PER_CONNECTION_MAX)]
    async with asyncio.timeout(DEADLINE_SECONDS):
        await asyncio.gather(*(event.wait() for event in events))
    assert held.has_room("one")


async def test_a_worker_holds_so_many_at_a_time() -> None:
    held = Held()
    for number in range(HELD_MAX):
        held.after(60, str(number // HELD_PER_CONNECTION_MAX))
    assert not held.has_room("new")
