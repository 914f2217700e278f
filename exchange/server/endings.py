"""How calls end that are not answered: the status of an error, and what goes with it."""

import secrets
from functools import lru_cache

import grpc
import grpc.aio
import msgspec
import structlog
from google.rpc import status_pb2

from exchange.core.errors import ExchangeError, OverloadedError
from exchange.wire.status import fill_status

OVERLOADED_KEPT = 2_000
"""Endings of calls that were too much, by how long to wait; more than there are waits."""

Context = grpc.aio.ServicerContext[bytes, bytes]
_CODES = {code.value[0]: code for code in grpc.StatusCode}
_log = structlog.get_logger("exchange.call")


class Ending(msgspec.Struct, frozen=True):
    """How a call ends that was not answered: what its status says, encoded."""

    code: grpc.StatusCode
    text: str
    details: bytes


class RelayedError(Exception):
    """A publisher ended a stream like this; its caller is told just the same.

    Attributes:
        ending: How.
        reason: Of the error, as in the tree of errors.
    """

    def __init__(self, ending: Ending, reason: str) -> None:
        super().__init__(reason)
        self.ending = ending
        self.reason = reason


def ending_for(error: Exception, method: str) -> Ending:
    """Return how a call ends that raised anything; what is no error of ours is a defect."""
    if isinstance(error, RelayedError):
        return error.ending
    if isinstance(error, ExchangeError):
        return ending_of(error)
    defect_id = secrets.token_hex(8)
    _log.error("defect", exc_info=error, method=method, defect_id=defect_id)
    return ending_of(ExchangeError(f"Internal error {defect_id}.", defect_id=defect_id))


def ending_of(error: ExchangeError) -> Ending:
    """Return how a call ends that raised an error."""
    if isinstance(error, OverloadedError):
        return _overloaded(error.wait_ns)
    status = status_pb2.Status()
    fill_status(status, error)
    return Ending(_CODES[status.code], status.message, status.SerializeToString())


@lru_cache(maxsize=OVERLOADED_KEPT)
def _overloaded(wait_ns: int) -> Ending:
    """Return the ending of a call that is too much: a surge consists of them, so they are kept."""
    status = status_pb2.Status()
    fill_status(status, OverloadedError(wait_ns))
    return Ending(_CODES[status.code], status.message, status.SerializeToString())


def end(context: Context, ending: Ending) -> None:
    """Have a call end with a status once its handler returns.

    Not by ``abort()``: the exception that it raises and the call hold each other, so that the call
    keeps its place on its connection until the garbage collector comes by, which for calls that
    have waited for something is late: a hundred of them, and the connection takes no more.
    """
    context.set_code(ending.code)
    context.set_details(ending.text)
    context.set_trailing_metadata((("grpc-status-details-bin", ending.details),))


def forget_frames(error: BaseException) -> None:
    """Let go of the frames that an error came through, and all that stand behind it.

    A frame holds the call and all frames below it, and the call may hold the error: together they
    would stay until the garbage collector comes by, and the call with them on its connection.
    """
    error.__traceback__ = None
    for behind in (error.__cause__, error.__context__):
        if behind is not None and behind.__traceback__ is not None:
            forget_frames(behind)
