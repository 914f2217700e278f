"""A store is served by the loop of its caller, whatever size its answers have."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator

import pytest
from cassandra.connection import DefaultEndPoint

from exchange.core.statement import VALUE_BYTES_MAX
from exchange.stores.base import Store
from exchange.stores.cassandra.connection import LoopTimer, connection_class
from tests.contracts.place import entry, subjects_of
from tests.stores.places import new_cassandra_place
from tools.cassandra.node import CassandraNode

SECONDS_MAX = 5.0
SUBJECTS = 200


@pytest.fixture
async def store(cassandra_node: CassandraNode) -> AsyncIterator[Store]:
    store = new_cassandra_place(cassandra_node).open()
    await store.connect()
    await store.migrate()
    yield store
    await store.close()


@pytest.mark.cassandra
async def test_rows_of_megabytes_come_and_go_whole(
    store: Store, request: pytest.FixtureRequest
) -> None:
    subject = subjects_of(request.node.nodeid)
    values = [bytes([index]) * VALUE_BYTES_MAX for index in range(SUBJECTS)]
    await store.write([entry(subject(index), value=one) for index, one in enumerate(values)])
    answers = await store.read([subject(index) for index in range(SUBJECTS)])
    assert answers == [(("510000", "510000", one),) for one in values]


async def test_a_timer_fires_in_the_loop_whichever_thread_made_it() -> None:
    connections = connection_class(asyncio.get_running_loop())
    fired: asyncio.Queue[int] = asyncio.Queue()

    def make() -> LoopTimer:
        return connections.create_timer(0.001, lambda: fired.put_nowait(threading.get_ident()))

    make()
    await asyncio.to_thread(make)
    async with asyncio.timeout(SECONDS_MAX):
        assert [await fired.get(), await fired.get()] == [threading.get_ident()] * 2


async def test_a_timer_that_is_cancelled_never_fires_whichever_thread_cancels_it() -> None:
    connections = connection_class(asyncio.get_running_loop())
    fired: list[str] = []
    ended = asyncio.Event()

    def make_and_cancel() -> None:
        connections.create_timer(0.001, lambda: fired.append("cancelled")).cancel()

    make_and_cancel()
    made = connections.create_timer(0.001, lambda: fired.append("cancelled elsewhere"))
    for work in (make_and_cancel, made.cancel):
        # The loop stands still meanwhile: when it goes on, what is due was cancelled before.
        elsewhere = threading.Thread(target=work)
        elsewhere.start()
        elsewhere.join()
    connections.create_timer(0.02, ended.set)
    async with asyncio.timeout(SECONDS_MAX):
        await ended.wait()
    assert fired == []


def test_a_connection_that_comes_after_its_loop_leaves_no_socket_open() -> None:
    loop = asyncio.new_event_loop()
    connections = connection_class(loop)
    loop.close()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        with pytest.raises(RuntimeError) as refused:
            connections(DefaultEndPoint(*listening.getsockname()))
        accepted, _ = listening.accept()
        with accepted:
            accepted.settimeout(SECONDS_MAX)
            assert accepted.recv(1) == b""
    # Until here what was raised kept the connection alive: the socket was not closed by the way.
    assert "closed" in str(refused.value)
