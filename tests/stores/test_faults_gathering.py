"""What becomes of shared reads when one of them hangs, fails or is given up."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from exchange.core.errors import StoreError, StoreUnavailableError
from exchange.core.statement import Row
from exchange.stores.gathering import GatheringSettings, GatheringStore
from exchange.stores.sqlite import SqliteStore
from tests.contracts.place import entry, seen, subjects_of
from tests.stores.places import sqlite_place

SUBJECT = subjects_of("shared reads")
HUNG = SUBJECT("hung")
ROW = (("510000", "510000", b"value"),)


class HangingStore(SqliteStore):
    """A store that never answers a read of one subject until it is released."""

    def __init__(self, directory: Path) -> None:
        super().__init__(sqlite_place(directory).settings)
        self.released = asyncio.Event()
        self.reads: list[list[bytes]] = []

    async def read(self, subjects: Sequence[bytes]) -> list[tuple[Row, ...] | StoreError]:
        self.reads.append(list(subjects))
        if HUNG in subjects:
            await self.released.wait()
        else:
            await asyncio.sleep(0)
        return await super().read(subjects)


@pytest.fixture
async def inner(tmp_path: Path) -> AsyncIterator[HangingStore]:
    inner = HangingStore(tmp_path)
    await inner.connect()
    await inner.migrate()
    await inner.write([entry(one) for one in (HUNG, *map(SUBJECT, range(100)))])
    yield inner
    await inner.close()


def gathering(inner: HangingStore, *, late: float = 0.02, limit: float = 60.0) -> GatheringStore:
    settings = GatheringSettings(late_after_seconds=late, time_limit_seconds=limit)
    return GatheringStore(inner, settings)


async def test_lookups_that_arrive_during_a_read_leave_together_as_the_next(
    inner: HangingStore,
) -> None:
    shared = gathering(inner, late=60.0)
    answers = await asyncio.gather(*(shared.read([SUBJECT(index)]) for index in range(100)))
    assert answers == [[ROW]] * 100
    assert [len(subjects) for subjects in inner.reads] == [1, 99]


async def test_one_hung_read_does_not_hold_up_lookups_that_come_later(
    inner: HangingStore,
) -> None:
    shared = gathering(inner)
    hung = asyncio.ensure_future(shared.read([HUNG]))
    await asyncio.sleep(0)
    answers = await asyncio.gather(*(shared.read([SUBJECT(index)]) for index in range(10)))
    assert answers == [[ROW]] * 10
    assert not hung.done()
    inner.released.set()
    assert await hung == [ROW]


async def test_a_hung_read_ends_at_its_own_limit_and_the_next_lookup_is_answered(
    inner: HangingStore,
) -> None:
    shared = gathering(inner, limit=0.05)
    with pytest.raises(StoreUnavailableError):
        await shared.read([HUNG])
    inner.released.set()
    assert await seen(shared, HUNG) == {ROW[0]}


async def test_a_caller_who_gives_up_takes_nothing_from_the_others_of_its_group(
    inner: HangingStore,
) -> None:
    shared = gathering(inner)
    callers = [asyncio.ensure_future(shared.read([HUNG])) for _ in range(3)]
    await asyncio.sleep(0)
    callers[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await callers[0]
    inner.released.set()
    assert await asyncio.gather(*callers[1:]) == [[ROW]] * 2


async def test_a_read_that_nobody_waits_for_any_more_leaves_nothing_behind(
    inner: HangingStore,
) -> None:
    shared = gathering(inner, limit=0.05)
    for _ in range(50):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await shared.read([HUNG])
    await shared.close()
    assert shared._reads == set()
    assert shared._waiting == []


async def test_lookups_beyond_what_may_wait_are_refused_at_once(inner: HangingStore) -> None:
    shared = gathering(inner, late=60.0)
    callers = [
        asyncio.ensure_future(shared.read([HUNG, *(b"%d %d" % (one, i) for i in range(7))]))
        for one in range(3_000)
    ]
    refused = await asyncio.gather(*callers[-100:], return_exceptions=True)
    assert {type(one) for one in refused} == {StoreUnavailableError}
    inner.released.set()
    answers = await asyncio.gather(*callers[:2_000])
    assert {answer[0] for answer in answers} == {ROW}
