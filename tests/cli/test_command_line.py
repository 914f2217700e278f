"""The command as a whole: help, exit codes, completion, and what a defect looks like."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from exchange.cli import failures
from exchange.cli.exits import MEANINGS, ExitCode
from exchange.cli.main import app
from exchange.cli.options import CERTS_VARIABLE
from exchange.core.errors import ExchangeError
from exchange.core.members import MEMBERS
from exchange.settings import Settings
from tests.cli.conftest import Health, Running

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


@pytest.mark.parametrize("command", sorted({*COMMANDS} - {"serve", "demo"}))
def test_every_command_that_ends_by_itself_speaks_to_programs_too(
    health_exchange: Health, command: str
) -> None:
    assert "--json" in health_exchange(command, "--help").out


@pytest.mark.parametrize("command", ["init", "issue", "list"])
def test_certificates_are_spoken_of_to_programs_too(health_exchange: Health, command: str) -> None:
    assert "--json" in health_exchange("certs", command, "--help").out


def test_programs_are_told_what_was_written(health_exchange: Health, tmp_path: Path) -> None:
    here = ("--data-dir", tmp_path, "--json")
    keys = [str(tmp_path / name) for name in ("subject.key", "quarantine.key")]
    assert health_exchange("keys", *here).json == {"written": keys}
    where = ("--certs", tmp_path / "certs", "--json")
    authority, server = health_exchange("certs", "init", *where).json["written"]
    assert authority.endswith("authority.pem")
    assert server.endswith("server.pem")
    assert health_exchange("certs", "init", *where).json == {"written": []}
    issued = health_exchange("certs", "issue", "operator:maria", *where).json["written"]
    assert [Path(one).name for one in issued] == ["operator-maria.pem", "operator-maria.key"]


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
        ("health-exchange publish x --member 9 --format 510000-s", 6, "510000-status-v1"),
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


@pytest.mark.parametrize("arguments", [("--help",), ("settings", "--json")])
def test_who_reads_no_further_is_not_taken_for_a_defect(arguments: tuple[str, ...]) -> None:
    command = (sys.executable, "-m", "exchange", *arguments)
    with subprocess.Popen(  # noqa: S603 - our own command
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(60) == ExitCode.INTERRUPTED


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("check", "--destination", "37000"), "There is no member '37000': see"),
        (("check", "--destination", "370000", "--origin", "1"), "There is no member '1': see"),
        (("list", "--member", "999999"), "There is no member '999999': see"),
        (("members", "--caller", "gate-1"), "'gate-1' names no caller."),
        (("members", "--caller", "member:999999"), "names a member that does not take part."),
        (("members", "--timeout", "0"), "greater than or equal to 0.1. See"),
        (("members", "--certs", "nowhere"), "make one with `health-exchange certs init`"),
        (("erase", "--document", "DOCUMENT"), "Nobody can be asked, so nothing was done"),
        (("quarantine", "discard"), "Nobody can be asked, so nothing was done"),
        (("convert", "--destination", "44000", "--national"), "There is no member '44000': see"),
        (("convert", "--destination", "440000", "--format", "440000-s"), "near it: 440000-status"),
        (
            ("policies", "try", "37000"),
            "'37000' is neither a destination nor a file; near it: 3700",
        ),
        (("policies", "try", "999999"), "nor a file; at hand are: 000000, "),
        (("policies", "try", "defaults"), "near it: default."),
        (("policies", "publish", "310000@2"), "310000@2 is kept by an exchange; what is asked for"),
        (("policies", "dry-run", "310000", "--destination", "31"), "no member '31': see"),
        (("policies", "history"), "Did you mean 'try'? See `"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(
    health_exchange: Health,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    sentence: str,
) -> None:
    document = tmp_path / "passport"
    document.write_text("PASSPORT E00000000")
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    ran = health_exchange(*(document if one == "DOCUMENT" else one for one in arguments))
    assert ran.code == ExitCode.WRONG_INPUT
    assert sentence in ran.err


def test_a_short_name_of_a_caller_is_a_name(health_exchange: Health, exchange: Running) -> None:
    gate = ("--caller", "checkpoint:370000:gate")
    ran = health_exchange("members", *gate, "--address", exchange.address, "--json")
    assert (ran.code, len(ran.json["members"])) == (0, len(MEMBERS))


def test_certificates_are_where_the_data_is(
    health_exchange: Health, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(CERTS_VARIABLE)
    monkeypatch.setenv("HEALTH_EXCHANGE_DATA_DIR", str(tmp_path))
    made = health_exchange("certs", "init")
    assert (made.code, (tmp_path / "certs" / "authority.pem").exists()) == (0, True)
    missing = health_exchange("members", "--caller", "operator:nobody", "--address", "127.0.0.1:9")
    assert f"The key {tmp_path / 'certs' / 'operator-nobody.key'} cannot be read" in missing.err


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
