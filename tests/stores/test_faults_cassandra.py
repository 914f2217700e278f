"""What becomes of calls when a node is away, silent, restarted or forgetful."""

import asyncio
import random
import threading
import time
from collections.abc import AsyncIterator, Callable

import msgspec
import pytest

from exchange.core.errors import StoreError, StoreUnavailableError
from exchange.stores.base import Store
from exchange.stores.cassandra import CassandraSettings, CassandraStore
from exchange.stores.gathering import GatheringSettings, GatheringStore
from tests.contracts.place import entry, seen, subjects_of
from tests.stores.places import cassandra_place, new_cassandra_place
from tools.cassandra.node import CassandraNode
from tools.cassandra.ports import free_ports

pytestmark = pytest.mark.cassandra

RECOVERY_SECONDS_MAX = 30.0


def impatient(settings: CassandraSettings) -> CassandraSettings:
    """Return settings under which a silent node is noticed quickly."""
    return msgspec.structs.replace(
        settings,
        request_timeout_seconds=0.5,
        speculative_delay_seconds=0.2,
        reconnect_delay_seconds=0.2,
        heartbeat_seconds=1.0,
    )


async def recovered(store: Store) -> None:
    """Return as soon as the store answers, and fail if it does not in time."""
    deadline = time.monotonic() + RECOVERY_SECONDS_MAX
    while True:
        try:
            await store.check()
        except StoreUnavailableError:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        else:
            return


async def acknowledge(store: Store, subject: Callable[[object], bytes], indexes: range) -> set[int]:
    """Write each subject by itself and return which were acknowledged."""
    acknowledged = set()
    for index in indexes:
        try:
            await store.write([entry(subject(index), value=b"value %d" % index)])
        except StoreUnavailableError:
            continue
        acknowledged.add(index)
    return acknowledged


@pytest.fixture
async def store(cassandra_node: CassandraNode) -> AsyncIterator[CassandraStore]:
    patient = cassandra_place(cassandra_node).open()
    await patient.connect()
    await patient.migrate()
    await patient.close()
    store = CassandraStore(impatient(cassandra_place(cassandra_node).settings))
    await store.connect()
    yield store
    await store.close()


async def test_a_store_that_cannot_be_reached_at_the_start_says_so_and_leaves_no_threads() -> None:
    (port,) = free_ports(1, random.SystemRandom())
    store = CassandraStore(CassandraSettings(port=port))
    with pytest.raises(StoreUnavailableError) as refused:
        await store.connect()
    assert not {"cassandra", str(port)} & set(str(refused.value).lower().split())
    assert [one.name for one in threading.enumerate() if "cassandra" in one.name] == []
    with pytest.raises(StoreUnavailableError):
        await store.connect()
    await store.close()


async def test_calls_fail_while_a_node_is_silent_and_nothing_acknowledged_is_lost(
    store: CassandraStore, cassandra_node: CassandraNode, request: pytest.FixtureRequest
) -> None:
    subject = subjects_of(request.node.nodeid)
    acknowledged = await acknowledge(store, subject, range(50))
    cassandra_node.pause()
    try:
        with pytest.raises(StoreUnavailableError):
            await store.read([subject(0)])
        with pytest.raises(StoreUnavailableError):
            await store.read([subject(0), subject(1)])
        with pytest.raises(StoreUnavailableError):
            await store.check()
        acknowledged |= await acknowledge(store, subject, range(50, 52))
        assert acknowledged == set(range(50))
    finally:
        cassandra_node.resume()
    await recovered(store)
    for index in sorted(acknowledged):
        expected = {("510000", "510000", b"value %d" % index)}
        assert await seen(store, subject(index)) == expected
    assert await acknowledge(store, subject, range(50, 60)) == set(range(50, 60))


async def test_the_event_loop_goes_on_while_a_node_is_silent(
    store: CassandraStore, cassandra_node: CassandraNode, request: pytest.FixtureRequest
) -> None:
    subject = subjects_of(request.node.nodeid)
    await store.write([entry(subject(0))])
    cassandra_node.pause()
    ticks = 0
    try:
        reading = asyncio.ensure_future(store.read([subject(0)]))
        while not reading.done():
            ticks += 1
            await asyncio.sleep(0.01)
    finally:
        cassandra_node.resume()
    assert isinstance(reading.exception(), StoreUnavailableError)
    # The read took half a second at least; a loop that it held up would have turned once.
    assert ticks > 5
    await recovered(store)


async def test_callers_of_a_shared_read_keep_their_own_deadlines_while_a_node_is_silent(
    store: CassandraStore, cassandra_node: CassandraNode, request: pytest.FixtureRequest
) -> None:
    subject = subjects_of(request.node.nodeid)
    await store.write([entry(subject(0))])
    shared = GatheringStore(store, GatheringSettings(time_limit_seconds=1.0))

    async def impatient_read() -> object:
        async with asyncio.timeout(0.05):
            return await shared.read([subject(0)])

    await shared.read([subject(0)])
    cassandra_node.pause()
    try:
        hasty, patient = await asyncio.gather(
            impatient_read(), shared.read([subject(0)]), return_exceptions=True
        )
    finally:
        cassandra_node.resume()
    assert isinstance(hasty, TimeoutError)
    assert isinstance(patient, StoreUnavailableError)
    await recovered(store)
    assert await seen(shared, subject(0)) == {("510000", "510000", b"value")}


async def test_a_statement_that_the_node_has_forgotten_is_prepared_again(
    cassandra_node: CassandraNode, request: pytest.FixtureRequest
) -> None:
    subject = subjects_of(request.node.nodeid)
    place = new_cassandra_place(cassandra_node)
    store = place.open()
    assert isinstance(store, CassandraStore)
    await store.connect()
    await store.migrate()
    await store.write([entry(subject(index)) for index in range(3)])
    await store.read([subject(0)])
    await store.read([subject(0), subject(1)])
    # A node forgets the statements of a table that is altered.
    keyspace = place.settings.keyspace
    await store._driver.change_schema(f"ALTER TABLE {keyspace}.statements WITH comment = 'x'")

    def work(index: int) -> list[asyncio.Task[object]]:
        return [
            asyncio.ensure_future(store.read([subject(index)])),
            asyncio.ensure_future(store.read([subject(index), subject(0)])),
            asyncio.ensure_future(store.write([entry(subject(index), at=1, value=b"new")])),
        ]

    await asyncio.gather(*(task for index in range(100) for task in work(index)))
    assert await seen(store, subject(99)) == {("510000", "510000", b"new")}
    await store.close()


async def test_a_store_outlives_the_restart_of_its_node_and_the_loss_of_prepared_statements(
    private_cassandra_node: Callable[[], CassandraNode], request: pytest.FixtureRequest
) -> None:
    subject = subjects_of(request.node.nodeid)
    node = private_cassandra_node()
    patient = cassandra_place(node).open()
    assert isinstance(patient, CassandraStore)
    await patient.connect()
    await patient.migrate()
    store = CassandraStore(impatient(cassandra_place(node).settings))
    await store.connect()
    acknowledged = await acknowledge(store, subject, range(20))
    await store.read([subject(0), subject(1)])
    # A node keeps them in a table too, from which it would remember them.
    await patient._driver.change_schema("TRUNCATE system.prepared_statements")
    await patient.close()

    node.kill()
    with pytest.raises(StoreError):
        await store.read([subject(0)])
    acknowledged |= await acknowledge(store, subject, range(20, 21))
    node.start()
    await asyncio.to_thread(node.wait_ready)
    await recovered(store)
    assert acknowledged == set(range(20))
    answers = await store.read([subject(index) for index in range(20)])
    assert answers == [(("510000", "510000", b"value %d" % index),) for index in range(20)]
    assert await acknowledge(store, subject, range(20, 30)) == set(range(20, 30))
    await store.close()
