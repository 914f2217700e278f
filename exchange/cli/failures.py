"""Errors as sentences: what a call, a store or the file system reports, and its exit code."""

import math
from collections.abc import Iterable
from typing import TypeVar, cast

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from exchange.cli.exits import CommandError, ExitCode
from exchange.core.errors import ExchangeError, SchemaError, StartError, StoreError

Detail = TypeVar("Detail", bound=Message)

_CODES = {
    grpc.StatusCode.INVALID_ARGUMENT: ExitCode.WRONG_INPUT,
    grpc.StatusCode.NOT_FOUND: ExitCode.WRONG_INPUT,
    grpc.StatusCode.FAILED_PRECONDITION: ExitCode.WRONG_INPUT,
    grpc.StatusCode.OUT_OF_RANGE: ExitCode.WRONG_INPUT,
    grpc.StatusCode.UNIMPLEMENTED: ExitCode.WRONG_INPUT,
    grpc.StatusCode.UNAUTHENTICATED: ExitCode.NOT_ALLOWED,
    grpc.StatusCode.PERMISSION_DENIED: ExitCode.NOT_ALLOWED,
    grpc.StatusCode.UNAVAILABLE: ExitCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED: ExitCode.UNAVAILABLE,
    grpc.StatusCode.RESOURCE_EXHAUSTED: ExitCode.UNAVAILABLE,
    grpc.StatusCode.ABORTED: ExitCode.UNAVAILABLE,
    grpc.StatusCode.CANCELLED: ExitCode.INTERRUPTED,
}


def of_call(error: grpc.RpcError, address: str) -> CommandError:
    """Say what a failed call means, with what its status details add."""
    call = cast(grpc.Call, error)  # What a stub raises is both; the stubs' types do not say so.
    code = call.code()
    exit_code = _CODES.get(code, ExitCode.DEFECT)
    status = rpc_status.from_call(call)
    if status is None:
        return CommandError(_of_transport(code, call.details() or "", address), exit_code)
    info = _detail(status.details, error_details_pb2.ErrorInfo())
    wait_seconds = _wait_seconds(status.details)
    bad = _detail(status.details, error_details_pb2.BadRequest())
    sentence = status.message or code.name
    if bad is not None and bad.field_violations:
        first = bad.field_violations[0]
        sentence = f"The field {first.field} {first.description}" if first.field else sentence
    if info is not None:
        sentence = f"{sentence.rstrip('.')} ({info.reason})."
    if wait_seconds:
        sentence += f" Try again in {math.ceil(wait_seconds)} s."
    return CommandError(sentence, exit_code)


def _of_transport(code: grpc.StatusCode, text: str, address: str) -> str:
    """Name errors that come from gRPC itself: there the text is for developers."""
    if code == grpc.StatusCode.UNAVAILABLE:
        return _unavailable(text, address)
    if code == grpc.StatusCode.DEADLINE_EXCEEDED:
        return f"The exchange at {address} did not answer in time; see --timeout."
    if code == grpc.StatusCode.UNIMPLEMENTED:
        return f"What listens at {address} does not know this method: is it this exchange?"
    return f"The call to {address} failed: {code.name}. {text}".rstrip()


def _unavailable(text: str, address: str) -> str:
    """Tell a handshake that failed from nobody there: gRPC has the same code for both."""
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return (
            f"The certificate of what listens at {address} is not of the authority given: see "
            "--authority."
        )
    if "Socket closed" in text or "Connection reset" in text or "handshake" in text.lower():
        return (
            f"What listens at {address} closes the connection: it does not accept the caller's "
            "certificate, only one of the two speaks plaintext (--insecure-loopback), or it was "
            "stopped."
        )
    return (
        f"No exchange answers at {address}: start one with `make run`, "
        "or name another with --address."
    )


def has_details(error: grpc.RpcError) -> bool:
    """Tell whether the exchange itself said why a call failed."""
    return rpc_status.from_call(cast(grpc.Call, error)) is not None


def retry_seconds(error: grpc.RpcError) -> float:
    """Return how long the exchange asks to wait before the next attempt; 0 if it does not say."""
    status = rpc_status.from_call(cast(grpc.Call, error))
    return 0.0 if status is None else _wait_seconds(status.details)


def _wait_seconds(details: Iterable[Any]) -> float:
    retry = _detail(details, error_details_pb2.RetryInfo())
    return 0.0 if retry is None else retry.retry_delay.ToTimedelta().total_seconds()


def _detail(details: Iterable[Any], wanted: Detail) -> Detail | None:
    for packed in details:
        if packed.Unpack(wanted):
            return wanted
    return None


def of_exchange(error: ExchangeError) -> CommandError:
    """Say what stops a command that works beside the store, or a server that will not start."""
    if isinstance(error, StartError | SchemaError):
        return CommandError(str(error), ExitCode.START_REFUSED)
    if isinstance(error, StoreError):
        sentence = str(error).rstrip(".")
        return CommandError(f"{sentence} ({error.reason}).", ExitCode.UNAVAILABLE)
    return CommandError(str(error), ExitCode.WRONG_INPUT)


def of_system(error: OSError) -> CommandError:
    """Say what the file system reports."""
    what = error.strerror or type(error).__name__
    where = f"{error.filename}: " if error.filename else ""
    return CommandError(f"{where}{what}.", ExitCode.WRONG_INPUT)
