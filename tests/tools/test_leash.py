"""Nothing outlives the process that started it, however that process ends."""

import signal
import subprocess
import sys

import pytest

from tools.cassandra import leash

# A starter that puts a program on the leash, says its pid, and then only waits.
STARTER = """
import os, subprocess, sys
child = subprocess.Popen(
    [sys.executable, "-I", sys.argv[1], str(os.getpid()), sys.executable, "-c", sys.argv[2]],
)
child.wait()
"""
# The program says when it runs.
PROGRAM = "import time; print('runs', flush=True); time.sleep(600)"


PAUSED_PROGRAM = """
import os, signal
print('runs', flush=True)
os.kill(os.getpid(), signal.SIGSTOP)
"""


@pytest.mark.parametrize("program", [PROGRAM, PAUSED_PROGRAM])
def test_a_killed_starter_takes_its_program_along(program: str) -> None:
    with subprocess.Popen(  # noqa: S603 - our own Python
        [sys.executable, "-c", STARTER, leash.__file__, program],
        stdout=subprocess.PIPE,
        text=True,
    ) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == "runs\n"
        starter.send_signal(signal.SIGKILL)
        # The program holds the other end of the pipe: it ends when the program does.
        rest, _ = starter.communicate(timeout=20)
    assert rest == ""


def test_a_program_whose_starter_has_gone_already_never_starts() -> None:
    some_other_pid = "1"
    ran = subprocess.run(  # noqa: S603 - our own Python
        [sys.executable, "-I", leash.__file__, some_other_pid, "/bin/echo", "runs"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stdout) == (1, "")
