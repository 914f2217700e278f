"""Cancelled calls and streams, by the hundred thousand: does the server's memory stay where it was?

``python -m loadtest.cancelled --count 100000`` starts a server of its own on a loopback port,
cancels that many calls and that many streams, and prints the server's resident memory after each
tenth; ``--bare`` does the same to a server of gRPC alone.
Incident I13; grpc.aio leaked for each stream that a client cancelled in some releases (grpc issue
43360). Bounded in count and in time; the server is ended by its pid.
"""

import asyncio
import contextlib
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Annotated

import grpc.aio
import msgspec
import psutil
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from exchange.api.v1 import health_code_service_pb2 as pb, health_code_service_pb2_grpc
from exchange.app import make_store
from exchange.server.identity import CALLER_METADATA
from exchange.server.worker import WORKER
from exchange.settings import PREFIX, Settings
from loadtest.memory import own_bytes

STEPS = 10
AT_ONCE = 50
"""Calls in flight: enough that some are cancelled early, some while they are served."""
SECONDS_MAX = 1_800.0
CALLER = ((CALLER_METADATA, "urn:health-exchange:member:510000"),)


class Point(msgspec.Struct, frozen=True):
    """Resident memory of the server after some cancellations.

    Attributes:
        calls: Calls that were cancelled so far.
        streams: Streams that were cancelled so far.
        resident_bytes: Of the server's worker, without pages of a mapped store.
    """

    calls: int
    streams: int
    resident_bytes: int


@contextlib.contextmanager
def server(folder: Path) -> Iterator[tuple[int, psutil.Process]]:
    """Run a server with one worker in a folder; give its port and its worker's process."""
    (folder / "subject.key").write_text(f"1:{secrets.token_hex(32)}\n", "ascii")
    settings = {"DATA_DIR": str(folder), "PORT": "0", "INSECURE_LOOPBACK": "true", "WORKERS": "1"}
    asyncio.run(_migrate(Settings(data_dir=folder)))
    with (
        (folder / "server.log").open("w", encoding="utf-8") as log,
        subprocess.Popen(
            [sys.executable, "-m", "loadtest.serve"],
            env=os.environ | {PREFIX + name: value for name, value in settings.items()},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for.
        try:
            port = int(process.stdout.readline())
            children = psutil.Process(process.pid).children(recursive=True)
            (worker,) = [one for one in children if one.name() == WORKER]
            yield port, worker
        finally:
            process.terminate()
            process.wait(60)


@contextlib.contextmanager
def bare_server() -> Iterator[tuple[int, psutil.Process]]:
    """Run a server of gRPC alone; give its port and its process."""
    with subprocess.Popen(
        [sys.executable, "-m", "loadtest.bare"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for.
        try:
            yield int(process.stdout.readline()), psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(60)


async def _migrate(settings: Settings) -> None:
    store = make_store(settings)
    await store.connect()
    await store.migrate()
    await store.close()


async def cancel_calls(port: int, count: int) -> None:
    """Begin calls and cancel them, each after another number of turns of the loop."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = health_code_service_pb2_grpc.HealthCodeServiceStub(channel)
        request = pb.PublishHealthCodesRequest(
            member="members/510000",
            native_payloads=pb.NativePayloads(format="510000-status-v1", payloads=[b"{}"] * 20),
        )

        async def one(number: int) -> None:
            call = stub.PublishHealthCodes(request, metadata=CALLER)
            await asyncio.sleep(number % 7 / 1000)
            call.cancel()
            with contextlib.suppress(asyncio.CancelledError, grpc.aio.AioRpcError):
                await call

        await _in_groups(one, count)


async def cancel_streams(port: int, count: int) -> None:
    """Begin streams that never end by themselves and cancel them."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = health_code_service_pb2_grpc.HealthCodeServiceStub(channel)
        start = pb.StreamingPublishHealthCodesRequest()
        start.start.member = "members/310000"
        start.start.format = "310000-ry-v1"

        async def endless() -> AsyncIterator[pb.StreamingPublishHealthCodesRequest]:
            yield start
            while True:
                yield pb.StreamingPublishHealthCodesRequest(chunk=b"no header\n")
                await asyncio.sleep(0.005)

        metadata = ((CALLER_METADATA, "urn:health-exchange:member:310000"),)

        async def one(number: int) -> None:
            call = stub.StreamingPublishHealthCodes(endless(), metadata=metadata)
            await asyncio.sleep(number % 11 / 1000)
            call.cancel()
            with contextlib.suppress(asyncio.CancelledError, grpc.aio.AioRpcError):
                async for _ in call:
                    pass

        await _in_groups(one, count)


async def _in_groups(one: Callable[[int], Awaitable[None]], count: int) -> None:
    for first in range(0, count, AT_ONCE):
        await asyncio.gather(*(one(number) for number in range(first, min(first + AT_ONCE, count))))


def measure(port: int, worker: psutil.Process, count: int, *, show: bool = False) -> list[Point]:
    """Cancel ``count`` calls and streams in ten steps and note the memory after each."""
    points = []
    deadline = time.monotonic() + SECONDS_MAX
    steps = range(1, STEPS + 1)
    for step in track(steps, "Cancelling") if show else steps:
        if time.monotonic() > deadline:
            break
        asyncio.run(cancel_calls(port, count // STEPS))
        asyncio.run(cancel_streams(port, count // STEPS))
        done = step * (count // STEPS)
        points.append(Point(done, done, own_bytes(worker)))
    return points


def main(
    count: Annotated[int, typer.Option(help="Calls, and streams, to cancel.")] = 100_000,
    *,
    bare: Annotated[bool, typer.Option("--bare", help="Of a server of gRPC alone.")] = False,
) -> None:
    """Cancel calls and streams and print the server's memory."""
    with (
        tempfile.TemporaryDirectory() as folder,
        bare_server() if bare else server(Path(folder)) as (port, worker),
    ):
        points = measure(port, worker, count, show=True)
    table = Table("calls cancelled", "streams cancelled", "resident MiB")
    for point in points:
        resident = f"{point.resident_bytes / 2**20:.1f}"
        table.add_row(f"{point.calls:,}", f"{point.streams:,}", resident)
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
