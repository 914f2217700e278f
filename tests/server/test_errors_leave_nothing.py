"""A call that ends in an error leaves nothing behind, whatever the garbage collector does.

A call whose Python objects hold each other keeps its place on its connection until the collector
comes by. With a hundred of them gRPC refuses the connection's next calls, good or bad, and where
nothing but refusals is left to do, the collector does not come for long.
"""

import asyncio
import gc
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import grpc
import pytest

from exchange.api.v1 import health_code_service_pb2 as pb
from tests.people import resident
from tests.server_fixture import (
    Client,
    RunningExchange,
    RunningPublisher,
    StartExchange,
    record,
)
from tools.cassandra.node import CassandraNode

CALLS = 160
"""More than a connection may have open."""
AT_ONCE = 8
SERVICES = "/exchange.api.v1"
Ask = Callable[[Client], Awaitable[object]]

INVALID, DENIED = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.PERMISSION_DENIED
UNAVAILABLE, EXHAUSTED = grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED


def no_message(path: str) -> Ask:
    return lambda client: client.raw(f"{SERVICES}.{path}", b"\xff\xff")


async def stream(client: Client) -> None:
    async def requests() -> AsyncIterator[pb.StreamingPublishHealthCodesRequest]:
        yield pb.StreamingPublishHealthCodesRequest(chunk=b"no start")

    call = client.health_codes.StreamingPublishHealthCodes(requests(), metadata=client.metadata)
    _ = [answer async for answer in call]


ASKED: dict[str, tuple[Ask, grpc.StatusCode]] = {
    "check, no message": (no_message("RecognitionService/CheckHealthCode"), INVALID),
    "batch, no message": (no_message("RecognitionService/BatchCheckHealthCodes"), INVALID),
    "publication, no message": (no_message("HealthCodeService/PublishHealthCodes"), INVALID),
    "check, no document": (lambda client: client.check("no document"), INVALID),
    "stream without a start": (stream, INVALID),
    "somebody else's member": (lambda client: client.publish_records("310000"), DENIED),
}
STORE_ASKED: dict[str, Ask] = {
    "check": lambda client: client.check(resident(1)),
    "batch": lambda client: client.batch([resident(1), resident(2)]),
    "publication": lambda client: client.publish_records("510000", record(resident(1))),
    "list": lambda client: client.listed(resident(1)),
}


@pytest.fixture(autouse=True)
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def endings(
    ask: Ask, client: Client, at_once: int = AT_ONCE
) -> set[tuple[grpc.StatusCode, str]]:
    """Return how calls end that one connection makes again and again."""
    ended = set()
    for _ in range(CALLS // at_once):
        calls = (ask(client) for _ in range(at_once))
        for error in await asyncio.gather(*calls, return_exceptions=True):
            assert isinstance(error, grpc.aio.AioRpcError)
            ended.add((error.code(), error.details() or ""))
    return ended


@pytest.mark.parametrize("case", ASKED)
async def test_a_connection_takes_the_next_call_after_many_in_error(
    exchange: RunningExchange, case: str
) -> None:
    ask, code = ASKED[case]
    assert {how for how, _ in await endings(ask, exchange.client())} == {code}


async def test_so_it_does_where_a_publisher_ends_streams(
    start_exchange: StartExchange, publisher: RunningPublisher
) -> None:
    exchange = await start_exchange(publishers=[publisher.address])
    assert {how for how, _ in await endings(stream, exchange.client())} == {INVALID}


@pytest.mark.parametrize("case", STORE_ASKED)
async def test_a_connection_takes_the_next_call_while_the_store_fails(
    exchange: RunningExchange, case: str
) -> None:
    with sqlite3.connect(exchange.data_dir / "exchange.sqlite") as other:
        tables = other.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            other.execute(f"DROP TABLE {table}")
    ended = await endings(STORE_ASKED[case], exchange.client())
    assert ended == {(UNAVAILABLE, "The store does not answer.")}


async def test_a_connection_takes_the_next_call_while_its_member_is_over_its_quota(
    start_exchange: StartExchange, tmp_path: Path
) -> None:
    limits = tmp_path / "limits.toml"
    limits.write_text("[members.510000]\nlookups = {per_second = 0.001, burst = 1}\n")
    client = (await start_exchange(limits_file=limits)).client()
    await client.check(resident(1))
    ended = await endings(STORE_ASKED["check"], client)
    assert {how for how, _ in ended} == {EXHAUSTED}


@pytest.mark.cassandra
async def test_a_connection_takes_the_next_call_while_cassandra_is_silent(
    private_cassandra_node: Callable[[], CassandraNode], start_exchange: StartExchange
) -> None:
    node = await asyncio.to_thread(private_cassandra_node)
    exchange = await start_exchange(
        store="cassandra", cassandra_port=node.native_port, store_timeout_seconds=0.5
    )
    client = exchange.client()
    node.pause()
    ended = set()
    for ask in STORE_ASKED.values():
        ended |= await endings(ask, client, at_once=CALLS // 4)
    node.resume()
    told = {"The store does not answer.", "The store does not answer in time."}
    assert ended <= {(UNAVAILABLE, one) for one in told}
