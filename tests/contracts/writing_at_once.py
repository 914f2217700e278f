"""Contract: writers at once about one subject leave the same rows as one after the other."""

import asyncio
import multiprocessing
import random
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor

from exchange.core.statement import Entry, merge
from exchange.stores.base import Store
from tests.contracts.place import Place, entry, rows_of, seen, write_in_own_loop

WRITERS = 3


def histories(subject: bytes) -> list[list[list[Entry]]]:
    """Return what each writer writes: the same entries, each in an order of its own."""
    entries = [
        entry(subject, at=at, rank=rank, value=b"%d %d %d" % (at, rank, copy), issuer=issuer)
        for at in range(3)
        for rank in (1, 8)
        for copy in range(3)
        for issuer in ("310000", "510000")
    ]
    choice = random.Random(20_220_401)  # noqa: S311 - an order, not a secret
    shuffled = [choice.sample(entries, len(entries)) for _ in range(WRITERS)]
    return [[order[start : start + 4] for start in range(0, 36, 4)] for order in shuffled]


def winners(subject: bytes) -> set[tuple[str, str, bytes]]:
    """Return the rows that have to be left."""
    flat = [one for writes in histories(subject) for entries in writes for one in entries]
    return rows_of(merge(flat).values(), subject)


async def write_in(executor: Executor, place: Place, subject: bytes) -> None:
    """Let every writer run in a thread or process of its own."""
    loop = asyncio.get_running_loop()
    with executor:
        await asyncio.gather(
            *(
                loop.run_in_executor(executor, write_in_own_loop, place, writes)
                for writes in histories(subject)
            )
        )


class WritingAtOnceContract:
    async def test_tasks_that_write_about_one_subject_leave_the_winners(
        self, store: Store, subject: Callable[[object], bytes]
    ) -> None:
        writes = [entries for history in histories(subject(0)) for entries in history]
        await asyncio.gather(*(store.write(entries) for entries in writes))
        assert await seen(store, subject(0)) == winners(subject(0))

    async def test_threads_that_write_about_one_subject_leave_the_winners(
        self, store: Store, place: Place, subject: Callable[[object], bytes]
    ) -> None:
        await write_in(ThreadPoolExecutor(WRITERS), place, subject(0))
        assert await seen(store, subject(0)) == winners(subject(0))

    async def test_processes_that_write_about_one_subject_leave_the_winners(
        self, store: Store, place: Place, subject: Callable[[object], bytes]
    ) -> None:
        spawned = multiprocessing.get_context("spawn")
        await write_in(ProcessPoolExecutor(WRITERS, mp_context=spawned), place, subject(0))
        assert await seen(store, subject(0)) == winners(subject(0))

    async def test_a_read_that_begins_after_a_write_returned_sees_it(
        self, store: Store, subject: Callable[[object], bytes]
    ) -> None:
        async def write_and_read(index: int) -> None:
            for at in range(5):
                await store.write([entry(subject(index), at=at, value=b"at %d" % at)])
                assert await seen(store, subject(index)) == {("510000", "510000", b"at %d" % at)}

        await asyncio.gather(*(write_and_read(index) for index in range(20)))
