"""One stream from its messages to its answers: slowed where it is too much, bounded in time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import grpc

from exchange.api.v1 import health_code_service_pb2 as pb
from exchange.core.caller import Caller
from exchange.core.errors import DeadlineError
from exchange.metrics import CALLS_RUNNING
from exchange.metrics.trace import CURRENT
from exchange.server.calls import Call, Method, Progress, Transport
from exchange.server.charges import records_answered
from exchange.server.endings import Context
from exchange.server.observe_calls import StreamObserver
from exchange.server.quotas import RECORDS
from exchange.server.relay import Relay, received

END_SECONDS = 0.02
"""Before the end of a stream is believed; both are told at once, one after the other."""


class StreamCall(Call):
    """Serves one method with a stream in and a stream out; lookups are not streamed."""

    def __init__(self, method: Method, transport: Transport, relay: Relay) -> None:
        """Take what serves a stream once it was let in."""
        super().__init__(method, transport)
        self._relay = relay

    async def serve(self, requests: AsyncIterator[bytes], context: Context) -> AsyncIterator[bytes]:
        """Serve one stream, or end it with a status."""
        CALLS_RUNNING.add(1)
        progress = Progress(context)
        try:
            if self._transport.gate.held:
                await self._transport.gate.passed()
            caller = self._enter(progress, quota=None)
            if progress.trace is not None:
                CURRENT.set(progress.trace)
            observer = StreamObserver(caller, self._transport.clock)
            limit = _limited(self._transport.stream_seconds_max)
            async with limit, received(requests) as messages:
                paced = self._paced(messages, observer, caller)
                async with aclosing(self._relay(paced, caller)) as answers:
                    async for answer in answers:
                        self._count_answer(answer, observer, caller)
                        yield answer
        except BaseException as error:
            await self._fail(progress, error)
            if not isinstance(error, Exception):
                raise
            return
        finally:
            self._leave(progress)
        self._finish(progress, grpc.StatusCode.OK)

    def _count_answer(self, answer: bytes, observer: StreamObserver, caller: Caller) -> None:
        said = pb.StreamingPublishHealthCodesResponse.FromString(answer)
        self._transport.door.quotas.charge(RECORDS, caller, records_answered(said))
        observer.answer(said)

    async def _paced(
        self, requests: AsyncIterator[bytes], observer: StreamObserver, caller: Caller
    ) -> AsyncIterator[bytes]:
        """Read as fast as the member's quota and the load allow; flow control does the rest."""
        async for request in requests:
            observer.request(request)
            yield request
            await self._transport.door.may_read(caller)
        # A stream that its caller cancelled, or whose connection was cut, looks like one that has
        # ended until gRPC cancels this call; half a line must not be judged as the last one.
        await asyncio.sleep(END_SECONDS)


@asynccontextmanager
async def _limited(seconds: float) -> AsyncIterator[None]:
    """End what lasts longer: no stream outlives the grace that its connection has."""
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        message = f"A stream may last {seconds:.0f} seconds: open another one and resume."
        raise DeadlineError(message, seconds=f"{seconds:.0f}") from None
