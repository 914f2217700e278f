"""A ring of three nodes: what is promised while one of them is behind or silent."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import pytest

from exchange.core.errors import StoreError, StoreUnavailableError
from exchange.core.statement import Entry
from exchange.stores.cassandra import CassandraSettings, CassandraStore
from tests.cassandra_fixture import free_settings
from tools.cassandra.node import CassandraNode
from tools.cassandra.settings import ring as ring_settings

pytestmark = [pytest.mark.cassandra, pytest.mark.timeout(400)]

PEOPLE = 600
RECOVERY_SECONDS_MAX = 60.0


@pytest.fixture(scope="module")
def ring(
    tmp_path_factory: pytest.TempPathFactory, cassandra_java: Path, cassandra_jars: Path
) -> Iterator[tuple[CassandraNode, ...]]:
    """Three nodes on 127.0.0.1 to 127.0.0.3."""
    with ExitStack() as started:
        nodes = []
        for settings in ring_settings(free_settings(tmp_path_factory.mktemp("ring")), 3):
            node = CassandraNode(settings, java=cassandra_java, jars=cassandra_jars)
            started.callback(node.kill)
            node.start()
            node.wait_ready(180.0)
            nodes.append(node)
        yield tuple(nodes)


@asynccontextmanager
async def opened(ring: tuple[CassandraNode, ...], copies: int) -> AsyncIterator[CassandraStore]:
    store = CassandraStore(
        CassandraSettings(
            port=ring[0].native_port,
            keyspace=f"copies_{copies}",
            replication=(("replication_factor", copies),),
            request_timeout_seconds=4.0,
            reconnect_delay_seconds=0.2,
            heartbeat_seconds=1.0,
        )
    )
    await store.connect()
    try:
        await store.migrate()
        yield store
    finally:
        await store.close()


def people(tag: int) -> list[bytes]:
    return [bytes((1, tag)) + number.to_bytes(15, "big") for number in range(PEOPLE)]


def entries(subjects: list[bytes]) -> list[Entry]:
    return [Entry(one, "510000", "510000", 1_000, b"\x01" + one) for one in subjects]


async def write_in_time(store: CassandraStore, subjects: list[bytes]) -> None:
    """Write until everything is acknowledged; a retry is exact."""
    await until(lambda: store.write(entries(subjects)))


async def until(attempt: Callable[[], Awaitable[object]]) -> None:
    deadline = time.monotonic() + RECOVERY_SECONDS_MAX
    while True:
        try:
            await attempt()
        except StoreUnavailableError:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)
        else:
            return


async def test_i10_absence_is_only_claimed_at_the_consistency_that_was_promised(
    ring: tuple[CassandraNode, ...],
) -> None:
    async with opened(ring, 3) as store:
        behind = ring[2]
        behind.pause()
        try:
            await write_in_time(store, people(1))
        finally:
            behind.resume()
        answers = await store.read(people(1))
        absent = [answer for answer in answers if answer == ()]
        assert absent == []


async def test_with_one_of_three_copies_silent_everything_is_still_answered(
    ring: tuple[CassandraNode, ...],
) -> None:
    async with opened(ring, 3) as store:
        await write_in_time(store, people(2))
        ring[1].pause()
        try:

            async def read_all() -> None:
                answers = await store.read(people(2))
                failed = [answer for answer in answers if isinstance(answer, StoreError)]
                if failed:
                    raise StoreUnavailableError(str(len(failed)))
                assert all(len(answer) == 1 for answer in answers)  # type: ignore[arg-type]

            await until(read_all)
        finally:
            ring[1].resume()


async def test_where_the_only_copy_is_silent_just_its_people_fail(
    ring: tuple[CassandraNode, ...],
) -> None:
    async with opened(ring, 1) as store:
        subjects = people(3)
        await write_in_time(store, subjects)
        ring[2].pause()
        try:
            answers = await store.read(subjects)
        finally:
            ring[2].resume()
        failed = [answer for answer in answers if isinstance(answer, StoreUnavailableError)]
        right = [
            answer == (("510000", "510000", b"\x01" + one),)
            for one, answer in zip(subjects, answers, strict=True)
            if not isinstance(answer, StoreError)
        ]
        assert failed
        assert right
        assert all(right)

        async def read_all() -> None:
            again = await store.read(subjects)
            if any(isinstance(answer, StoreError) for answer in again):
                raise StoreUnavailableError("not yet")

        await until(read_all)
