"""Single measurements: calls, streams, and work without a server. Each gives one Round."""

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Self

import grpc
import grpc.aio
import msgspec

from exchange.api.v1 import health_code_service_pb2 as pb
from exchange.server.identity import CALLER_METADATA
from loadtest.alone import Task
from loadtest.closed_loop import Sample, ask, closed_loop
from loadtest.figures import Round, percentiles
from loadtest.http2 import Target
from loadtest.serving import CALLER, PUBLISH_STREAM, SERVER_CORE, Server

METADATA = ((CALLER_METADATA, CALLER),)


def target_of(server: Server, path: str) -> Target:
    """Return a method of a server as the load's caller asks for it."""
    return Target(server.port, path, () if server.tls else METADATA, server.tls)


async def answer_bytes(server: Server, path: str, body: bytes) -> int:
    """Ask once and return the size of the answer, without its frame.

    Raises:
        RuntimeError: The call failed, so that nothing measured with it would mean anything.
    """
    answer = await ask(target_of(server, path), body)
    if not answer.ok:
        raise RuntimeError(f"{path} fails with status {answer.status}.")
    return answer.size - 5


class Load(msgspec.Struct, frozen=True):
    """A load on one method.

    Attributes:
        path: The method.
        bodies: Encoded requests, sent in turn.
        in_flight: Calls at once.
        units: Of a call, in what rates count.
    """

    path: str
    bodies: Sequence[bytes]
    in_flight: int
    units: int = 1


async def calls(server: Server, load: Load, seconds: float) -> Round:
    """Load a method for some seconds, after a tenth of it to warm up."""
    target = target_of(server, load.path)
    await closed_loop(target, load.bodies, load.in_flight, seconds / 10)
    before = server.cpu_seconds()
    sample = await closed_loop(target, load.bodies, load.in_flight, seconds)
    return _round(sample, load.units, server.cpu_seconds() - before, server.rss_mib())


def _round(sample: Sample, units: int, cpu: float, rss: float) -> Round:
    answered = max(1, len(sample.times))
    rate = len(sample.times) * units / sample.seconds
    cpu_us = cpu / answered * 1e6
    return Round(rate, *percentiles(sample.times), cpu_us, cpu_us / units, rss, sample.errors)


async def publication(server: Server, messages: Iterable[bytes], records: int) -> Round:
    """Hand in a file over one stream, until the last of it is acknowledged as durable."""
    address = f"127.0.0.1:{server.port}"
    if server.tls is not None:
        message = "Streams are measured without TLS: the limit, raw writes, has none either."
        raise ValueError(message)
    before, began = server.cpu_seconds(), time.perf_counter()
    accepted = 0
    with contextlib.suppress(grpc.RpcError):  # What is missing then counts as errors.
        async with grpc.aio.insecure_channel(address) as channel:
            method = channel.stream_stream(PUBLISH_STREAM, bytes, bytes)
            async for answer in method(_sent(messages), metadata=METADATA):
                response = pb.StreamingPublishHealthCodesResponse.FromString(answer)
                accepted += response.accepted_count
    took, cpu = time.perf_counter() - began, server.cpu_seconds() - before
    cpu_us = cpu / records * 1e6
    errors = records - accepted
    return Round(records / took, 0, 0, 0, cpu_us, cpu_us, server.rss_mib(), errors)


async def _sent(messages: Iterable[bytes]) -> AsyncIterator[bytes]:
    for message in messages:
        yield message


class Alone:
    """A process on the server's core that measures without a server; ended with its input."""

    def __init__(self, core: int = SERVER_CORE) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - arguments are ours, no shell.
            [sys.executable, "-m", "loadtest.alone", str(core)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __enter__(self) -> Self:
        """Be there."""
        return self

    def __exit__(self, *_: object) -> None:
        """Be gone."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    async def measure(self, task: Task) -> Round:
        """Have a task measured.

        Raises:
            RuntimeError: It failed; its own words stand on standard error.
        """
        return await asyncio.to_thread(self._measure, task)

    def _measure(self, task: Task) -> Round:
        assert self._process.stdin is not None  # noqa: S101 - pipes were asked for.
        assert self._process.stdout is not None  # noqa: S101
        self._process.stdin.write(msgspec.json.encode(task, enc_hook=str) + b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"The measurement {task.kind!r} ended early.")
        return msgspec.json.decode(line, type=Round)
