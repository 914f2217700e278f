"""One call from its bytes to its answer: caller, access, message, operation, error, log line.

Handlers take and give bytes, so that a call is refused before its message is parsed. This is the
one place where errors of the exchange become status codes.
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable

import grpc
import grpc.aio
import msgspec
import structlog
from google.protobuf.message import DecodeError, Message
from google.rpc import status_pb2

from exchange.core.caller import Caller
from exchange.core.errors import ExchangeError, InvalidRequestError
from exchange.metrics import CALL_SECONDS, CALLS
from exchange.server.access import require
from exchange.server.identity import Identify
from exchange.wire.status import fill_status

Context = grpc.aio.ServicerContext[bytes, bytes]
Behaviour = Callable[[Message, Caller], Awaitable[Message]]
"""A servicer's method: message and caller in, message out."""

_CODES = {code.value[0]: code for code in grpc.StatusCode}
_log = structlog.get_logger("exchange.call")


class Method(msgspec.Struct, frozen=True):
    """A unary method as it is served.

    Attributes:
        path: ``/package.Service/Method``.
        request: Class of its request.
        behaviour: What it does.
        log_sample: Of so many successful calls one is logged.
    """

    path: str
    request: type[Message]
    behaviour: Behaviour
    log_sample: int = 1


class UnaryCall:
    """Serves one method."""

    def __init__(self, method: Method, identify: Identify) -> None:
        self._method = method
        self._identify = identify
        self._name = method.path.rpartition("/")[2]
        self._parse = method.request.FromString
        self._served = 0

    async def serve(self, request: bytes, context: Context) -> bytes:
        """Serve one call, or end it with a status."""
        started = time.perf_counter()
        caller: Caller | None = None
        try:
            caller = self._identify(context)
            require(caller, self._method.path)
            answer = (
                await self._method.behaviour(self._message(request), caller)
            ).SerializeToString()
        except ExchangeError as error:
            status = _status(error)
            self._finish(started, caller, _CODES[status.code], error)
            await _abort(context, status)
            raise  # abort() has raised already; this is for the reader and the type checker.
        except asyncio.CancelledError:
            self._finish(started, caller, grpc.StatusCode.CANCELLED, None)
            raise
        except Exception as error:
            defect_id = secrets.token_hex(8)
            _log.exception("defect", method=self._name, defect_id=defect_id)
            status = _status(ExchangeError(f"Internal error {defect_id}.", defect_id=defect_id))
            self._finish(started, caller, grpc.StatusCode.INTERNAL, error)
            await _abort(context, status)
            raise
        self._finish(started, caller, grpc.StatusCode.OK, None)
        return answer

    def _message(self, request: bytes) -> Message:
        try:
            return self._parse(request)
        except DecodeError:
            raise InvalidRequestError("", f"is no {self._method.request.__name__}") from None

    def _finish(
        self,
        started: float,
        caller: Caller | None,
        code: grpc.StatusCode,
        error: Exception | None,
    ) -> None:
        seconds = time.perf_counter() - started
        kind = caller.kind.value if caller else "unknown"
        CALLS.labels(self._name, code.name, kind).inc()
        CALL_SECONDS.labels(self._name).observe(seconds)
        self._served += 1
        if error is None and self._served % self._method.log_sample:
            return
        _log.info(
            "call",
            method=self._name,
            code=code.name,
            caller=caller.urn if caller else "",
            milliseconds=round(seconds * 1000, 3),
            reason=error.reason if isinstance(error, ExchangeError) else "",
            cause=_cause(error),
        )


def _cause(error: Exception | None) -> str:
    """Name the engine's own error for the log: its class only, as texts may hold values."""
    cause = error.__cause__ if error is not None else None
    return type(cause).__name__ if cause is not None else ""


def _status(error: ExchangeError) -> status_pb2.Status:
    status = status_pb2.Status()
    fill_status(status, error)
    return status


async def _abort(context: Context, status: status_pb2.Status) -> None:
    await context.abort(
        _CODES[status.code],
        status.message,
        (("grpc-status-details-bin", status.SerializeToString()),),
    )
