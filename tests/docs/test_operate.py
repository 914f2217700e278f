"""docs/operate.md is true: its commands run one after the other, on a new exchange."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from exchange.server.quotas import read_limits
from exchange.settings import Settings
from tests.docs.conftest import ROOT, WAIT_SECONDS, command_lines, shell

DOCUMENT = "docs/operate.md"
TEXT = (ROOT / DOCUMENT).read_text("utf-8")
SOMEBODY = {"type": "RESIDENT_ID", "number": "510102190402290011"}


class Machine:
    """A machine of its own for the page: its directories, and the server that it starts."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        (directory / "backup").mkdir()
        (directory / "document.json").write_text(json.dumps(SOMEBODY))
        self.address = ""
        self.server: subprocess.Popen[str] | None = None

    def run(self, line: str) -> str:
        line = line.replace("/var/lib/", f"{self.directory}/").replace(
            "/backup", f"{self.directory}/backup"
        )
        if line.startswith("health-exchange serve"):
            return self._serve(shlex.split(line)[1:])
        # `doctor` looks at the port too, and another exchange may have it.
        return shell(
            line, self.directory, 0, HEALTH_EXCHANGE_ADDRESS=self.address, HEALTH_EXCHANGE_PORT="0"
        )

    def _serve(self, arguments: list[str]) -> str:
        self.server = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "exchange", *arguments],
            cwd=self.directory,
            env=os.environ
            | {
                "PYTHONPATH": str(ROOT),
                "HEALTH_EXCHANGE_PORT": "0",
                "HEALTH_EXCHANGE_WORKERS": "1",
                "HEALTH_EXCHANGE_LOG_FORMAT": "json",
            },
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.server.stderr is not None
        for line in self.server.stderr:
            if '"serving"' in line:
                self.address = f"127.0.0.1:{json.loads(line)['port']}"
                break
        assert self.address, "it does not serve"
        return "serving"

    def stop(self) -> int:
        assert self.server is not None
        self.server.send_signal(signal.SIGTERM)
        self.server.communicate(timeout=WAIT_SECONDS)
        return self.server.returncode

    def clean_up(self) -> None:
        if self.server is not None and self.server.poll() is None:
            self.server.kill()
            self.server.communicate()


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    made = Machine(tmp_path)
    yield made
    made.clean_up()


def test_every_command_line_runs_in_the_order_of_the_page(machine: Machine) -> None:
    said = {line: machine.run(line) for line in command_lines(DOCUMENT)}
    assert machine.stop() == 0
    erased = [output for line, output in said.items() if "erase" in line]
    assert erased == ["0 statements erased.\n"]
    assert (machine.directory / "backup/exchange.sqlite").stat().st_size > 0
    doctors = [output for line, output in said.items() if " doctor " in line]
    assert len(doctors) == 2
    assert all("fail" not in output for output in doctors)


def test_completion_works_in_a_shell_as_the_page_says(tmp_path: Path) -> None:
    (line,) = [line for line in command_lines(DOCUMENT) if line.startswith("eval")]
    program = tmp_path / "health-exchange"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m exchange "$@"\n')
    program.chmod(0o755)
    words = "COMP_WORDS=(health-exchange publ); COMP_CWORD=1"
    complete = "_health_exchange_completion health-exchange; echo ${COMPREPLY[0]}"
    path = f"{tmp_path}:{os.environ['PATH']}"
    assert shutil.which("bash") is not None
    output = shell(f"{line}; {words}; {complete}", tmp_path, 0, PATH=path)
    assert "publish" in output


def test_the_key_file_comes_first_and_where_messages_point_to() -> None:
    headings = re.findall(r"^## (.*)$", TEXT, re.MULTILINE)
    assert headings[0] == "Keys"
    assert "Back up the subject key file first" in TEXT


def test_the_limits_file_of_the_page_can_be_read_and_says_what_the_page_says(
    tmp_path: Path,
) -> None:
    (text,) = [
        block for block in re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL) if "lookups" in block
    ]
    (tmp_path / "limits.toml").write_text(text)
    limits = read_limits(tmp_path / "limits.toml")
    assert limits.of("510000").records is not None
    assert limits.of("440000").lookups is not None
    assert limits.of("440000").records is None


def test_settings_that_the_page_names_exist() -> None:
    words = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", TEXT))
    logged = {"certificates_not_reloaded", "limits_not_reloaded", "publisher_starved"}
    logged |= {"source_zsh", "source_fish"}
    assert words - logged <= set(Settings.model_fields)
    assert len(words) > 3
