"""Callers of a surge: in a closed loop with retries, or at a steady rate whatever comes back."""

import asyncio
import itertools
import random
import time
from collections.abc import Callable, Sequence

from loadtest.closed_loop import STREAMS_PER_CONNECTION
from loadtest.http2 import Answer, Http2Connection, Target, close_all, connect, message_of
from loadtest.timeline import Timeline

TICK_SECONDS = 0.002
OUTSTANDING_SECONDS_MAX = 30.0
"""How long the last answers are waited for."""


class _Pool:
    """Connections, messages in turn, and how many calls are out."""

    def __init__(self, connections: Sequence[Http2Connection], bodies: Sequence[bytes]) -> None:
        self._connections = itertools.cycle(connections)
        self._messages = itertools.cycle([message_of(body) for body in bodies])
        self.out = 0
        self.idle = asyncio.Event()

    def next_connection(self) -> Http2Connection:
        return next(self._connections)

    def next_message(self) -> bytes:
        return next(self._messages)

    def back(self) -> None:
        self.out -= 1
        if not self.out:
            self.idle.set()


class _Caller:
    """One who asks again and again until a time, each time about somebody else."""

    def __init__(
        self, pool: _Pool, timeline: Timeline, end: float, waits: random.Random | None
    ) -> None:
        self._pool, self._timeline, self._end = pool, timeline, end
        self._connection = pool.next_connection()
        self._waits = waits
        pool.out += 1

    def ask(self) -> None:
        started = time.perf_counter()
        self._timeline.offered(started)

        def done(answer: Answer) -> None:
            now = time.perf_counter()
            refused = self._timeline.answered(now, now - started, answer)
            if now >= self._end or self._connection.closed:
                self._pool.back()
            elif refused and self._waits is not None:
                # What RetryInfo says, and up to as much again: callers must not come back as one.
                wait = (answer.retry_seconds or 1.0) * (1 + self._waits.random())
                if now + wait >= self._end:
                    self._pool.back()
                else:
                    asyncio.get_running_loop().call_later(wait, self.ask)
            else:
                self.ask()

        self._connection.call(self._pool.next_message(), done)


async def closed(
    target: Target, bodies: Sequence[bytes], callers: int, seconds: float, *, honour: bool
) -> Timeline:
    """Have callers ask for some seconds, each with one call out.

    Args:
        target: The method.
        bodies: Requests, in turn.
        callers: How many.
        seconds: For how long.
        honour: Whether those who are refused wait as RetryInfo says; else they ask at once.
    """
    connections = await connect(target, max(4, -(-callers // STREAMS_PER_CONNECTION)))
    pool = _Pool(connections, bodies)
    waits = random.Random(callers) if honour else None
    try:
        began = time.perf_counter()
        timeline = Timeline(began)
        for _ in range(callers):
            _Caller(pool, timeline, began + seconds, waits).ask()
        await asyncio.wait_for(pool.idle.wait(), seconds + OUTSTANDING_SECONDS_MAX)
        return timeline
    finally:
        close_all(connections)


async def steady(  # noqa: PLR0913 - a call's and a loop's.
    target: Target,
    bodies: Sequence[bytes],
    rate: float,
    seconds: float,
    connections: int = 8,
    *,
    goes_on: Callable[[], bool] = lambda: True,
) -> Timeline:
    """Make calls at a rate for some seconds; times count from when a call was due.

    Args:
        target: The method.
        bodies: Requests, in turn.
        rate: Calls a second.
        seconds: The longest time.
        connections: Over how many.
        goes_on: False ends it earlier.
    """
    opened = await connect(target, connections)
    pool = _Pool(opened, bodies)
    try:
        began = time.perf_counter()
        timeline, made = Timeline(began), 0
        while (elapsed := time.perf_counter() - began) < seconds and goes_on():
            while made < elapsed * rate:
                _ask_once(pool, timeline, began + made / rate)
                made += 1
            await asyncio.sleep(TICK_SECONDS)
        if pool.out:
            pool.idle.clear()
            await asyncio.wait_for(pool.idle.wait(), OUTSTANDING_SECONDS_MAX)
        return timeline
    finally:
        close_all(opened)


def _ask_once(pool: _Pool, timeline: Timeline, due: float) -> None:
    def done(answer: Answer) -> None:
        now = time.perf_counter()
        timeline.answered(now, now - due, answer)
        pool.back()

    pool.out += 1
    timeline.offered(due)
    pool.next_connection().call(pool.next_message(), done)
