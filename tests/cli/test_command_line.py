"""The command as a whole: help, exit codes, completion, and what a defect looks like."""

import os
import subprocess
import sys

import pytest

from exchange.cli import failures
from exchange.cli.exits import MEANINGS, ExitCode
from exchange.cli.main import app
from exchange.core.errors import ExchangeError
from exchange.settings import Settings
from tests.cli.conftest import Health

COMMANDS = sorted(str(command.name) for command in app.registered_commands)


def test_help_lists_every_command_and_every_exit_code(health_exchange: Health) -> None:
    ran = health_exchange("--help")
    text = " ".join(ran.out.split())
    assert ran.code == 0
    for command in COMMANDS:
        assert f" {command} " in text
    for code, meaning in MEANINGS.items():
        assert f"{code.value} {meaning}" in text


def test_every_exit_code_has_a_meaning() -> None:
    assert set(MEANINGS) == set(ExitCode)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(health_exchange: Health, command: str) -> None:
    ran = health_exchange(command, "--help")
    assert ran.code == 0
    assert ran.err == ""


def test_serve_takes_every_setting(health_exchange: Health) -> None:
    text = health_exchange("serve", "--help").out
    missing = [name for name in Settings.model_fields if f"--{name.replace('_', '-')}" not in text]
    assert missing == []


@pytest.mark.parametrize("arguments", [("publihs",), ("check", "--colour"), ("check",)])
def test_a_wrong_command_line_is_a_sentence_and_not_taken_for_failed_records(
    health_exchange: Health, arguments: tuple[str, ...]
) -> None:
    ran = health_exchange(*arguments)
    assert (ran.code, ran.out) == (ExitCode.WRONG_INPUT, "")
    assert len(ran.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "at", "expected"),
    [
        ("health-exchange pu", 1, "publish"),
        ("health-exchange publish x --member 31", 4, "310000"),
        ("health-exchange publish x --format 510000-s", 4, "510000-status-v1"),
    ],
)
def test_shells_complete_commands_members_and_formats(words: str, at: int, expected: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "exchange"],
        env=os.environ
        | {
            "_HEALTH_EXCHANGE_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(at),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert expected in ran.stdout


def test_every_error_of_the_exchange_has_an_exit_code_and_a_sentence() -> None:
    def tree(kind: type[ExchangeError]) -> list[type[ExchangeError]]:
        return [kind, *(below for child in kind.__subclasses__() for below in tree(child))]

    for kind in tree(ExchangeError):
        error = kind.__new__(kind)
        Exception.__init__(error, "A sentence.")
        assert failures.of_exchange(error).code in MEANINGS


def test_a_file_that_may_not_be_read_is_a_sentence(health_exchange: Health) -> None:
    ran = health_exchange("check", "--destination", "370000", "--document", "/")
    assert (ran.code, ran.err) == (3, "/: Is a directory.\n")
