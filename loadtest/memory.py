"""The most memory that a process ever had, its own alone.

Not ``ru_maxrss``: a program that was started by a large one begins with the large one's peak.
"""

import contextlib
import re
import threading
import time
from pathlib import Path

LOOK_SECONDS = 0.05
"""How often a process is looked at."""
_PEAK = re.compile(r"VmHWM:\s+(\d+) kB")


def peak_mebibytes(pid: int | str = "self") -> float | None:
    """Return a process' peak of resident memory, in MiB; None where it has ended."""
    with contextlib.suppress(OSError):
        if found := _PEAK.search(Path(f"/proc/{pid}/status").read_text("ascii")):
            return int(found[1]) / 1024
    return None


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
