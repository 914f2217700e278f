"""One worker process: it serves until it is told to stop, or until its parent is gone."""

import asyncio
import contextlib
import gc
import multiprocessing
import signal
import sys
from collections.abc import Callable
from enum import IntEnum
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Protocol

import msgspec
import uvloop

from exchange.core.errors import ExchangeError, StoreError, StoreUnavailableError

SWITCH_SECONDS = 0.0005
"""How long a thread may keep the interpreter while another one waits for it. Files are decoded and
written on threads of their own, and a lookup beside them waits so long at several places of its
way: with the interpreter's own 5 ms its p99 was 35 ms beside a large file, with this 19 ms; a
record costs a twentieth more (``python -m loadtest.bulk_beside_lookups``)."""


WORKER, PUBLISHER = "worker", "publisher"
"""What lists of processes call them."""


class WorkerExit(IntEnum):
    """Exit codes of a worker."""

    DRAINED = 0
    REFUSED = 6


class Report(msgspec.Struct, frozen=True):
    """What a worker tells its parent once: that it serves, or why it does not.

    Attributes:
        refusal: Sentence that says what to mend; ``""`` if it serves.
        store_failed: The store was the reason, so that trying again is right.
        unreachable: It was, because it does not answer; not because of its schema.
    """

    refusal: str = ""
    store_failed: bool = False
    unreachable: bool = False


class Serving(Protocol):
    """What a worker runs."""

    async def start(self) -> None:
        """Serve.

        Raises:
            ExchangeError: It cannot.
        """

    async def stop(self) -> None:
        """Drain and let go; also after a start that failed."""


def call_process(name: str) -> None:
    """Have lists of processes show a name; 15 letters at most."""
    with contextlib.suppress(OSError):  # No Linux.
        Path("/proc/self/comm").write_text(name, "ascii")


def run_worker(make: Callable[[], Serving], reports: Connection) -> None:
    """Be a worker: start, report, serve, drain, end the process."""
    # Ctrl-C reaches the whole group of processes; the parent alone says when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.setswitchinterval(SWITCH_SECONDS)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        code = runner.run(_run(make, reports))
    raise SystemExit(code)


async def _run(make: Callable[[], Serving], reports: Connection) -> WorkerExit:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    parent = multiprocessing.parent_process()
    if parent is not None:
        sentinel = parent.sentinel

        def orphaned() -> None:
            loop.remove_reader(sentinel)
            stop.set()

        loop.add_reader(sentinel, orphaned)
    serving = make()
    try:
        await serving.start()
    except ExchangeError as error:
        await serving.stop()
        report = Report(
            str(error),
            store_failed=isinstance(error, StoreError),
            unreachable=isinstance(error, StoreUnavailableError),
        )
        reports.send_bytes(msgspec.json.encode(report))
        return WorkerExit.REFUSED
    # What is there now stays: the collector need not go through it again, for tens of milliseconds.
    gc.collect()
    gc.freeze()
    reports.send_bytes(msgspec.json.encode(Report()))
    await stop.wait()
    await serving.stop()
    return WorkerExit.DRAINED
