"""Measure what metrics cost a single check: what it observes against the whole of it.

``python -m loadtest.bench_metrics`` serves from a process of its own, asks it over a real channel,
and prints the processor time of the server per check, of the observations that a check makes, and
the share. A check that finds nothing is asked for: it is the cheapest, and it observes the most, as
it is not admitted.
"""

import asyncio
import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

import grpc
import grpc.aio
import typer
import uvloop
from google.protobuf.message import Message
from rich.console import Console

from dashboards.monitor.load import SEED, resident_numbers
from dashboards.monitor.processes import fetched, running_exchange
from exchange.api.v1 import health_code_pb2, recognition_service_pb2 as pb
from exchange.api.v1.recognition_service_pb2_grpc import RecognitionServiceStub
from exchange.core.caller import Caller, CallerKind
from exchange.metrics import (
    CALL_SECONDS,
    CALLS,
    CALLS_RUNNING,
    STORE_ITEMS,
    STORE_OPERATION_SECONDS,
    STORE_OPERATIONS,
)
from exchange.server.identity import CALLER_METADATA
from exchange.server.observe_calls import OBSERVE
from exchange.wire.answers import EncodedResponse

PATH = "/exchange.api.v1.RecognitionService/CheckHealthCode"
CALLER = Caller(CallerKind.MEMBER, "440000")
NUMBER = resident_numbers(random.Random(SEED))[0]
REQUEST = pb.CheckHealthCodeRequest(
    document=health_code_pb2.Document(type=health_code_pb2.Document.RESIDENT_ID, number=NUMBER),
    destination="members/310000",
    origin="members/510000",
)
# As the servicer gives it, which is no message but is told by one.
ANSWER = cast(
    "Message",
    EncodedResponse(b"", {("310000", "510000", "CROSS_CHECK", (("", "NO_STATEMENT"),)): 1}),
)
CHECKS = 6_000
WARM_UP = 1_000
IN_FLIGHT = 16
ROUNDS = 100_000
CPU = "health_exchange_worker_cpu_seconds_total"
_WRITTEN_SECONDS = 2.5
"""Until the worker has written its figures twice."""


def observe_one() -> None:
    """Make the observations of one single check that is not admitted and reads alone."""
    CALLS_RUNNING.add(1)
    started = time.perf_counter()
    STORE_OPERATIONS.add(("sqlite", "read", "ok"))
    STORE_OPERATION_SECONDS.observe(time.perf_counter() - started, ("sqlite", "read"))
    STORE_ITEMS.add(("sqlite", "read"), 1)
    OBSERVE[PATH](REQUEST, ANSWER, CALLER, 0)
    CALLS_RUNNING.add(-1)
    CALLS.add(("CheckHealthCode", "OK", "checkpoint"))
    CALL_SECONDS.observe(0.003, ("CheckHealthCode",))


def cost_seconds(work: Callable[[], None]) -> float:
    """Return the processor time of one piece of work: the best of five runs."""
    best = float("inf")
    for _ in range(5):
        started = time.process_time()
        for _ in range(ROUNDS):
            work()
        best = min(best, time.process_time() - started)
    return best / ROUNDS


async def _check(address: str, count: int) -> None:
    metadata = ((CALLER_METADATA, CALLER.urn),)
    async with grpc.aio.insecure_channel(address) as channel:
        stub = RecognitionServiceStub(channel)
        left = iter(range(count))

        async def ask() -> None:
            for _ in left:
                await stub.CheckHealthCode(REQUEST, metadata=metadata)

        await asyncio.gather(*(ask() for _ in range(IN_FLIGHT)))


def _cpu_seconds(metrics_port: int) -> float:
    time.sleep(_WRITTEN_SECONDS)
    text = fetched(f"http://127.0.0.1:{metrics_port}/metrics")
    (line,) = [line for line in text.splitlines() if line.startswith(f"{CPU} ")]
    return float(line.split()[1])


def main() -> None:
    """Measure and print."""
    with (
        tempfile.TemporaryDirectory() as name,
        running_exchange(Path(name), log_level="warning") as (address, metrics_port),
    ):
        uvloop.run(_check(address, WARM_UP))
        idle = _cpu_seconds(metrics_port)
        started = time.monotonic()
        uvloop.run(_check(address, CHECKS))
        seconds = time.monotonic() - started
        check = (_cpu_seconds(metrics_port) - idle) / CHECKS
    observed = cost_seconds(observe_one)
    Console().print(
        f"One check: {check * 1e6:.0f} us of the server's processor time"
        f" ({CHECKS / seconds:,.0f} a second, {os.cpu_count()} processors);"
        f" its observations: {observed * 1e6:.2f} us, {observed / check:.1%}."
    )


if __name__ == "__main__":
    typer.run(main)
