"""Figures of several worker processes as one: counters never go back, the dead leave no gauges.

Each worker writes its figures into a file of its own, whole, once a second and when it drains. The
parent adds up those of the living and of the dead when it is asked. A worker holds a lock on its
file while it lives, so that one that was killed is known to be dead whatever took its process
number since; its counts are then kept by the parent, its gauges are not, and the file is removed.
What a killed worker counted after its last writing, at most a second, is lost, never taken back.
"""

import asyncio
import fcntl
import os
import resource
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from exchange.metrics import LOOP_DELAY, METRICS, PUBLISHERS, WORKER_BYTES, WORKER_CPU, WORKERS
from exchange.metrics.exposition import Figures, local_figures
from exchange.metrics.kinds import Across, Gauge, Labels, Metric

WRITE_SECONDS = 1.0
"""Between two writings: a tenth of what a scrape is apart as a rule, and a millisecond of work."""
_SUFFIX = ".figures"
_LOCK = ".alive"

_Written = dict[str, list[tuple[Labels, float | list[float]]]]
_Values = dict[Labels, float | list[float]]


class FiguresFile:
    """Where one worker writes its figures."""

    def __init__(self, directory: Path) -> None:
        """Take a place that no other worker uses, and show that somebody lives here."""
        name = f"{os.getpid()}-{time.monotonic_ns()}"
        self._path = directory / f"{name}{_SUFFIX}"
        self._draft = directory / f"{name}.draft"
        # Held until the process ends, by whatever end.
        self._lock = (directory / f"{name}{_LOCK}").open("wb")
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def write(self) -> None:
        """Write all figures; a reader sees the old ones or the new, never a part."""
        figures = {name: list(values.items()) for name, values in local_figures().items()}
        self._draft.write_bytes(msgspec.msgpack.encode(figures))
        self._draft.replace(self._path)

    def close(self) -> None:
        """Write the last figures and let go."""
        self.write()
        self._lock.close()


class Pulse:
    """Notes once a second how the process does, and lets others do what is due then."""

    def __init__(
        self, due: Callable[[], None], seconds: float = WRITE_SECONDS, *, worker: bool = True
    ) -> None:
        """Take what is due at each beat, and whether calls wait for this process."""
        self._worker = worker
        self._due = due
        self._seconds = seconds
        self._cpu = 0.0

    async def run(self) -> None:
        """Beat for ever."""
        (WORKERS if self._worker else PUBLISHERS).set(1)
        while True:
            self.beat()
            asked = time.perf_counter()
            await asyncio.sleep(self._seconds)
            if self._worker:
                LOOP_DELAY.observe(max(0.0, time.perf_counter() - asked - self._seconds))

    def beat(self) -> None:
        """Note the state of the process and do what is due."""
        cpu = time.process_time()
        WORKER_CPU.add((), cpu - self._cpu)
        self._cpu = cpu
        WORKER_BYTES.set(anonymous_bytes())
        self._due()


def anonymous_bytes() -> int:
    """Return the resident memory of this process without pages of files.

    Those of libraries are shared by all workers, and those of a mapped store are the kernel's to
    take back.
    """
    try:
        pages = Path("/proc/self/statm").read_text("ascii").split()
    except OSError:  # No Linux: the most that it ever was, with files.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    resident, of_files = int(pages[1]), int(pages[2])
    return (resident - of_files) * resource.getpagesize()


class GatheredFigures:
    """Adds up what workers wrote. Safe to be asked by several threads."""

    def __init__(self, directory: Path) -> None:
        """Take the directory of the workers' files; nothing else may be in it."""
        self._directory = directory
        self._dead: dict[str, _Values] = {}
        self._lock = threading.Lock()

    def __call__(self) -> Figures:
        """Return the figures of all workers that live or lived."""
        with self._lock:
            living = []
            for path, figures in self._files():
                if _is_alive(path):
                    living.append(figures)
                else:
                    self._bury(path)
            total = {name: _copied(values) for name, values in self._dead.items()}
            for figures in living:
                _add(total, figures, METRICS)
            return total

    def _files(self) -> Iterator[tuple[Path, _Written]]:
        for path in sorted(self._directory.glob(f"*{_SUFFIX}")):
            yield path, _read(path)

    def _bury(self, path: Path) -> None:
        # Read again: it may have written its last between the first reading and its end.
        _add(self._dead, _read(path), [metric for metric in METRICS if _outlives(metric)])
        path.unlink()
        path.with_suffix(_LOCK).unlink()


def _read(path: Path) -> _Written:
    return msgspec.msgpack.decode(path.read_bytes(), type=_Written)


def _is_alive(path: Path) -> bool:
    with path.with_suffix(_LOCK).open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _outlives(metric: Metric) -> bool:
    """Tell whether what a worker said still counts when it has ended."""
    return not isinstance(metric, Gauge) or metric.across is Across.NEWEST


def _copied(values: _Values) -> _Values:
    return {
        labels: list(value) if isinstance(value, list) else value
        for labels, value in values.items()
    }


def _add(
    total: dict[str, _Values], figures: _Written, metrics: "tuple[Metric, ...] | list[Metric]"
) -> None:
    for metric in metrics:
        values = total.setdefault(metric.name, {})
        for labels, value in figures.get(metric.name, ()):
            old = values.get(labels)
            values[labels] = value if old is None else _together(metric, old, value)


def _together(
    metric: Metric, one: float | list[float], other: float | list[float]
) -> float | list[float]:
    if isinstance(one, list) or isinstance(other, list):
        assert isinstance(one, list)  # noqa: S101 - both are of one histogram.
        assert isinstance(other, list)  # noqa: S101
        return [left + right for left, right in zip(one, other, strict=True)]
    if isinstance(metric, Gauge) and metric.across is not Across.SUM:
        return min(one, other) if metric.across is Across.MIN else max(one, other)
    return one + other
