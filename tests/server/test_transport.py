"""What the transport itself bounds and refuses: the table of docs/errors-grpc.md, row by row."""

import asyncio
import os
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from exchange.api.v1 import health_code_service_pb2, member_service_pb2
from exchange.server.limits import (
    MESSAGE_BYTES_MAX,
    METADATA_BYTES_MAX,
    PING_STRIKES_MAX,
    STREAMS_PER_CONNECTION_MAX,
)
from tests.people import resident
from tests.server import raw_http2 as raw
from tests.server_fixture import BEIJING, SICHUAN, RunningExchange, StartExchange, record, refused

PATIENCE_SECONDS = 15
PINGS = PING_STRIKES_MAX + 2
"""The first is in time, and the one after the last strike is the last that is read."""
LIST_MEMBERS = "/exchange.api.v1.MemberService/ListMembers"
DOCS = Path(__file__).parents[2] / "docs" / "errors-grpc.md"


@pytest.fixture(autouse=True)
async def patience() -> AsyncIterator[None]:
    """No test here waits for longer than this."""
    async with asyncio.timeout(PATIENCE_SECONDS * 2):
        yield


async def still_serves(exchange: RunningExchange) -> bool:
    """Tell whether another member than the one that floods is answered."""
    request = member_service_pb2.ListMembersRequest()
    client = exchange.client(BEIJING)
    stub = client.members
    answer = await stub.ListMembers(request, metadata=client.metadata, timeout=PATIENCE_SECONDS)
    return len(answer.members) > 0


async def code_and_text(call: "grpc.aio.UnaryUnaryCall[bytes, bytes]") -> tuple[str, str]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value.code().name, caught.value.details() or ""


def raw_call(
    exchange: RunningExchange,
    path: str,
    request: bytes,
    *metadata: tuple[str, str],
    timeout: float = PATIENCE_SECONDS,
) -> "grpc.aio.UnaryUnaryCall[bytes, bytes]":
    client = exchange.client()
    method = client.channel.unary_unary(path, bytes, bytes)
    return method(request, metadata=(*client.metadata, *metadata), timeout=timeout)


async def test_an_unknown_method_is_unimplemented(exchange: RunningExchange) -> None:
    path = "/exchange.api.v1.MemberService/NoSuchMethod"
    assert await code_and_text(raw_call(exchange, path, b"")) == (
        "UNIMPLEMENTED",
        "Method not found!",
    )


async def test_an_unknown_service_is_unimplemented(exchange: RunningExchange) -> None:
    code, _ = await code_and_text(raw_call(exchange, "/no.such.Service/Method", b""))
    assert code == "UNIMPLEMENTED"


async def test_a_message_over_the_limit_is_resource_exhausted(exchange: RunningExchange) -> None:
    code, text = await code_and_text(raw_call(exchange, LIST_MEMBERS, bytes(MESSAGE_BYTES_MAX + 1)))
    assert code == "RESOURCE_EXHAUSTED"
    assert "larger than max" in text


async def test_metadata_over_the_limit_is_resource_exhausted(exchange: RunningExchange) -> None:
    long = ("x-long", "x" * METADATA_BYTES_MAX)
    code, text = await code_and_text(raw_call(exchange, LIST_MEMBERS, b"", long))
    assert code == "RESOURCE_EXHAUSTED"
    assert "metadata size" in text


async def test_a_deadline_that_passes_is_deadline_exceeded(exchange: RunningExchange) -> None:
    watch = health_pb2_grpc.HealthStub(exchange.client().channel).Watch(
        health_pb2.HealthCheckRequest(), timeout=0.2
    )
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        [answer async for answer in watch]
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED


async def test_a_port_that_nobody_listens_on_is_unavailable(exchange: RunningExchange) -> None:
    await exchange.exchange.stop()
    code, _ = await code_and_text(raw_call(exchange, LIST_MEMBERS, b""))
    assert code == "UNAVAILABLE"


GARBAGE = {
    "random bytes": os.urandom(4096),
    "a request of HTTP/1.1": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a TLS hello to a plaintext port": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
    "a frame larger than any": raw.PREFACE + b"\xff\xff\xff\x00\x00\x00\x00\x00\x01" + bytes(100),
    "headers that cannot be decoded": raw.opening()
    + raw.frame(raw.HEADERS, b"\xff" * 40, raw.END_HEADERS, 1),
}


@pytest.mark.parametrize("garbage", list(GARBAGE))
async def test_garbage_on_the_port_ends_that_connection_and_nothing_else(
    exchange: RunningExchange, garbage: str
) -> None:
    reader, writer = await raw.connect(exchange.exchange.port)
    writer.write(GARBAGE[garbage])
    await raw.read_to_end(reader)
    writer.close()
    assert await still_serves(exchange)


@pytest.mark.parametrize("begun", [b"", raw.PREFACE[:10]], ids=["silent", "half a preface"])
async def test_a_connection_that_is_not_ready_in_time_is_closed(
    start_exchange: StartExchange, begun: bytes
) -> None:
    exchange = await start_exchange(handshake_seconds=0.3)
    reader, writer = await raw.connect(exchange.exchange.port)
    writer.write(begun)
    await raw.read_to_end(reader)
    writer.close()
    assert await still_serves(exchange)


async def test_connections_over_the_limit_are_closed_and_the_others_are_served(
    start_exchange: StartExchange,
) -> None:
    exchange = await start_exchange(connections_max=3)
    client = exchange.client()
    request = member_service_pb2.ListMembersRequest()
    await client.members.ListMembers(request, metadata=client.metadata)
    held = [await raw.connect(exchange.exchange.port) for _ in range(6)]
    for reader, writer in held[3:]:
        await raw.read_to_end(reader)
        writer.close()
    answer = await client.members.ListMembers(request, metadata=client.metadata)
    for _, writer in held[:3]:
        writer.close()
    assert answer.members


async def test_a_client_that_pings_too_often_is_told_to_calm_down(
    exchange: RunningExchange,
) -> None:
    reader, writer = await raw.connect(exchange.exchange.port)
    pings = (raw.frame(raw.PING, struct.pack(">Q", number)) for number in range(PINGS))
    writer.write(raw.opening() + b"".join(pings))
    goaway = await raw.read_until(reader, raw.GOAWAY)
    writer.close()
    assert struct.unpack(">II", goaway[:8])[1] == raw.ENHANCE_YOUR_CALM
    assert b"too_many_pings" in goaway


async def test_a_connection_is_asked_to_go_away_at_its_age(start_exchange: StartExchange) -> None:
    exchange = await start_exchange(connection_age_seconds=1)
    reader, writer = await raw.connect(exchange.exchange.port)
    writer.write(raw.opening())
    goaway = await raw.read_until(reader, raw.GOAWAY)
    writer.close()
    assert b"max_age" in goaway


async def test_a_stream_goes_on_when_its_connection_has_reached_its_age(
    start_exchange: StartExchange,
) -> None:
    exchange = await start_exchange(connection_age_seconds=1)
    client = exchange.client()
    stream = client.health_codes.StreamingPublishHealthCodes(metadata=client.metadata)  # type: ignore[call-arg] # a stream that is written to by hand
    first = health_code_service_pb2.StreamingPublishHealthCodesRequest()
    first.start.member = "members/510000"
    await stream.write(first)
    # Its own connection reaches its age, and then another one that was made after that.
    for _ in range(2):
        await client.channel.channel_ready()
        await client.channel.wait_for_state_change(grpc.ChannelConnectivity.READY)
    records = health_code_service_pb2.HealthCodeRecords(records=[record(resident(1))])
    await stream.write(
        health_code_service_pb2.StreamingPublishHealthCodesRequest(health_code_records=records)
    )
    answer = await stream.read()
    stream.cancel()
    assert isinstance(answer, health_code_service_pb2.StreamingPublishHealthCodesResponse)
    assert (answer.accepted_count, answer.durable_position.record_count) == (1, 1)


async def test_a_stream_is_ended_when_it_has_lasted_too_long(start_exchange: StartExchange) -> None:
    exchange = await start_exchange(stream_seconds_max=1)
    client = exchange.client()
    stream = client.health_codes.StreamingPublishHealthCodes(metadata=client.metadata)  # type: ignore[call-arg] # a stream that is written to by hand
    start = health_code_service_pb2.StreamingPublishHealthCodesRequest()
    start.start.member = "members/510000"
    start.start.format = "510000-status-v1"
    await stream.write(start)
    with refused() as refusal:
        [_ async for _ in stream]
    assert (refusal().code, refusal().reason) == (
        grpc.StatusCode.DEADLINE_EXCEEDED,
        "DEADLINE_PASSED",
    )
    assert "open another one and resume" in refusal().text


async def test_a_connection_may_have_only_so_many_calls_in_flight(
    exchange: RunningExchange,
) -> None:
    reader, writer = await raw.connect(exchange.exchange.port)
    writer.write(raw.opening())
    settings = await raw.read_until(reader, raw.SETTINGS)
    writer.close()
    pairs = dict(struct.iter_unpack(">HI", settings))
    assert pairs[0x3] == STREAMS_PER_CONNECTION_MAX


async def test_callers_who_do_not_read_their_answers_do_not_hold_up_others(
    exchange: RunningExchange,
) -> None:
    stuck = [await raw.connect(exchange.exchange.port) for _ in range(10)]
    for _, writer in stuck:
        writer.write(raw.opening(initial_window_size=0))
        for number in range(STREAMS_PER_CONNECTION_MAX):
            writer.write(
                raw.call(2 * number + 1, LIST_MEMBERS, b"", x_health_exchange_caller=SICHUAN)
            )
    for reader, _ in stuck:
        # Its headers have come: the answer is ready, and its body waits for room.
        await raw.read_until(reader, raw.HEADERS)
    served = [await still_serves(exchange) for _ in range(20)]
    for _, writer in stuck:
        writer.close()
    assert served == [True] * 20


async def test_a_call_that_its_caller_gives_up_is_none_of_the_servers_errors(
    exchange: RunningExchange,
) -> None:
    client = exchange.client()
    records = [record("510102190402290011")] * 2_000
    request = health_code_service_pb2.PublishHealthCodesRequest(
        member="members/510000",
        health_code_records=health_code_service_pb2.HealthCodeRecords(records=records),
    )
    call = client.health_codes.PublishHealthCodes(request, metadata=client.metadata)
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert await still_serves(exchange)


def test_the_document_names_every_code_that_grpc_raises_here() -> None:
    text = DOCS.read_text("utf-8")
    for code in ("UNAVAILABLE", "UNIMPLEMENTED", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED"):
        assert f"`{code}`" in text
    for limit in (MESSAGE_BYTES_MAX, METADATA_BYTES_MAX, STREAMS_PER_CONNECTION_MAX):
        assert f"{limit:,}" in text
