"""``python -m loadtest.soak``: whether a worker's memory stays flat over a million calls.

A lap is ten thousand calls: single checks, batches, malformed messages, and streams of which half
are cancelled by the client half-way, because that is where gRPC has leaked before. Memory is looked
at after every lap. Caches may fill in the first fifth; after that it has to stay flat.
"""

import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import grpc.aio
import msgspec
import typer
import uvloop
from rich.console import Console

from exchange.operations.clock import system_clock
from loadtest.closed_loop import ClosedLoop
from loadtest.figures import Comparison
from loadtest.http2 import close_all, connect, message_of
from loadtest.measure import METADATA, target_of
from loadtest.population import HOUR_MS
from loadtest.report import comparison_text
from loadtest.requests import batches, checks, native_file, stream_of
from loadtest.serving import (
    BATCH_CHECK,
    CHECK,
    CLIENT_CORE,
    PUBLISH_STREAM,
    Server,
    end_in_order,
    hold_to,
)
from loadtest.world import DEFAULT_DESTINATION, KINDS, PATIENT, Front, make_world, nodes

LAP_CALLS = 10_000
_LAP_SECONDS_MAX = 300.0
IN_FLIGHT = 32
GROWTH_MIB_MAX = 5.0
"""Over a million calls: five bytes a call, kept for ever, would be seen."""
WORKER_MIB_MAX = 150.0


class Lap(msgspec.Struct, frozen=True):
    """How many calls of each kind a lap has; of the streams as many again are cancelled."""

    checks: int = 8_980
    batches: int = 500
    malformed: int = 500
    streams: int = 10

    @property
    def calls(self) -> int:
        """All of them."""
        return self.checks + self.batches + self.malformed + 2 * self.streams


class Soak(msgspec.Struct, frozen=True):
    """What a soak found.

    Attributes:
        calls: Made in all.
        seconds: They took.
        rss_mib: Memory of the worker after each lap.
        failed: Checks and batches that failed.
    """

    calls: int
    seconds: float
    rss_mib: tuple[float, ...]
    failed: int

    @property
    def growth_mib(self) -> float:
        """Growth from the second fifth to the last, by medians: single peaks do not count."""
        fifth = max(1, len(self.rss_mib) // 5)
        second = self.rss_mib[fifth : 2 * fifth] or self.rss_mib
        return statistics.median(self.rss_mib[-fifth:]) - statistics.median(second)

    def comparisons(self) -> list[Comparison]:
        """Return the targets."""
        return [
            Comparison("memory grown after the first fifth, MiB", self.growth_mib, GROWTH_MIB_MAX),
            Comparison("memory of the worker, MiB", max(self.rss_mib), WORKER_MIB_MAX),
            Comparison("calls that failed", self.failed, 0),
        ]


async def run_lap(server: Server, people: int, file: bytes, lap: Lap) -> int:
    """Make a lap of calls; return how many failed that should not have."""
    failed = await _loop(server, CHECK, checks(people, 2_000, DEFAULT_DESTINATION), lap.checks)
    failed += await _loop(
        server, BATCH_CHECK, batches(people, 20, 50, DEFAULT_DESTINATION), lap.batches
    )
    await _loop(server, CHECK, [b"\xff\xff\xff"], lap.malformed)
    await _streams(server, file, lap.streams)
    return failed


async def _loop(server: Server, path: str, bodies: Sequence[bytes], count: int) -> int:
    connections = await connect(target_of(server, path), 4)
    try:
        messages = [message_of(body) for body in bodies]
        loop = ClosedLoop(
            connections, messages, IN_FLIGHT, seconds=_LAP_SECONDS_MAX, calls_max=count
        )
        return (await loop.run()).errors
    finally:
        close_all(connections)


async def _streams(server: Server, file: bytes, count: int) -> None:
    """Hand in a file over some streams, and begin as many that are cancelled half-way."""
    messages = list(stream_of(file))
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        method = channel.stream_stream(PUBLISH_STREAM, bytes, bytes)
        for number in range(2 * count):
            call = method(metadata=METADATA)  # type: ignore[call-arg]  # Written below.
            for message in messages:
                await call.write(message)
            if number % 2:
                call.cancel()
                continue
            await call.done_writing()
            async for _ in call:
                pass


async def run(  # noqa: PLR0913, PLR0917 - what a soak is.
    laps: int, minutes_max: float, store: str, directory: Path, say: Console, lap: Lap
) -> Soak:
    """Run laps until all are run or the time is up."""
    kind, began, rss, failed = KINDS[store], time.perf_counter(), list[float](), 0
    with nodes(kind, directory, 1024) as contact:
        # Patient: what is shed on a busy machine would count as failed.
        front = Front(settings=PATIENT)
        world = await make_world(kind, 20_000, directory, contact, front)
        with world.server as server:
            for number in range(laps):
                # A file of its own for each lap: rows that are not newer would not be written.
                as_of_ms = system_clock() - HOUR_MS // 2
                file = native_file(world.people, 200, as_of_ms)
                failed += await run_lap(server, world.people, file, lap)
                rss.append(server.rss_mib())
                say.print(f"{(number + 1) * lap.calls:,} calls: {rss[-1]:.1f} MiB")
                if time.perf_counter() - began > minutes_max * 60:
                    break
            seconds = time.perf_counter() - began
            return Soak(len(rss) * lap.calls, seconds, tuple(rss), failed)


def main(
    *,
    calls: Annotated[int, typer.Option(min=LAP_CALLS, help="In laps of 10,000.")] = 1_000_000,
    minutes: Annotated[float, typer.Option(min=0.1, help="At most so long.")] = 60.0,
    store: Annotated[str, typer.Option(help="sqlite, cassandra or ring.")] = "sqlite",
    json: Annotated[Path | None, typer.Option(help="Write the figures here.")] = None,
) -> None:
    """Make a million calls and see that memory stays flat; exit code 1 where it does not."""
    hold_to(CLIENT_CORE)
    end_in_order()
    with tempfile.TemporaryDirectory() as directory:
        work = run(calls // LAP_CALLS, minutes, store, Path(directory), Console(stderr=True), Lap())
        found: Soak = uvloop.run(work)
    if json is not None:
        json.write_bytes(msgspec.json.encode(found) + b"\n")
    console = Console()
    console.print(f"{found.calls:,} calls in {found.seconds:.0f} s.", highlight=False)
    for one in found.comparisons():
        console.print(comparison_text(one), highlight=False)
    if any(one.value > one.most for one in found.comparisons()):
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
