"""Processes that work behind the workers: they run while no worker wants the processor.

They are of the kernel's idle class, which lets a worker that wakes up run at once: a single check
beside a busy process of that class takes as long as on an idle machine, where niceness alone makes
its slowest hundredth 1.7 times as long (decision 69). But the class leaves next to nothing where
workers are busy all the time, and whoever holds the store's lock then would hold them up too. So
the parent looks after them: a process that gets too little is taken out of the class for a while,
and has by its niceness a tenth of a processor at least.

A process that may not leave the class again (``RLIMIT_NICE``, ``CAP_SYS_NICE``) does not enter it.
"""

import contextlib
import ctypes
import os
import platform
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, Self

import msgspec
import structlog

NICENESS = 10
"""Out of the class: of a processor that a worker wants too it gets a tenth."""
SLICE_NS = 100_000_000
"""Its slice of a processor then, the longest there is. The kernel lets go first whose slice ends
first, and leaves a slice to whoever has it: with niceness alone a worker that woke up waited 4 ms
in one case of a hundred, with this 0.09 ms (two busy threads, Linux 6.18)."""
_SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}
"""Numbers of the system call, which Python has no function for."""

LOOK_SECONDS = 0.25
"""How often the parent looks at them."""
SHARE_MIN = 0.1
"""One that wants to run and gets less of a processor is starved."""
LOOKS = 2
"""In so many looks in a row: in one it may just have begun."""
HURRY_SECONDS = 5.0
"""How long it stays out of the class then."""

_IDLE: Final[int | None] = getattr(os, "SCHED_IDLE", None)
"""None: no Linux."""

_log = structlog.get_logger("exchange.behind")


def give_way() -> None:
    """Put this process behind the workers; threads that begin later take after it."""
    os.nice(NICENESS)
    number = _SCHED_SETATTR.get(platform.machine())
    if sys.platform == "linux" and number is not None:
        # Size, policy (the usual one), flags, niceness, priority, and the slice in the place of a
        # run time; two more times. Kernels that know no slices leave it at that.
        attributes = struct.pack("=IIQiIQQQ", 48, 0, 0, NICENESS, 0, SLICE_NS, 0, 0)
        ctypes.CDLL(None).syscall(number, 0, attributes, 0)
    if may_leave_idle_class():
        _set_class(0, idle=True)


def may_leave_idle_class() -> bool:
    """Tell whether a thread of this process can leave the idle class again, by trying."""
    found = False

    def attempt() -> None:
        nonlocal found
        with contextlib.suppress(OSError):
            found = _set_class(0, idle=True) and _set_class(0, idle=False)

    trying = threading.Thread(target=attempt)
    trying.start()
    trying.join()
    return found


def _set_class(thread: int, *, idle: bool) -> bool:
    """Set the class of a thread; say if there is such a class."""
    if _IDLE is None:
        return False
    os.sched_setscheduler(thread, _IDLE if idle else os.SCHED_OTHER, os.sched_param(0))
    return True


class Look(msgspec.Struct, frozen=True):
    """What one process was at when it was looked at.

    Attributes:
        at: Seconds on the clock.
        run_seconds: How long its threads had run so far.
        ready: A thread of it ran or waited for a processor.
    """

    at: float
    run_seconds: float
    ready: bool


def look(pid: int, at: float) -> Look:
    """Look at a process.

    Raises:
        OSError: There is no such process.
    """
    run_ns, ready = 0, False
    for task in _tasks(pid):
        # Threads come and go meanwhile.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            run_ns += int((task / "schedstat").read_text("ascii").split()[0])
            ready |= _state(task) == "R"
    return Look(at, run_ns / 1e9, ready)


def _state(task: Path) -> str:
    # It follows the name, which stands in parentheses and may hold some.
    return (task / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0]


def _tasks(pid: int) -> Iterable[Path]:
    return Path(f"/proc/{pid}/task").iterdir()


class Patient:
    """What the parent knows of one process behind the workers."""

    def __init__(self) -> None:
        self._last: Look | None = None
        self._starved_looks = 0
        self._hurries_until = 0.0

    def hurries(self, now: Look) -> bool:
        """Tell whether the process belongs out of the idle class, by what it is at now."""
        last, self._last = self._last, now
        if last is not None:
            share = (now.run_seconds - last.run_seconds) / max(now.at - last.at, 1e-9)
            starved = now.ready and share < SHARE_MIN
            self._starved_looks = self._starved_looks + 1 if starved else 0
            if self._starved_looks >= LOOKS:
                self._hurries_until = now.at + HURRY_SECONDS
        return now.at < self._hurries_until


class Guard:
    """Looks after the processes behind the workers, on a thread of the parent's.

    Not where they may not leave the idle class: then none of them is in it.
    """

    def __init__(self, pids: Callable[[], Iterable[int]]) -> None:
        """Take what tells which they are now; it is asked on the guard's thread."""
        self._pids = pids
        self._known: dict[int, Patient] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="guard", daemon=True)

    def __enter__(self) -> Self:
        """Begin to look."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Look no more."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        if not may_leave_idle_class():
            return
        while not self._ended.wait(LOOK_SECONDS):
            pids = tuple(self._pids())
            self._known = {pid: self._known.get(pid, Patient()) for pid in pids}
            for pid, patient in self._known.items():
                # It may end at any moment.
                with contextlib.suppress(OSError):
                    _put(pid, idle=not patient.hurries(look(pid, time.monotonic())))


def _put(pid: int, *, idle: bool) -> None:
    """Put all threads of a process in the idle class or out of it."""
    moved = False
    for task in _tasks(pid):
        thread = int(task.name)
        with contextlib.suppress(ProcessLookupError):
            if (os.sched_getscheduler(thread) == _IDLE) is not idle:
                moved |= _set_class(thread, idle=idle)
    if moved and not idle:
        _log.info("publisher_starved", pid=pid, hurry_seconds=HURRY_SECONDS)
