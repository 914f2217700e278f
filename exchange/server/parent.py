"""The parent of all processes: starts them, watches them, replaces the dead, ends them in order.

Besides workers there may be processes that work behind them. They are ended when no worker is left
that could ask something of them.
"""

import contextlib
import math
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

import msgspec
import structlog

from exchange.core.errors import StartError, StoreUnavailableError
from exchange.server.worker import PUBLISHER, WORKER, Report

STEADY_SECONDS = 10.0
"""A worker that served for so long before it died counts as a first failure again."""
FAILURES_MAX = 5
"""Deaths in a row, each soon after the start, until the parent gives up."""
RETRY_SECONDS = 0.1
"""Before a dead worker is replaced; twice as long with each further failure."""
RETRY_SECONDS_MAX = 5.0
STORE_RETRY_SECONDS = 1.0
"""While the store is away a replacement cannot start; that is not the worker's failure."""
KILL_AFTER_SECONDS = 5.0
"""A worker that has not ended so long after its limit for draining is killed."""

Spawn = Callable[[], tuple[SpawnProcess, Connection]]
"""Starts a worker; gives the process and the end of the pipe its report comes from."""

_log = structlog.get_logger("exchange.parent")


class _Slot:
    """The place of one process, whichever fills it at the moment."""

    def __init__(self, kind: str, number: int, spawn: Spawn) -> None:
        self.kind = kind
        self.number = number
        self.spawn = spawn
        self.process: SpawnProcess | None = None
        self.pid: int | None = None
        self.reports: Connection | None = None
        self.report: Report | None = None
        self.ready_at: float | None = None
        self.has_served = False
        self.retry_at = math.inf
        self.failures = 0

    def clear(self) -> None:
        """Forget the worker that was here."""
        if self.reports is not None:
            self.reports.close()
        if self.process is not None:
            self.process.close()
        self.process = self.pid = self.reports = self.report = self.ready_at = None


class Parent:
    """Keeps a number of workers serving until a signal ends them."""

    def __init__(
        self,
        spawn: Spawn,
        workers: int,
        drain_seconds: float,
        kill_after_seconds: float = KILL_AFTER_SECONDS,
        *,
        behind: Sequence[Spawn] = (),
    ) -> None:
        """Take what is kept.

        Args:
            spawn: Starts a worker.
            workers: How many.
            drain_seconds: Limit that each process has for draining.
            kill_after_seconds: A process that is there so long after its limit is killed.
            behind: Each starts one process that workers need.
        """
        self._workers = [_Slot(WORKER, number, spawn) for number in range(workers)]
        self._behind = [_Slot(PUBLISHER, number, one) for number, one in enumerate(behind)]
        self._slots = [*self._behind, *self._workers]
        self._end_seconds = drain_seconds + kill_after_seconds
        self._stopping = False
        self._given_up = False

    def run(self, announce: Callable[[], None]) -> bool:
        """Serve until SIGTERM or SIGINT; call it on the main thread.

        Args:
            announce: Called once, when all workers serve for the first time.

        Returns:
            Whether all workers drained within their limit; false also if one died so often that
            the parent gave up.

        Raises:
            StartError: A worker refuses to start for the first time; none is left.
            StoreUnavailableError: The same, because the store does not answer.
        """
        with self._signals() as wake:
            try:
                # The first writes down in an empty store what all others only look at: together
                # they would be in each other's way, which a busy store answers too late.
                for slots in (self._slots[:1], self._slots[1:]):
                    self._begin(slots, wake)
                if not self._stopping:
                    announce()
                while not self._stopping:
                    self._watch(wake, starting=False)
            finally:
                clean = self._end()
        return clean and not self._given_up

    def pids_behind(self) -> tuple[int, ...]:
        """Return the processes that work behind the workers now; any thread may ask."""
        return tuple(slot.pid for slot in self._behind if slot.pid is not None)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[socket.socket]:
        """Let signals set the flag and wake what waits; put the old handlers back afterwards."""
        wake, woken = socket.socketpair()
        wake.setblocking(False)
        woken.setblocking(False)

        def stop(_number: int, _frame: object) -> None:
            self._stopping = True

        numbers = (signal.SIGTERM, signal.SIGINT)
        old = [signal.signal(number, stop) for number in numbers]
        old_descriptor = signal.set_wakeup_fd(woken.fileno())
        try:
            yield wake
        finally:
            signal.set_wakeup_fd(old_descriptor)
            for number, handler in zip(numbers, old, strict=True):
                signal.signal(number, handler)
            wake.close()
            woken.close()

    def _start(self, slot: _Slot) -> None:
        slot.process, slot.reports = slot.spawn()
        slot.pid = slot.process.pid
        _log.info(f"{slot.kind}_started", number=slot.number, pid=slot.pid)

    def _begin(self, slots: Sequence[_Slot], wake: socket.socket) -> None:
        """Start some for the first time unless all is to end, and wait until they serve."""
        for slot in slots:
            if not self._stopping:
                self._start(slot)
        while not self._stopping and not all(slot.has_served for slot in slots):
            self._watch(wake, starting=True)

    def _watch(self, wake: socket.socket, *, starting: bool) -> None:
        """Wait for something to happen once, and deal with it.

        While the server starts, the first worker that does not come to serve ends it all.
        """
        empty = (slot.retry_at for slot in self._slots if slot.process is None)
        pending = [at for at in empty if at < math.inf]
        self._wait(wake, max(0.0, min(pending) - time.monotonic()) if pending else None)
        for slot in self._slots:
            if self._stopping:
                return
            self._read_report(slot)
            if starting:
                _require_start(slot)
            if slot.process is None:
                if time.monotonic() >= slot.retry_at:
                    self._start(slot)
            elif slot.process.exitcode is not None:
                self._bury(slot, slot.process.exitcode)

    def _wait(self, wake: socket.socket, timeout: float | None) -> None:
        watched: list[Connection | socket.socket | int] = [wake]
        for slot in self._slots:
            if slot.process is not None:
                watched.append(slot.process.sentinel)
            if slot.reports is not None:
                watched.append(slot.reports)
        wait(watched, timeout)
        with contextlib.suppress(BlockingIOError):
            wake.recv(64)

    def _read_report(self, slot: _Slot) -> None:
        reports = slot.reports
        if reports is None or not reports.poll():
            return
        with contextlib.suppress(EOFError):  # It died before it had anything to say.
            slot.report = msgspec.json.decode(reports.recv_bytes(), type=Report)
            if not slot.report.refusal:
                slot.ready_at = time.monotonic()
                slot.has_served = True
        reports.close()
        slot.reports = None

    def _bury(self, slot: _Slot, exit_code: int) -> None:
        """Decide what follows on a worker's death."""
        now = time.monotonic()
        report = slot.report
        if slot.ready_at is not None and now - slot.ready_at >= STEADY_SECONDS:
            slot.failures = 0
        if report is not None and report.store_failed:
            delay = STORE_RETRY_SECONDS
        else:
            slot.failures += 1
            delay = min(RETRY_SECONDS * 2 ** (slot.failures - 1), RETRY_SECONDS_MAX)
        _log.error(
            f"{slot.kind}_died",
            number=slot.number,
            exit_code=exit_code,
            failures=slot.failures,
            refusal=report.refusal if report is not None else "",
        )
        slot.clear()
        slot.retry_at = now + delay
        if slot.failures >= FAILURES_MAX:
            _log.critical("gave_up", kind=slot.kind, number=slot.number, failures=slot.failures)
            self._given_up = self._stopping = True

    def _end(self) -> bool:
        """Have all drain, workers first; kill what is left; say if all was clean."""
        ends = [_drained(slots, self._end_seconds) for slots in (self._workers, self._behind)]
        clean = all(clean for clean, _ in ends)
        killed = sum(killed for _, killed in ends)
        _log.info("stopped", clean=clean, killed=killed)
        return clean


def _require_start(slot: _Slot) -> None:
    # One that served has started, also if it died before the others did: it is replaced.
    if slot.has_served:
        return
    report, process = slot.report, slot.process
    if report is not None and report.refusal:
        error = StoreUnavailableError if report.unreachable else StartError
        raise error(report.refusal)
    if process is not None and process.exitcode is not None:
        raise StartError(
            f"A {slot.kind} died while it started (exit code {process.exitcode}); the log says why."
        )


def _drained(slots: Sequence[_Slot], seconds: float) -> tuple[bool, int]:
    """Tell processes to drain, wait for them; return if all was clean and how many were killed."""
    running = [slot.process for slot in slots if slot.process is not None]
    for process in running:
        process.terminate()
    killed = _join(running, time.monotonic() + seconds)
    clean = not killed and all(
        # One that was told before it could listen for it ends by the signal itself.
        process.exitcode in (0, -signal.SIGTERM)
        for process in running
    )
    for slot in slots:
        slot.clear()
    return clean, killed


def _join(processes: Sequence[SpawnProcess], deadline: float) -> int:
    """Wait for processes to end, kill those that do not; return how many were killed."""
    killed = 0
    for process in processes:
        process.join(max(0.0, deadline - time.monotonic()))
        if process.exitcode is None:
            process.kill()
            process.join()
            killed += 1
    return killed
