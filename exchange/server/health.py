"""Health that tells the truth: grpc.health.v1 with Watch, told by a look at the store.

Every worker looks for itself, so that all of them say the same. A service is SERVING while the
store answers in time with a schema that can be used, and NOT_SERVING before the first look, after
a failed one and while the server drains.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import grpc
import grpc.aio
import structlog
from google.protobuf.message import DecodeError
from grpc_health.v1 import health_pb2

from exchange.metrics import STORE_ANSWERS

SERVICE = "grpc.health.v1.Health"
LOOK_SECONDS = 0.3
"""Between the end of one look at the store and the next."""
LOOK_SECONDS_MAX = 0.5
"""For one look. With the pause before it less than a second passes until a failure is told."""

Context = grpc.aio.ServicerContext[bytes, bytes]
_Answer = health_pb2.HealthCheckResponse
_log = structlog.get_logger("exchange.health")


class Health:
    """Serves ``grpc.health.v1.Health`` to any caller of the authority."""

    def __init__(self, names: Sequence[str]) -> None:
        """Begin as NOT_SERVING.

        Args:
            names: The services that can be asked about; ``""`` is the server as a whole.
        """
        self._names = frozenset(names)
        self._serving = False
        self._closed = False
        self._changed = asyncio.Event()

    @property
    def serving(self) -> bool:
        """What is told at this moment."""
        return self._serving

    def tell(self, serving: bool) -> None:
        """Say whether all services are serving; those who watch learn of a change at once."""
        if serving != self._serving and not self._closed:
            self._serving = serving
            self._wake()

    def close(self) -> None:
        """Say NOT_SERVING to the end, and end all watches, which would hold up a drain."""
        self.tell(False)
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def handler(self) -> "grpc.GenericRpcHandler[bytes, bytes]":
        """Return the handler to add to a server."""
        return grpc.method_handlers_generic_handler(
            SERVICE,
            {
                "Check": grpc.unary_unary_rpc_method_handler(self._check),
                "Watch": grpc.unary_stream_rpc_method_handler(self._watch),
            },
        )

    async def _check(self, request: bytes, context: Context) -> bytes:
        if await _service(request, context) not in self._names:
            await context.abort(grpc.StatusCode.NOT_FOUND, "There is no such service.")
        return self._answer()

    async def _watch(self, request: bytes, context: Context) -> AsyncIterator[bytes]:
        known = await _service(request, context) in self._names
        last = b""
        while True:
            changed = self._changed
            answer = self._answer() if known else _encoded(_Answer.SERVICE_UNKNOWN)
            if answer != last:
                last = answer
                yield answer
            if self._closed:
                return
            await changed.wait()

    def _answer(self) -> bytes:
        return _encoded(_Answer.SERVING if self._serving else _Answer.NOT_SERVING)


def _encoded(status: int) -> bytes:
    answer: bytes = _Answer(status=status).SerializeToString()
    return answer


async def _service(request: bytes, context: Context) -> str:
    try:
        name: str = health_pb2.HealthCheckRequest.FromString(request).service
    except DecodeError:
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "This is no HealthCheckRequest.")
        raise
    return name


class StoreLook:
    """Looks at a store again and again, one look at a time, and tells what it sees."""

    def __init__(
        self,
        check: Callable[[], Awaitable[None]],
        tell: Callable[[bool], None],
        pause_seconds: float = LOOK_SECONDS,
        limit_seconds: float = LOOK_SECONDS_MAX,
    ) -> None:
        """Take what to look at.

        Args:
            check: Returns if the store answers and its schema can be used, raises if not.
            tell: Is told after each look.
            pause_seconds: Between two looks.
            limit_seconds: For one look; what takes longer has failed.
        """
        self._check = check
        self._tell = tell
        self._pause_seconds = pause_seconds
        self._limit_seconds = limit_seconds
        self._answered: bool | None = None

    async def run(self) -> None:
        """Look for ever."""
        while True:
            answers = await self._look()
            STORE_ANSWERS.set(answers)
            self._tell(answers)
            await asyncio.sleep(self._pause_seconds)

    async def _look(self) -> bool:
        try:
            async with asyncio.timeout(self._limit_seconds):
                await self._check()
        except Exception as error:  # noqa: BLE001 - whatever it is, the store cannot be used.
            if self._answered is not False:
                # The class only: an engine's text may hold anything.
                _log.warning("store_lost", error=type(error).__name__)
            self._answered = False
            return False
        if self._answered is False:
            _log.info("store_back")
        self._answered = True
        return True
