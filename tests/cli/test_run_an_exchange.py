"""`keys`, `migrate`, `serve`, `sweep`, `demo`: running an exchange as its operator does."""

import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from exchange.core.compiled_policy import CompiledPolicy
from exchange.core.receipt import make_receipt
from exchange.core.recognition import Question, decide_question
from tests.cli.conftest import Health, Running
from tests.core.policies import DEFAULT

COMMAND = (sys.executable, "-m", "exchange")
WAIT_SECONDS = 60


@contextmanager
def started(
    *arguments: str | Path, ready: str, **settings: str
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a command until the line that says it is ready; what still runs is killed at the end."""
    process = subprocess.Popen(  # noqa: S603 - our own command
        [*COMMAND, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=_environment(settings),
    )
    try:
        assert process.stdout is not None
        seen = ""
        for line in process.stdout:
            seen += line
            if ready in line:
                break
        assert ready in seen, seen
        yield process, seen
    finally:
        process.kill()
        process.communicate()


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    return {**os.environ, "PYTHONUNBUFFERED": "1", **settings}


@pytest.fixture
def data_dir(health_exchange: Health, tmp_path: Path) -> Path:
    """A data directory with keys and a schema."""
    assert health_exchange("keys", "--data-dir", tmp_path).code == 0
    assert health_exchange("migrate", "--data-dir", tmp_path).code == 0
    return tmp_path


def test_keys_are_readable_by_their_owner_alone_and_never_overwritten(
    health_exchange: Health, tmp_path: Path
) -> None:
    first = health_exchange("keys", "--data-dir", tmp_path)
    content = (tmp_path / "subject.key").read_text()
    second = health_exchange("keys", "--data-dir", tmp_path)
    assert (first.code, second.code) == (0, 6)
    assert "is not overwritten" in second.err
    assert (tmp_path / "subject.key").read_text() == content
    assert stat.S_IMODE((tmp_path / "subject.key").stat().st_mode) == 0o600
    assert "1:" not in first.out


def test_migrating_says_what_it_did_and_is_safe_twice(
    health_exchange: Health, tmp_path: Path
) -> None:
    first = health_exchange("migrate", "--data-dir", tmp_path, "--json")
    second = health_exchange("migrate", "--data-dir", tmp_path, "--json")
    version = first.json["version"]
    assert first.json["applied_versions"] == list(range(1, version + 1))
    assert second.json == {"applied_versions": [], "version": version}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serving_says_that_it_is_plaintext_and_ends_on_a_signal_with_0(
    data_dir: Path, number: signal.Signals
) -> None:
    with started(
        *("serve", "--data-dir", data_dir, "--port", "0", "--insecure-loopback"), ready="serving"
    ) as (process, seen):
        assert "plaintext" in seen
        process.send_signal(number)
        assert process.wait(WAIT_SECONDS) == 0


def _refused(health_exchange: Health, data_dir: Path, *more: str) -> str:
    ran = health_exchange("serve", "--data-dir", data_dir, "--port", "0", *more)
    assert (ran.code, ran.out) == (6, "")
    sentence = ran.err.splitlines()[-1]
    assert sentence.endswith(".")
    return sentence


def test_serving_without_transport_security_has_to_be_asked_for(
    health_exchange: Health, data_dir: Path
) -> None:
    assert "--insecure-loopback" in _refused(health_exchange, data_dir)


def test_serving_plaintext_beyond_loopback_is_refused(
    health_exchange: Health, data_dir: Path
) -> None:
    sentence = _refused(health_exchange, data_dir, "--insecure-loopback", "--host", "0.0.0.0")  # noqa: S104 - refused
    assert "loopback" in sentence


def test_serving_without_a_key_file_names_the_command_that_makes_one(
    health_exchange: Health, data_dir: Path
) -> None:
    (data_dir / "subject.key").unlink()
    sentence = _refused(health_exchange, data_dir, "--insecure-loopback")
    assert "health-exchange keys" in sentence


@pytest.mark.parametrize(
    ("content", "says"),
    [("1:abcd", "has 2 bytes"), ("", "holds no key"), ("hello", "GENERATION:HEX")],
)
def test_serving_with_an_unusable_key_says_what_is_wrong_with_it(
    health_exchange: Health, data_dir: Path, content: str, says: str
) -> None:
    (data_dir / "subject.key").write_text(content)
    assert says in _refused(health_exchange, data_dir, "--insecure-loopback")


def test_serving_with_another_key_than_the_stores_is_refused(
    health_exchange: Health, data_dir: Path
) -> None:
    with started(
        *("serve", "--data-dir", data_dir, "--port", "0", "--insecure-loopback"), ready="serving"
    ) as (process, _):
        process.terminate()
        process.wait(WAIT_SECONDS)
    (data_dir / "subject.key").write_text("1:" + "cd" * 32)
    sentence = _refused(health_exchange, data_dir, "--insecure-loopback")
    assert "is not the one this store was written with" in sentence


def test_serving_a_store_that_is_behind_names_the_command_that_mends_it(
    health_exchange: Health, tmp_path: Path
) -> None:
    assert health_exchange("keys", "--data-dir", tmp_path).code == 0
    sentence = _refused(health_exchange, tmp_path, "--insecure-loopback")
    assert "health-exchange migrate" in sentence


def test_serving_on_a_taken_port_is_refused(health_exchange: Health, data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ran = health_exchange(
            "serve", "--data-dir", data_dir, "--port", port, "--insecure-loopback"
        )
    assert ran.code == 6
    assert f"127.0.0.1:{port}" in ran.err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--port", "seven"), "The setting port is wrong"),
        (("--port", "70000"), "The setting port is wrong"),
        (("--store", "oracle"), "The setting store is wrong"),
        (("--retention-days", "0"), "The setting retention_days is wrong"),
    ],
)
def test_a_wrong_setting_is_named(
    health_exchange: Health, tmp_path: Path, options: tuple[str, str], says: str
) -> None:
    ran = health_exchange("serve", "--data-dir", tmp_path, *options)
    assert ran.code == 6
    assert says in ran.err


@pytest.mark.parametrize("within", ["file", "file/deep"])
@pytest.mark.parametrize("arguments", [("keys",), ("keys", "--only-quarantine")])
def test_a_key_that_has_no_directory_is_not_taken_for_one_that_is_there(
    health_exchange: Health, tmp_path: Path, arguments: tuple[str, ...], within: str
) -> None:
    (tmp_path / "file").write_bytes(b"")
    ran = health_exchange(*arguments, "--data-dir", tmp_path / within)
    assert (ran.code, ran.out) == (6, "")
    assert ran.err.startswith(f"The directory {tmp_path / within} cannot be made: ")


@pytest.mark.parametrize("command", ["serve", "migrate", "demo"])
def test_a_data_directory_that_cannot_be_made_starts_nothing(
    health_exchange: Health, tmp_path: Path, command: str
) -> None:
    (tmp_path / "file").write_bytes(b"")
    ran = health_exchange(command, "--data-dir", tmp_path / "file" / "data")
    assert (ran.code, ran.out) == (6, "")
    assert "of the setting data_dir cannot be made: Not a directory." in ran.err


def test_a_settings_file_that_is_not_there_is_not_passed_over(tmp_path: Path) -> None:
    ran = subprocess.run(  # noqa: S603 - our own command
        [*COMMAND, "migrate"],
        env=_environment({"HEALTH_EXCHANGE_SETTINGS": str(tmp_path / "no.toml")}),
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
        check=False,
        cwd=tmp_path,
    )
    assert ran.returncode == 6
    assert "no.toml" in ran.stderr


def test_a_database_file_that_is_none_is_a_sentence(
    health_exchange: Health, tmp_path: Path
) -> None:
    (tmp_path / "exchange.sqlite").write_bytes(b"no database" * 100)
    ran = health_exchange("migrate", "--data-dir", tmp_path)
    assert (ran.code, ran.err) == (5, "The store does not answer (STORE_UNAVAILABLE).\n")


def recorded_long_ago() -> bytes:
    policy, question = CompiledPolicy(DEFAULT, "310000"), Question((), 1_600_000_000_000)
    return make_receipt(question, policy, decide_question(question, policy))


def test_a_sweep_removes_what_is_past_the_retention_that_was_served_with(
    health_exchange: Health, data_dir: Path
) -> None:
    unserved = health_exchange("sweep", "--data-dir", data_dir, "--json")
    with started(
        *("serve", "--data-dir", data_dir, "--port", "0", "--insecure-loopback"), ready="serving"
    ) as (process, _):
        process.terminate()
        process.wait(WAIT_SECONDS)
    with sqlite3.connect(data_dir / "exchange.sqlite") as database:
        old_us, new_us = 1_600_000_000_000_001, 4_000_000_000_000_001
        for subject, written_us in ((b"\x01old", old_us), (b"\x01new", new_us)):
            database.execute(
                "INSERT INTO statements (subject, issuer, via, write_time_us, value) "
                "VALUES (?, '510000', '510000', ?, x'01')",
                (subject, written_us),
            )
        database.execute(
            "INSERT INTO shelves (shelf, key, version, value) VALUES ('samples/310000', '0', 1, ?)",
            (recorded_long_ago(),),
        )
    database.close()
    swept = health_exchange("sweep", "--data-dir", data_dir, "--json")
    again = health_exchange("sweep", "--data-dir", data_dir)
    assert unserved.json == {"scanned_count": 0, "removed_count": 0}
    assert swept.json == {"scanned_count": 2, "removed_count": 2}
    assert again.out == "1 rows looked at, 0 removed.\n"


def test_a_second_demo_is_quick_and_keeps_the_population(tmp_path: Path) -> None:
    arguments = (
        *("demo", "--people", "60", "--port", "0", "--data-dir", tmp_path / "data"),
        *("--sample-dir", tmp_path / "sample"),
    )
    with started(*arguments, ready="Ctrl-C stops.") as (process, first):
        process.send_signal(signal.SIGINT)
        assert process.wait(WAIT_SECONDS) == 0
    with started(*arguments, ready="Ctrl-C stops.") as (process, second):
        process.terminate()
        assert process.wait(WAIT_SECONDS) == 0
    assert "records of 60 people" in first
    assert "The sample population is there already." in second
    assert "Handed in" not in second


def test_a_demo_beside_another_on_the_same_port_says_so(exchange: Running, tmp_path: Path) -> None:
    ran = subprocess.run(  # noqa: S603 - our own command
        [*COMMAND, "demo", "--port", exchange.address.rpartition(":")[2]],
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
        check=False,
        cwd=tmp_path,
        env=_environment({"PYTHONPATH": os.pathsep.join(sys.path)}),
    )
    assert ran.returncode == 6
    assert ran.stderr == f"The address {exchange.address} cannot be listened on: is it taken?\n"
