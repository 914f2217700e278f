"""Become another program that the kernel kills as soon as the starter is gone.

Run as `python leash.py STARTER_PID PROGRAM ARGUMENT...`.

A test run may be killed in a way that lets it clean up nothing (SIGKILL, out of memory). A node
must not stay behind with its gigabyte and its ports. Linux keeps one setting for this, the parent
death signal: it survives exec, but has to be set in the child between fork and exec. Doing that in
the starter's own memory (`preexec_fn`) may deadlock when the starter has threads, and drivers do;
so this small program does it in a process of its own, and then turns into the node: same pid.

The signal is SIGKILL, because a node that was paused would never see a polite one. Nothing
acknowledged is lost by it: the commit log is on disk before a write is answered.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
"""From linux/prctl.h."""


def main(starter: int, command: list[str]) -> None:
    """Set the parent death signal and turn into `command`; exit with 1 if the starter has gone."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    # The starter may have died before the setting was made; then no signal will ever come.
    if os.getppid() != starter:
        sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
