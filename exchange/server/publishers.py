"""A worker's way to the publishers: a stream that was let in goes on to one of them, and back.

Nothing is kept on the way: a message is taken from the caller when the one before it has gone, and
an answer from the publisher when the caller has taken the one before. So whoever is slow holds up
all behind it, and memory stays where it is.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import partial

import grpc
import grpc.aio

from exchange.core.caller import Caller
from exchange.core.errors import PublicationUnavailableError
from exchange.server.endings import Ending, RelayedError
from exchange.server.limits import inner_options
from exchange.server.relay import LastWord, Relay, last_word, metadata_of, with_end

STREAMS_MAX = 400
"""Streams of one worker at one publisher, those included whose caller went before the publisher had
taken them up; more wait. A member has one or two, and each takes 20 KB here."""
OPEN_SECONDS_MAX = 10.0
"""A publisher that has not taken a stream up by then is taken for one that is away."""

Call = grpc.aio.StreamStreamCall[bytes, bytes]


class _Place:
    """One publisher, whichever process it is at the moment."""

    def __init__(self, address: str) -> None:
        self.channel = grpc.aio.insecure_channel(address, options=inner_options())
        self._room = asyncio.Semaphore(STREAMS_MAX)
        self.running = 0

    @asynccontextmanager
    async def opened(self, path: str, caller: Caller) -> AsyncGenerator[Call | None, None]:
        """Open a stream and end it; None if nobody takes it up."""
        self.running += 1
        await self._room.acquire()
        call: Call = self.channel.stream_stream(path, bytes, bytes)(
            None, metadata=metadata_of(caller)
        )
        taken_up = asyncio.create_task(_taken_up(call))
        try:
            yield call if await asyncio.shield(taken_up) else None
        finally:
            # Whoever has gone by now gives no room for more than the publisher has taken up.
            taken_up.add_done_callback(lambda _: self._end(call))

    def _end(self, call: Call) -> None:
        call.cancel()
        self._room.release()
        self.running -= 1


async def _taken_up(call: Call) -> bool:
    try:
        async with asyncio.timeout(OPEN_SECONDS_MAX):
            await call.initial_metadata()
    except TimeoutError:
        return False
    # A stream that is served is ended by this side: one that has ended was not taken up.
    return not call.done()


class Publishers:
    """Spreads streams over publishers. For one event loop."""

    def __init__(self, addresses: Sequence[str]) -> None:
        """Take the addresses of their sockets; made on the loop that uses them."""
        self._places = [_Place(address) for address in addresses]

    def to(self, path: str) -> Relay:
        """Return what has a publisher serve streams of a method."""
        return partial(self._relay, path)

    async def _relay(
        self, path: str, requests: AsyncIterator[bytes], caller: Caller
    ) -> AsyncGenerator[bytes, None]:
        """Have a publisher serve a stream.

        Raises:
            PublicationUnavailableError: None is there, or the one that served it is gone.
            RelayedError: The publisher ended it so.
        """
        # The one with the fewest streams of this worker; among equals any.
        for place in sorted(self._places, key=lambda one: (one.running, random.random())):  # noqa: S311
            async with place.opened(path, caller) as call:
                if call is not None:
                    async with aclosing(_passed_on(call, requests)) as answers:
                        async for answer in answers:
                            yield answer
                    return
        raise PublicationUnavailableError

    async def close(self) -> None:
        """Let go; streams that still run are cancelled."""
        for place in self._places:
            await place.channel.close(None)


async def _passed_on(call: Call, requests: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    sending = asyncio.create_task(_send(call, requests))
    # What a caller sent so that it cannot be read must not look like its end.
    sending.add_done_callback(lambda task: _failed(task) and call.cancel())
    try:
        while isinstance(answer := await call.read(), bytes):
            last = last_word(answer)
            if last is not None:
                _conclude(last)
                # A stream that is cancelled costs both sides more than one that ends.
                await call.read()
                return
            yield answer
        raise PublicationUnavailableError
    except (grpc.aio.AioRpcError, asyncio.CancelledError) as error:
        if (cause := _failed(sending)) is not None:
            raise cause from None
        if isinstance(error, grpc.aio.AioRpcError):
            raise PublicationUnavailableError from None
        raise
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


async def _send(call: Call, requests: AsyncIterator[bytes]) -> None:
    """Send what comes, and the end; whoever reads the answers learns what became of the stream."""
    async for request in with_end(requests):
        try:
            await call.write(request)
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            return
    await call.done_writing()


def _failed(task: "asyncio.Task[None]") -> BaseException | None:
    return task.exception() if task.done() and not task.cancelled() else None


def _conclude(last: LastWord) -> None:
    if last.code:
        ending = Ending(grpc.StatusCode[last.code], last.text, last.details)
        raise RelayedError(ending, last.reason)
