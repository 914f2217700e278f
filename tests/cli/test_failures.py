"""What failed calls are told as; by a server that fails as a test says."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from google.rpc import status_pb2
from grpc_status import rpc_status

from exchange.api.v1.member_service_pb2 import ListMembersRequest
from exchange.cli.client import Connection, Endpoint, Security, connect
from exchange.cli.exits import CommandError, ExitCode
from exchange.cli.failures import retry_seconds
from exchange.core.errors import ExchangeError, NotFoundError, OverloadedError
from exchange.core.quota import SECOND_NS
from exchange.wire.status import fill_status

SERVICE = "exchange.api.v1.MemberService"


def failing(error: ExchangeError) -> grpc.Server:
    """A server that ends every call with an error of the exchange."""
    status = status_pb2.Status()
    fill_status(status, error)

    def fail(_request: bytes, context: grpc.ServicerContext) -> bytes:
        context.abort_with_status(rpc_status.to_status(status))

    server = grpc.server(ThreadPoolExecutor(1))
    methods = {"ListMembers": grpc.unary_unary_rpc_method_handler(fail)}
    handler = grpc.method_handlers_generic_handler(SERVICE, methods)
    server.add_generic_rpc_handlers((handler,))
    return server


Ask = Callable[[ExchangeError], tuple[CommandError, grpc.RpcError]]


@pytest.fixture
def ask() -> Iterator[Ask]:
    """A function that calls a server that fails, and gives what it is told and what gRPC raised."""
    servers: list[grpc.Server] = []

    def ask(error: ExchangeError) -> tuple[CommandError, grpc.RpcError]:
        server = failing(error)
        servers.append(server)
        address = Endpoint(
            f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}", Security(plaintext=True)
        )
        server.start()
        with (
            connect(Connection(address, "", 10)) as client,
            pytest.raises(CommandError) as told,
        ):
            client.call(client.members.ListMembers, ListMembersRequest())
        cause = told.value.__cause__
        assert isinstance(cause, grpc.RpcError)
        return told.value, cause

    yield ask
    for server in servers:
        server.stop(None).wait()


@pytest.mark.parametrize(
    ("wait_seconds", "sentence"),
    [(0.25, "Try again in 1 s."), (2.0, "Try again in 2 s."), (2.5, "Try again in 3 s.")],
)
def test_a_wait_is_told_in_whole_seconds_and_never_as_none(
    ask: Ask, wait_seconds: float, sentence: str
) -> None:
    told, raised = ask(OverloadedError(int(wait_seconds * SECOND_NS)))
    assert told.code is ExitCode.UNAVAILABLE
    assert str(told).endswith(sentence)
    assert retry_seconds(raised) == wait_seconds


def test_an_error_after_which_nobody_says_when_to_try_again_names_no_time(ask: Ask) -> None:
    told, raised = ask(NotFoundError("member", "990000"))
    assert told.code is ExitCode.WRONG_INPUT
    assert "Try again" not in str(told)
    assert retry_seconds(raised) == 0
