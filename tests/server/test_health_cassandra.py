"""Health on a real Cassandra: a node that stands still is told within a second, and its return."""

import asyncio
import time
from collections.abc import Callable

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from exchange.api.v1 import recognition_service_pb2
from tests.server_fixture import Client, RunningExchange, StartExchange, document
from tests.tls_fixture import deadline
from tools.cassandra.node import CassandraNode

PATIENCE_SECONDS = 60
CALL_SECONDS = 5

pytestmark = pytest.mark.cassandra


async def seconds_until(running: RunningExchange, wanted: int) -> float:
    """Ask until a status is told; return how long that took."""
    stub = health_pb2_grpc.HealthStub(running.client().channel)
    start, end = time.monotonic(), deadline(PATIENCE_SECONDS)
    while (
        await stub.Check(health_pb2.HealthCheckRequest(), timeout=CALL_SECONDS)
    ).status != wanted:
        assert time.monotonic() < end, "the status never came"
        await asyncio.sleep(0.01)
    return time.monotonic() - start


async def code_of_a_check(client: Client) -> str:
    request = recognition_service_pb2.CheckHealthCodeRequest(
        document=document("510102190402290011"), destination="members/310000"
    )
    call = client.recognition.CheckHealthCode(
        request, metadata=client.metadata, timeout=CALL_SECONDS
    )
    return (await call.code()).name


async def test_a_node_that_stands_still_is_told_and_everything_comes_back_by_itself(
    private_cassandra_node: Callable[[], CassandraNode], start_exchange: StartExchange
) -> None:
    node = await asyncio.to_thread(private_cassandra_node)
    running = await start_exchange(
        store="cassandra", cassandra_port=node.native_port, store_timeout_seconds=1
    )
    client = running.client()
    await seconds_until(running, health_pb2.HealthCheckResponse.SERVING)
    before = await code_of_a_check(client)
    node.pause()
    told_after = await seconds_until(running, health_pb2.HealthCheckResponse.NOT_SERVING)
    meanwhile = [await code_of_a_check(client) for _ in range(3)]
    node.resume()
    await seconds_until(running, health_pb2.HealthCheckResponse.SERVING)
    after = await code_of_a_check(client)
    assert told_after < 1.0
    assert set(meanwhile) == {grpc.StatusCode.UNAVAILABLE.name}
    assert (before, after) == ("OK", "OK")
