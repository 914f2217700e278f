"""Load as callers make it who wait for their answer: a fixed number of calls in flight."""

import asyncio
import itertools
import time
from collections.abc import Sequence

import msgspec

from loadtest.http2 import Answer, Http2Connection, Target, close_all, connect, message_of

STREAMS_PER_CONNECTION = 64
"""Below the hundred that the exchange lets one connection have."""


class Sample(msgspec.Struct, frozen=True):
    """What a load saw.

    Attributes:
        times: Seconds of each call that was answered.
        errors: Calls that were not.
        seconds: From the first call to the last answer.
        answer_bytes: Of the last answer.
    """

    times: tuple[float, ...]
    errors: int
    seconds: float
    answer_bytes: int


class ClosedLoop:
    """Keeps calls in flight until a time or a count is reached."""

    def __init__(
        self,
        connections: Sequence[Http2Connection],
        messages: Sequence[bytes],
        in_flight: int,
        *,
        seconds: float,
        calls_max: int = 10_000_000,
    ) -> None:
        self._connections = connections
        self._messages = itertools.cycle(messages)
        self._in_flight = in_flight
        self._end = time.perf_counter() + seconds
        self._left = calls_max
        self._times: list[float] = []
        self._errors = self._size = 0
        self._running = 0
        self._finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self) -> Sample:
        """Run to the end.

        Raises:
            TimeoutError: Answers stay out for half a minute after the end.
        """
        began = time.perf_counter()
        for slot in range(self._in_flight):
            self._next(self._connections[slot % len(self._connections)])
        await asyncio.wait_for(self._finished, self._end - began + 30.0)
        return Sample(tuple(self._times), self._errors, time.perf_counter() - began, self._size)

    def _next(self, connection: Http2Connection) -> None:
        self._left -= 1
        self._running += 1
        started = time.perf_counter()

        def done(answer: Answer) -> None:
            now = time.perf_counter()
            self._running -= 1
            if answer.ok:
                self._times.append(now - started)
                self._size = answer.size
            else:
                self._errors += 1
            if now < self._end and self._left > 0 and not connection.closed:
                self._next(connection)
            elif not self._running and not self._finished.done():
                self._finished.set_result(None)

        connection.call(next(self._messages), done)


async def closed_loop(
    target: Target, bodies: Sequence[bytes], in_flight: int, seconds: float
) -> Sample:
    """Open connections, keep calls in flight for some seconds, close."""
    connections = await connect(target, max(4, -(-in_flight // STREAMS_PER_CONNECTION)))
    try:
        messages = [message_of(body) for body in bodies]
        return await ClosedLoop(connections, messages, in_flight, seconds=seconds).run()
    finally:
        close_all(connections)


async def ask(target: Target, body: bytes, seconds: float = 30.0) -> Answer:
    """Make one call and keep its answer's message."""
    (connection,) = await connect(target, 1)
    try:
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        connection.call(message_of(body), answer.set_result, keep=True)
        return await asyncio.wait_for(answer, seconds)
    finally:
        connection.close()
