"""``python -m loadtest.bad_neighbour CORE``: one member that takes more than its share.

A process of its own, so that the client that measures is not what suffers. It reads an Offence as
a line of JSON, says that it is ready, begins at the next line, and ends with Totals as a line of
JSON, or at once when its input ends.
"""

import asyncio
import contextlib
import itertools
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Self

import grpc
import grpc.aio
import msgspec
import uvloop

from exchange.core.caller import URN_PREFIX
from exchange.operations.clock import system_clock
from exchange.server.identity import CALLER_METADATA
from loadtest.callers import closed
from loadtest.http2 import Target
from loadtest.population import HOUR_MS
from loadtest.requests import CHUNK_BYTES, checks, native_file, stream_of
from loadtest.serving import (
    CHECK,
    CLIENT_CORE,
    PUBLISH_STREAM,
    end_with_input,
    hold_to,
    put_behind,
)
from loadtest.timeline import BUCKET_SECONDS, Totals, totals
from loadtest.world import DEFAULT_DESTINATION

ROWS_PER_SECOND = 60_000
"""A file has so many rows for each second: more than a worker takes in."""
DRIP_SECONDS = 0.25
DRIP_BYTES = (1, 64)
"""What a slow stream sends at a time: a byte, or most of a row."""
UNREAD = (("grpc.http2.lookahead_bytes", 0), ("grpc.http2.bdp_probe", 0))
"""A stream's window for answers: none, until somebody reads them."""
_ALONE = ("grpc.use_local_subchannel_pool", 1)
"""A channel's connection is no other channel's."""


class Offence(msgspec.Struct, frozen=True, kw_only=True):
    """What a bad neighbour does.

    Attributes:
        kind: ``flood``, ``slow`` or ``greedy``.
        port: Of the server, plaintext.
        member: Who it is.
        count: Calls in flight, or streams.
        seconds: For how long.
        people: In the store; rows are about others.
        honour: Whether a flood waits as RetryInfo says; else it asks again at once.
    """

    kind: str
    port: int
    member: str
    count: int
    seconds: float
    people: int
    honour: bool = False

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """As whom it calls."""
        return ((CALLER_METADATA, f"{URN_PREFIX}member:{self.member}"),)


Deed = Callable[[], Awaitable[Totals]]


def flood(offence: Offence) -> Deed:
    """Ask single checks in a closed loop, with far more calls in flight than saturate."""
    target = Target(offence.port, CHECK, offence.metadata)
    bodies = checks(offence.people, 5_000, DEFAULT_DESTINATION)

    async def deed() -> Totals:
        seconds = offence.seconds
        timeline = await closed(target, bodies, offence.count, seconds, honour=offence.honour)
        return totals(timeline.buckets[: round(seconds / BUCKET_SECONDS)])

    return deed


def slow(offence: Offence) -> Deed:
    """Hold streams open that send a little now and then; no answer is read.

    Every second one has no window for answers either, so that the exchange cannot send them.
    """
    file = _file(offence, 1_000)
    return lambda: _streams(offence, [_Stream(file, size, DRIP_SECONDS) for size in DRIP_BYTES])


def greedy(offence: Offence) -> Deed:
    """Send a file as fast as it is taken; no answer is read."""
    file = _file(offence, round(ROWS_PER_SECOND * offence.seconds))
    return lambda: _streams(offence, [_Stream(file, CHUNK_BYTES, 0.0)])


def _file(offence: Offence, rows: int) -> bytes:
    return native_file(rows, rows, system_clock() - HOUR_MS, first=offence.people)


class _Stream(msgspec.Struct, frozen=True):
    """How a stream sends a file: so many bytes at a time, with a pause after each."""

    file: bytes
    size: int
    pause_seconds: float


async def _streams(offence: Offence, kinds: Sequence[_Stream]) -> Totals:
    """Hold streams of these kinds in turn for the time; count messages that were taken."""
    sent = [0] * offence.count
    failed = 0

    async def one(place: int) -> None:
        nonlocal failed
        kind = kinds[place % len(kinds)]
        options = (_ALONE, *UNREAD) if place % 2 else (_ALONE,)
        address = f"127.0.0.1:{offence.port}"
        async with grpc.aio.insecure_channel(address, options=options) as channel:
            method = channel.stream_stream(PUBLISH_STREAM, bytes, bytes)
            call = method(metadata=offence.metadata)  # type: ignore[call-arg]  # Written below.
            try:
                for message in _forever(kind):
                    await call.write(message)
                    sent[place] += 1
                    await asyncio.sleep(kind.pause_seconds)
            except (grpc.RpcError, asyncio.InvalidStateError):
                failed += 1
            finally:
                call.cancel()

    tasks = [asyncio.create_task(one(place)) for place in range(offence.count)]
    await asyncio.wait(tasks, timeout=offence.seconds)
    messages = sum(sent)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return Totals(offence.seconds, messages / offence.seconds, 0.0, 0.0, failed, 0.0, 0.0)


def _forever(kind: _Stream) -> Iterator[bytes]:
    """Give the messages of a file, and at its end its last one again and again."""
    message = b""
    for message in stream_of(kind.file, kind.size):
        yield message
    yield from itertools.repeat(message)


DEEDS = {one.__name__: one for one in (flood, slow, greedy)}


class BadNeighbour:
    """The process of a bad neighbour, as the one that measures sees it."""

    def __init__(self, offence: Offence) -> None:
        """Start it and wait until it is ready.

        Raises:
            RuntimeError: It did not start; its own words stand on standard error.
        """
        self._process = subprocess.Popen(  # noqa: S603 - arguments are ours, no shell.
            [sys.executable, "-m", "loadtest.bad_neighbour", str(CLIENT_CORE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._say(msgspec.json.encode(offence))
        if not self._hear():
            self.__exit__()
            raise RuntimeError("The bad neighbour did not start.")

    def _say(self, line: bytes) -> None:
        assert self._process.stdin is not None  # noqa: S101 - pipes were asked for.
        self._process.stdin.write(line + b"\n")
        self._process.stdin.flush()

    def _hear(self) -> bytes:
        assert self._process.stdout is not None  # noqa: S101
        return self._process.stdout.readline()

    def begin(self) -> None:
        """Let it go."""
        self._say(b"")

    async def finish(self) -> Totals:
        """Wait for its end.

        Raises:
            RuntimeError: It failed; its own words stand on standard error.
        """
        line = await asyncio.to_thread(self._hear)
        if not line:
            raise RuntimeError("The bad neighbour ended early.")
        return msgspec.json.decode(line, type=Totals)

    def __enter__(self) -> Self:
        """Be there."""
        return self

    def __exit__(self, *_: object) -> None:
        """Be gone."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def main() -> None:
    """Do what the first line says when the second one comes."""
    hold_to(int(sys.argv[1]))
    # It and who measures are two machines elsewhere: here it takes what the other leaves.
    put_behind()
    offence = msgspec.json.decode(sys.stdin.buffer.readline(), type=Offence)
    deed = DEEDS[offence.kind](offence)
    sys.stdout.buffer.write(b"ready\n")
    sys.stdout.buffer.flush()
    sys.stdin.buffer.readline()
    ending = threading.Thread(target=end_with_input, daemon=True)
    ending.start()
    found: Totals = uvloop.run(_done(deed))
    sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")
    sys.stdout.buffer.flush()
    # An interpreter that ends while one of its threads reads says that this is fatal.
    ending.join()


async def _done(deed: Deed) -> Totals:
    return await deed()


if __name__ == "__main__":
    main()
