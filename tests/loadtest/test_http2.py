"""The lean client of load tests, against gRPC's own server."""

from collections.abc import AsyncIterator

import grpc
import grpc.aio
import pytest
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2, status_pb2

from loadtest.closed_loop import ask, closed_loop
from loadtest.http2 import Target

LARGE = 300_000
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


async def test_a_closed_loop_counts_answers_and_errors_apart(port: int) -> None:
    good = await closed_loop(Target(port, "/test.T/Reverse"), [b"abc"], 8, 0.1)
    bad = await closed_loop(Target(port, "/test.T/Refuse"), [b"abc"], 8, 0.1)
    assert good.times
    assert good.errors == 0
    assert bad.errors
    assert not bad.times
