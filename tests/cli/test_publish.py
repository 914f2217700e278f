"""`publish`: what is accepted, what is not, and how files are cut."""

import itertools
import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.registry import FORMATS
from exchange.cli.client import SERVICE_CONFIG
from exchange.cli.sample import example
from exchange.cli.uploads import CHUNK_BYTES, MESSAGE_PAYLOADS_MAX, PAYLOAD_BYTES_MAX
from exchange.operations.clock import system_clock
from tests.cli.conftest import Health, Running

SHANGHAI = ("--member", "310000", "--format", "310000-ry-v1")
SICHUAN = ("--member", "510000", "--format", "510000-status-v1")
_instants = itertools.count(system_clock(), 1_000)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """The files of README's example, about people of their own for every test."""
    example.make_example(FORMATS, next(_instants) - 3_600_000).write(tmp_path)
    return tmp_path


def test_a_good_file_is_accepted_whole(
    health_exchange: Health, exchange: Running, files: Path
) -> None:
    ran = health_exchange(
        "publish", files / example.YELLOW_FILE, *SHANGHAI, "--address", exchange.address
    )
    assert (ran.code, ran.out.strip(), ran.err) == (0, "3 accepted, 0 not accepted.", "")


def test_a_file_with_wrong_records_costs_only_these_and_names_reason_and_field(
    health_exchange: Health, exchange: Running, files: Path
) -> None:
    ran = health_exchange(
        "publish", files / example.WRONG_FILE, *SHANGHAI, "--address", exchange.address, "--json"
    )
    assert ran.code == 2
    assert ran.json["accepted_count"] == 1
    assert ran.json["failures"] == [
        {"payload_index": 0, "index": 0, "reason": "INVALID_DOCUMENT", "field": "证件号码"},
        {"payload_index": 0, "index": 1, "reason": "UNKNOWN_STATUS", "field": "码色"},
        {"payload_index": 0, "index": 2, "reason": "INVALID_TIME", "field": "判定时间"},
    ]


def test_failures_are_a_table_for_people(
    health_exchange: Health, exchange: Running, files: Path
) -> None:
    ran = health_exchange(
        "publish", files / example.WRONG_FILE, *SHANGHAI, "--address", exchange.address
    )
    assert ran.code == 2
    assert "1 accepted, 3 not accepted." in ran.out
    assert "UNKNOWN_STATUS" in ran.out


def test_records_are_counted_over_the_whole_file_however_it_is_cut(
    health_exchange: Health, exchange: Running, files: Path
) -> None:
    lines = (files / example.WRONG_FILE).read_text("utf-8").splitlines(keepends=True)
    good, wrong = lines[4], lines[2]
    count = CHUNK_BYTES // len(good.encode()) + 10
    long = files / "long.csv"
    long.write_text(lines[0] + good * count + wrong + good, "utf-8")
    ran = health_exchange("publish", long, *SHANGHAI, "--address", exchange.address, "--json")
    assert ran.json["accepted_count"] == count + 1
    assert ran.json["failures"] == [
        {"payload_index": 0, "index": count, "reason": "UNKNOWN_STATUS", "field": "码色"}
    ]


def test_a_file_whose_header_cannot_be_read_is_one_failure(
    health_exchange: Health, exchange: Running, tmp_path: Path
) -> None:
    headless = tmp_path / "headless.csv"
    headless.write_text("a,b,c\n" + "1,2,3\n" * 4_000, "utf-8")
    ran = health_exchange("publish", headless, *SHANGHAI, "--address", exchange.address, "--json")
    assert (ran.code, ran.json["failed_count"]) == (2, 1)


def test_a_document_is_one_payload_and_a_file_of_payloads_one_a_line(
    health_exchange: Health, exchange: Running, files: Path
) -> None:
    document = (files / example.GREEN).read_bytes()
    bad = document.replace(b'"00"', b'"99"')
    many = files / "many.payloads"
    many.write_bytes(b"\n".join((document, bad, document)) + b"\n")
    one = health_exchange(
        "publish", files / example.GREEN, *SICHUAN, "--address", exchange.address, "--json"
    )
    several = health_exchange("publish", many, *SICHUAN, "--address", exchange.address, "--json")
    assert (one.code, one.json["accepted_count"]) == (0, 1)
    assert several.json["failures"] == [
        {
            "payload_index": 1,
            "index": 0,
            "reason": "UNKNOWN_STATUS",
            "field": "data.risk_assessment_grade",
        }
    ]


def test_lines_read_as_one_document_give_a_hint(
    health_exchange: Health, exchange: Running, files: Path
) -> None:
    several = files / "several.json"
    several.write_bytes((files / example.GREEN).read_bytes() + b"\n" + b"{}\n")
    ran = health_exchange("publish", several, *SICHUAN, "--address", exchange.address)
    assert ran.code == 2
    assert "--each-line" in ran.out


def test_an_empty_file_of_payloads_is_a_valid_submission(
    health_exchange: Health, exchange: Running, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.payloads"
    empty.touch()
    ran = health_exchange("publish", empty, *SICHUAN, "--address", exchange.address)
    assert (ran.code, ran.out.strip()) == (0, "0 accepted, 0 not accepted.")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--member", "310000", "--format", "510000-status-v1"), "Shanghai has no format"),
        (("--member", "999999", "--format", "510000-status-v1"), "There is no member '999999'"),
        (("--member", "310000"), "Missing option '--format'"),
    ],
)
def test_a_wrong_member_or_format_is_said_before_anything_is_sent(
    health_exchange: Health, files: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    ran = health_exchange("publish", files / example.GREEN, *arguments)
    assert (ran.code, ran.out) == (3, "")
    assert sentence in ran.err


def test_a_file_that_is_not_there_is_a_sentence(health_exchange: Health, tmp_path: Path) -> None:
    ran = health_exchange("publish", tmp_path / "no.csv", *SHANGHAI)
    assert ran.code == 3
    assert ran.err == f"{tmp_path / 'no.csv'}: No such file or directory.\n"


def test_a_member_that_speaks_for_another_is_refused(
    health_exchange: Health, exchange: Running, files: Path
) -> None:
    ran = health_exchange(
        *("publish", files / example.GREEN, *SICHUAN, "--address", exchange.address),
        *("--caller", "urn:health-exchange:member:310000"),
    )
    assert ran.code == 4
    assert "CALLER_NOT_ALLOWED" in ran.err


def test_an_exchange_that_is_away_is_a_sentence(health_exchange: Health, files: Path) -> None:
    ran = health_exchange(
        "publish", files / example.GREEN, *SICHUAN, "--address", "127.0.0.1:9", "--timeout", "10"
    )
    assert (ran.code, ran.out) == (5, "")
    assert ran.err.startswith("No exchange answers at 127.0.0.1:9: start one with `make run`")


def test_a_document_over_the_limit_is_a_sentence(
    health_exchange: Health, exchange: Running, tmp_path: Path
) -> None:
    large = tmp_path / "large.json"
    large.write_bytes(b" " * (PAYLOAD_BYTES_MAX + 1))
    ran = health_exchange("publish", large, *SICHUAN, "--address", exchange.address)
    assert ran.code == 3
    assert "4 MiB" in ran.err


def test_no_message_repeats_a_document_number(
    health_exchange: Health, exchange: Running, files: Path
) -> None:
    number = json.loads((files / example.TRAVELLER).read_text())["document"]["number"]
    typed = health_exchange("check", number, "--destination", "370000")
    wrong = health_exchange(
        "publish", files / example.WRONG_FILE, *SHANGHAI, "--address", exchange.address
    )
    assert typed.code == 3
    assert number not in typed.err + typed.out + wrong.err + wrong.out


def test_several_files_are_handed_in_at_once_and_failures_name_theirs(
    health_exchange: Health, exchange: Running, files: Path
) -> None:
    ran = health_exchange(
        *("publish", files / example.YELLOW_FILE, files / example.WRONG_FILE, *SHANGHAI),
        *("--address", exchange.address, "--json"),
    )
    assert (ran.code, ran.json["accepted_count"], ran.json["failed_count"]) == (2, 4, 3)
    assert {one["file"] for one in ran.json["failures"]} == {example.WRONG_FILE}


def test_every_failure_is_written_and_the_table_shows_the_first_twenty(
    health_exchange: Health, exchange: Running, files: Path
) -> None:
    lines = (files / example.WRONG_FILE).read_text("utf-8").splitlines(keepends=True)
    (files / "many.csv").write_text(lines[0] + lines[4] + lines[2] * 30, "utf-8")
    written = files / "failures.jsonl"
    ran = health_exchange(
        *("publish", files / "many.csv", *SHANGHAI, "--address", exchange.address),
        *("--failures", written),
    )
    assert ran.code == 2
    found = [json.loads(line) for line in written.read_text("utf-8").splitlines()]
    assert [one["index"] for one in found] == list(range(1, 31))
    assert {(one["reason"], one["field"]) for one in found} == {("UNKNOWN_STATUS", "码色")}
    assert ran.out.count("UNKNOWN_STATUS") == 20
    assert "and 10 more; all are in" in ran.out


def test_payloads_are_numbered_over_all_messages(
    health_exchange: Health, exchange: Running, files: Path
) -> None:
    good = (files / example.GREEN).read_bytes().rstrip()
    bad = good.replace(b'"00"', b'"99"')
    many = files / "many.payloads"
    many.write_bytes(b"\n".join([good] * (MESSAGE_PAYLOADS_MAX + 5) + [bad, good]) + b"\n")
    ran = health_exchange("publish", many, *SICHUAN, "--address", exchange.address, "--json")
    assert ran.json["accepted_count"] == MESSAGE_PAYLOADS_MAX + 6
    (failure,) = ran.json["failures"]
    assert failure["payload_index"] == MESSAGE_PAYLOADS_MAX + 5


def test_a_position_of_other_files_is_not_gone_on_from(
    health_exchange: Health, exchange: Running, files: Path
) -> None:
    position = files / "publish.position"
    arguments = (*SHANGHAI, "--resume", position, "--address", exchange.address)
    away = (*SHANGHAI, "--resume", position, "--address", "127.0.0.1:9")
    assert health_exchange("publish", files / example.YELLOW_FILE, *away).code == 5
    other = health_exchange("publish", files / example.WRONG_FILE, *arguments)
    assert (other.code, other.out) == (3, "")
    assert "of other files" in other.err
    assert health_exchange("publish", files / example.YELLOW_FILE, *arguments).code == 0
    assert not position.exists()


@pytest.mark.parametrize(
    ("more", "how"),
    [((), "hands all in again, which changes nothing"), (("--resume", "RESUME"), "goes on there")],
)
def test_who_interrupts_it_is_told_how_to_go_on(
    files: Path, more: tuple[str, ...], how: str
) -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    options = [str(files / "position") if one == "RESUME" else one for one in more]
    address = f"127.0.0.1:{silent.getsockname()[1]}"
    command = [sys.executable, "-m", "exchange", "publish", str(files / example.YELLOW_FILE)]
    with (
        silent,
        subprocess.Popen(  # noqa: S603 - our own command
            [*command, *SHANGHAI, *options, "--address", address],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        silent.settimeout(30)
        connection, _ = silent.accept()
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=30)[1]
        connection.close()
    assert process.returncode == 130
    assert f"0 records were handed in; the same command {how}.\nInterrupted.\n" in said


def test_the_shipped_service_config_retries_nothing_but_unavailable() -> None:
    config = json.loads(SERVICE_CONFIG)
    policies = [one["retryPolicy"] for one in config["methodConfig"] if "retryPolicy" in one]
    assert [policy["retryableStatusCodes"] for policy in policies] == [["UNAVAILABLE"]]
    (alone,) = [one for one in config["methodConfig"] if "retryPolicy" not in one]
    assert alone["name"][0]["method"] == "StreamingPublishHealthCodes"


def test_very_many_failures_are_each_told_once(
    health_exchange: Health, exchange: Running, files: Path
) -> None:
    count = 100_000
    path = files / "many.csv"
    header = (files / example.YELLOW_FILE).read_bytes().splitlines(keepends=True)[0]
    path.write_bytes(header + b"x\n" * count)
    failures = files / "failures.jsonl"
    arguments = (path, *SHANGHAI, "--address", exchange.address, "--failures", failures)
    ran = health_exchange("publish", *arguments)
    assert ran.out.startswith(f"0 accepted, {count:,} not accepted.")
    told = [json.loads(line)["index"] for line in failures.read_text().splitlines()]
    assert told == list(range(count))
