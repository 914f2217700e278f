"""One call from its bytes to its answer: caller, access, message, operation, error, log line.

Handlers take and give bytes, so that a call is refused before its message is parsed. This is the
one place where errors of the exchange become status codes.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import cast

import grpc
import grpc.aio
import msgspec
import structlog
from google.protobuf.message import Message

from exchange.core.caller import Caller, CallerKind
from exchange.core.errors import (
    ExchangeError,
    TryLaterError,
)
from exchange.metrics import CALL_SECONDS, CALLS, CALLS_RUNNING
from exchange.metrics.trace import CURRENT, Trace, served, trace_sent
from exchange.server.access import require
from exchange.server.account import Account
from exchange.server.admission import Priority
from exchange.server.charges import Charge
from exchange.server.doorway import Doorway
from exchange.server.endings import Context, RelayedError, end, ending_for, forget_frames
from exchange.server.gate import Gate
from exchange.server.identity import Identify
from exchange.server.observe_calls import Observe, ObserveGroup
from exchange.server.relay import CallBehaviour, StreamBehaviour, message_of

GroupBehaviour = Callable[
    [Sequence[tuple[Message, Caller]]], Awaitable[Sequence[Message | ExchangeError | None]]
]
"""A servicer's way to answer several calls of one method at once, each by an answer or an error of
its own; None: by the method itself."""

REFUSALS_PER_LINE = 1_000
"""Of so many refusals for now one is logged: a surge consists of them."""

_UNKNOWN = "unknown"
_KINDS = (*(kind.value for kind in CallerKind), _UNKNOWN)
_log = structlog.get_logger("exchange.call")


class Method(msgspec.Struct, frozen=True):
    """A unary method as it is served.

    Attributes:
        path: ``/package.Service/Method``.
        request: Class of its request.
        behaviour: What it does.
        log_sample: Of so many successful calls one is logged.
        lookups: How many persons a request asks about; None where a method looks nobody up.
        observe: Counts what an answer says; None where nothing of it is counted.
        priority: How urgent it is.
        charge: What of its caller's quota it uses up; None: nothing.
        group: Answers several calls at once; None: each is answered by itself.
        observe_group: Counts what the answers of such calls say.
    """

    path: str
    request: type[Message]
    behaviour: "CallBehaviour | StreamBehaviour"
    log_sample: int = 1
    lookups: Callable[[Message], int] | None = None
    observe: Observe | None = None
    priority: Priority = Priority.REST
    charge: Charge | None = None
    group: GroupBehaviour | None = None
    observe_group: ObserveGroup | None = None


class Transport(msgspec.Struct, frozen=True):
    """What every call of a server works with.

    Attributes:
        identify: Names the caller.
        account: Where lookups are counted.
        clock: Gives the instant now in ms.
        gate: Holds new calls back for a moment when the server stops.
        door: Lets calls in or refuses them for now.
        stream_seconds_max: How long one stream may last.
    """

    identify: Identify
    account: Account
    clock: Callable[[], int]
    gate: Gate
    door: Doorway
    stream_seconds_max: float


class Progress:
    """How far one call has come.

    Attributes:
        context: Of the call.
        started: When it reached its handler, on the clock of durations.
        trace: What the caller said of its request; None: nothing.
        caller: Who calls, once that is known.
        entered: Whether it was let in, so that it has to be let out.
    """

    __slots__ = ("caller", "context", "entered", "started", "trace")

    def __init__(self, context: Context) -> None:
        self.context = context
        self.started = time.perf_counter()
        self.trace: Trace | None = None
        self.caller: Caller | None = None
        self.entered = False


class Call:
    """What calls of all kinds have in common."""

    def __init__(self, method: Method, transport: Transport) -> None:
        self._method = method
        self._transport = transport
        self._name = method.path.rpartition("/")[2]
        self._quota = None if method.charge is None else method.charge.quota
        CALLS.begin(*((self._name, grpc.StatusCode.INTERNAL.name, kind) for kind in _KINDS))
        self._served = 0
        self._refused = 0

    def _enter(self, progress: Progress, *, quota: str | None) -> Caller:
        """Name the caller and let it in; its message is not looked at yet."""
        caller = self._name_caller(progress)
        self._transport.door.enter(self._method.priority, quota, caller, progress.context)
        progress.entered = True
        return caller

    def _name_caller(self, progress: Progress) -> Caller:
        """Name the caller, who may call this method."""
        caller = progress.caller
        if caller is None:
            metadata = progress.context.invocation_metadata()
            progress.trace = trace_sent(tuple(metadata)) if metadata else None
            caller = progress.caller = self._transport.identify(progress.context)
            require(caller, self._method.path)
        return caller

    def _leave(self, progress: Progress) -> None:
        if progress.entered:
            self._transport.door.leave(self._method.priority)

    def _message(self, request: bytes) -> Message:
        return message_of(self._method.request, request)

    def _count(self, message: Message, caller: Caller) -> int:
        """Count and charge what is asked, so that the next call can be refused; return it.

        A lookup that fails counts as well.
        """
        transport, charge = self._transport, self._method.charge
        if self._method.lookups is not None:
            transport.account.add(caller, self._method.lookups(message), transport.clock())
        if charge is None:
            return 0
        asked = charge.asked(message)
        transport.door.quotas.charge(charge.quota, caller, asked)
        return asked

    def _charge_rest(self, answer: Message, caller: Caller, charged: int) -> None:
        charge = self._method.charge
        if charge is not None and charge.answered is not None:
            more = charge.answered(answer) - charged
            self._transport.door.quotas.charge(charge.quota, caller, max(0, more))

    def _finish(
        self, progress: Progress, code: grpc.StatusCode, error: Exception | None = None
    ) -> None:
        """Count and log a call that has ended."""
        seconds = time.perf_counter() - progress.started
        caller = progress.caller
        kind = caller.kind.value if caller else _UNKNOWN
        CALLS_RUNNING.add(-1)
        CALLS.add((self._name, code.name, kind))
        if not isinstance(error, TryLaterError):
            # That one was held so that its caller is still: no measure of how fast others are.
            CALL_SECONDS.observe(seconds, (self._name,))
        served(self._name, seconds, failed=error is not None)
        self._served += 1
        if error is None and self._served % self._method.log_sample:
            return
        if isinstance(error, TryLaterError):
            self._refused += 1
            if self._refused % REFUSALS_PER_LINE != 1:
                return
        _log.info(
            "call",
            method=self._name,
            code=code.name,
            caller=caller.urn if caller else "",
            milliseconds=round(seconds * 1000, 3),
            reason=error.reason if isinstance(error, ExchangeError | RelayedError) else "",
            cause=_cause(error),
        )

    async def _fail(self, progress: Progress, error: BaseException) -> None:
        """End a call that raised with the status of its error; one that was cancelled has none."""
        if progress.trace is not None:
            CURRENT.set(progress.trace)
        if isinstance(error, TryLaterError):
            try:
                await self._transport.door.hold(error, progress.context.peer())
            except asyncio.CancelledError:
                self._finish(progress, grpc.StatusCode.CANCELLED)
                raise
        if not isinstance(error, Exception):
            self._finish(progress, grpc.StatusCode.CANCELLED)
            return
        ending = ending_for(error, self._name)
        self._finish(progress, ending.code, error)
        forget_frames(error)
        end(progress.context, ending)

    async def _answer(
        self, progress: Progress, message: Message, caller: Caller, charged: int
    ) -> bytes:
        """Do what a message asks, and count what is answered."""
        if progress.trace is not None:
            CURRENT.set(progress.trace)
        answered = await cast("CallBehaviour", self._method.behaviour)(message, caller)
        self._charge_rest(answered, caller, charged)
        answer = answered.SerializeToString()
        observe = self._method.observe
        if observe is not None:
            observe(message, answered, caller, self._transport.clock())
        return answer


class UnaryCall(Call):
    """Serves one method."""

    async def serve(self, request: bytes, context: Context) -> bytes:
        """Serve one call, or end it with a status."""
        CALLS_RUNNING.add(1)
        progress = Progress(context)
        try:
            if self._transport.gate.held:
                await self._transport.gate.passed()
            caller = self._enter(progress, quota=self._quota)
            message = self._message(request)
            charged = self._count(message, caller)
            answer = await self._answer(progress, message, caller, charged)
        except BaseException as error:
            await self._fail(progress, error)
            if not isinstance(error, Exception):
                raise
            return b""  # Not sent: the status is none that goes with an answer.
        finally:
            self._leave(progress)
        self._finish(progress, grpc.StatusCode.OK)
        return answer


def _cause(error: Exception | None) -> str:
    """Name the engine's own error for the log: its class only, as texts may hold values."""
    cause = error.__cause__ if error is not None else None
    return type(cause).__name__ if cause is not None else ""
