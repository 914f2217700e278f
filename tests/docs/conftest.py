"""The demo that `make run` starts, for the documents whose command lines are about it."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

ROOT = Path(__file__).parents[2]
ADDRESS = "127.0.0.1:7443"
WAIT_SECONDS = 60
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def command_lines(document: str) -> list[str]:
    """The lines of a document that a shell runs, in order."""
    text = (ROOT / document).read_text("utf-8")
    return [line for block in _BLOCK.findall(text) for line in block.splitlines()]


def shell(line: str, directory: Path, expected: int, **variables: str) -> str:
    """Run a command line as a reader does and give what it printed."""
    python = shlex.quote(sys.executable)
    program = f"{python} -m exchange"
    line = re.sub(r"^(\.venv/bin/)?health-exchange\b", program, line)
    line = re.sub(r"^python\b", python, line)
    done = subprocess.run(  # noqa: S603 - the lines of our own documents
        ["/bin/bash", "-c", line],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
        check=False,
    )
    assert done.returncode == expected, (line, done.stdout, done.stderr)
    return done.stdout


class Demo(msgspec.Struct, frozen=True):
    """What `make run` starts: where it listens, and the directory it was started in."""

    address: str
    directory: Path
    said: str

    def run(self, line: str, expected: int = 0) -> str:
        """Run a command line of a document against it and give what it printed."""
        line = line.replace(ADDRESS, self.address)
        if line.startswith("python "):
            line += f" {self.address}"
        return shell(line, self.directory, expected, HEALTH_EXCHANGE_ADDRESS=self.address)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo that `make run` starts, anew for each document, on a free port, with few people."""
    directory = tmp_path_factory.mktemp("demo")
    for name in ("docs", "exchange"):  # What documents name by its place in the repository.
        (directory / name).symlink_to(ROOT / name)
    process = subprocess.Popen(
        [sys.executable, "-m", "exchange", "demo", "--people", "200", "--port", "0"],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if "Ctrl-C stops." in line:
                break
        listens = re.search(r"listens on ([0-9.:]+),", said)
        assert listens is not None, said
        yield Demo(listens[1], directory, said)
    finally:
        process.terminate()
        process.communicate(timeout=WAIT_SECONDS)
