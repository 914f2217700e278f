"""One stream from its messages to its answers: slowed where it is too much, bounded in time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import cast

import grpc
from google.protobuf.message import Message

from exchange.core.caller import Caller
from exchange.core.errors import DeadlineError
from exchange.metrics import CALLS_RUNNING
from exchange.metrics.trace import CURRENT
from exchange.server.calls import Call, Progress, StreamBehaviour
from exchange.server.charges import records_answered
from exchange.server.endings import Context
from exchange.server.observe_calls import StreamObserver
from exchange.server.quotas import RECORDS


class StreamCall(Call):
    """Serves one method with a stream in and a stream out; lookups are not streamed."""

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
            messages = self._messages(requests, observer, caller)
            behaviour = cast("StreamBehaviour", self._method.behaviour)
            limit = _limited(self._transport.stream_seconds_max)
            async with limit, aclosing(behaviour(messages, caller)) as answers:
                async for answer in answers:
                    self._transport.door.quotas.charge(RECORDS, caller, records_answered(answer))
                    yield observer.answer(answer).SerializeToString()
        except BaseException as error:
            await self._fail(progress, error)
            if not isinstance(error, Exception):
                raise
            return
        finally:
            self._leave(progress)
        self._finish(progress, grpc.StatusCode.OK)

    async def _messages(
        self, requests: AsyncIterator[bytes], observer: StreamObserver, caller: Caller
    ) -> AsyncIterator[Message]:
        """Read as fast as the member's quota and the load allow; flow control does the rest."""
        async for request in requests:
            yield observer.request(self._message(request))
            await self._transport.door.may_read(caller)


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
