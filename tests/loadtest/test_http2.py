"""The lean client of load tests, against gRPC's own server."""

import asyncio
from collections.abc import AsyncIterator

import grpc
import grpc.aio
import pytest
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2, status_pb2

from loadtest.closed_loop import ask, closed_loop
from loadtest.http2 import Answer, Target, connect, message_of

LARGE = 300_000
STREAMS_MAX, CALLS = 3, 500
Context = grpc.aio.ServicerContext[bytes, bytes]


async def reverse(request: bytes, _context: Context) -> bytes:
    return request[::-1]


async def refuse(_request: bytes, context: Context) -> bytes:
    detail = Any()
    wait = Duration(seconds=2, nanos=500_000_000)
    detail.Pack(error_details_pb2.RetryInfo(retry_delay=wait))
    status = status_pb2.Status(code=8, message="full", details=[detail])
    await context.abort(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "full",
        (("grpc-status-details-bin", status.SerializeToString()),),
    )
    raise AssertionError


async def refuse_without_abort(_request: bytes, context: Context) -> bytes:
    context.set_code(grpc.StatusCode.RESOURCE_EXHAUSTED)
    return b""


@pytest.fixture
async def port() -> AsyncIterator[int]:
    server = grpc.aio.server()
    methods = {
        "Reverse": grpc.unary_unary_rpc_method_handler(reverse),
        "Refuse": grpc.unary_unary_rpc_method_handler(refuse),
        "RefuseWithMessage": grpc.unary_unary_rpc_method_handler(refuse_without_abort),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.T", methods),))
    chosen = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield chosen
    await server.stop(None)


async def test_an_answer_comes_whole(port: int) -> None:
    answer = await ask(Target(port, "/test.T/Reverse"), b"abc")
    assert (answer.ok, answer.status, answer.message[5:]) == (True, "0", b"cba")


async def test_messages_beyond_every_window_arrive(port: int) -> None:
    body = bytes(range(250)) * (LARGE // 250)
    answer = await ask(Target(port, "/test.T/Reverse"), body)
    assert answer.message[5:] == body[::-1]


async def test_a_refusal_says_its_status_and_when_to_come_again(port: int) -> None:
    answer = await ask(Target(port, "/test.T/Refuse"), b"abc")
    assert (answer.ok, answer.status, answer.retry_seconds) == (False, "8", 2.5)


async def test_a_refusal_with_an_empty_message_is_no_answer(port: int) -> None:
    answer = await ask(Target(port, "/test.T/RefuseWithMessage"), b"")
    assert (answer.ok, answer.status) == (False, "8")


async def test_an_unknown_method_is_an_error_without_retry(port: int) -> None:
    answer = await ask(Target(port, "/test.T/None"), b"abc")
    assert (answer.ok, answer.status, answer.retry_seconds) == (False, "12", None)


async def test_no_more_streams_are_opened_than_the_server_allows() -> None:
    running = most = 0

    async def crowd(request: bytes, _context: Context) -> bytes:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return request

    server = grpc.aio.server(options=(("grpc.max_concurrent_streams", STREAMS_MAX),))
    methods = {"Crowd": grpc.unary_unary_rpc_method_handler(crowd)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.T", methods),))
    target = Target(server.add_insecure_port("127.0.0.1:0"), "/test.T/Crowd")
    await server.start()
    (connection,) = await connect(target, 1)
    try:
        answers: asyncio.Queue[Answer] = asyncio.Queue()
        for _ in range(CALLS):
            connection.call(message_of(b"a"), answers.put_nowait)
        async with asyncio.timeout(30):
            # All are answered: one that came a moment too early was opened once more.
            assert all([(await answers.get()).ok for _ in range(CALLS)])
        assert most <= STREAMS_MAX
    finally:
        connection.close()
        await server.stop(None)


async def test_a_closed_loop_counts_answers_and_errors_apart(port: int) -> None:
    good = await closed_loop(Target(port, "/test.T/Reverse"), [b"abc"], 8, 0.1)
    bad = await closed_loop(Target(port, "/test.T/Refuse"), [b"abc"], 8, 0.1)
    assert good.times
    assert good.errors == 0
    assert bad.errors
    assert not bad.times
