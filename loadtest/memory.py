"""The memory that a process has, and the most that it ever had, its own alone.

Not ``ru_maxrss``: a program that was started by a large one begins with the large one's peak.
"""

import contextlib
import re
import threading
import time
from pathlib import Path

import psutil

LOOK_SECONDS = 0.05
"""How often a process is looked at."""
_STORE_SUFFIX = ".sqlite"
_PEAK = re.compile(r"VmHWM:\s+(\d+) kB")


def peak_mebibytes(pid: int | str = "self") -> float | None:
    """Return a process' peak of resident memory, in MiB; None where it has ended.

    With pages of a mapped store: the kernel does not tell a peak without.
    """
    with contextlib.suppress(OSError):
        if found := _PEAK.search(Path(f"/proc/{pid}/status").read_text("ascii")):
            return int(found[1]) / 1024
    return None


def own_bytes(process: psutil.Process) -> int:
    """Return a process' resident memory, libraries included, without pages of a mapped store.

    Takes a few milliseconds.
    """
    parts = process.memory_maps()
    return int(sum(one.rss for one in parts if not one.path.endswith(_STORE_SUFFIX)))


class PeakMemory:
    """The peak of another process, read while it lives: afterwards nobody can tell."""

    def __init__(self, pid: int) -> None:
        """Look at a process from now on until it ends."""
        self._pid = pid
        self._peak_mebibytes = 0.0
        self._watcher = threading.Thread(target=self._look, daemon=True)
        self._watcher.start()

    def _look(self) -> None:
        while (found := peak_mebibytes(self._pid)) is not None:
            self._peak_mebibytes = found
            time.sleep(LOOK_SECONDS)

    def mebibytes(self) -> float:
        """Wait for the process to end and return the most that it had."""
        self._watcher.join()
        return self._peak_mebibytes
