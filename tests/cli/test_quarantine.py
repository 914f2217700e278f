"""`quarantine` and `convert` against a served exchange."""

import base64
from pathlib import Path

import pytest

from adapters.registry import FORMATS
from exchange.cli.exits import ExitCode
from exchange.core.health_code import Document, DocumentType, HealthCode, Level, State
from exchange.core.outcome import Translated
from exchange.operations.clock import system_clock
from tests.cli.conftest import Health, Running
from tests.people import INPUT_SUFFIX, resident

FORMAT = FORMATS["520000-csv-v1"]
GUIZHOU = ("--member", "520000", "--format", FORMAT.id)


def payload_of(number: str) -> bytes:
    code = HealthCode(system_clock() - 60_000, Level.MEDIUM, State.ACTIVE)
    return FORMAT.encode("520000", Document(DocumentType.RESIDENT_ID, number), code, {})


@pytest.fixture
def address(exchange: Running, health_exchange: Health) -> tuple[str, str]:
    """Where to ask; the quarantine is empty."""
    address = ("--address", exchange.address)
    health_exchange("quarantine", "discard", "--yes", *address)
    return address


@pytest.fixture
def entries(health_exchange: Health, address: tuple[str, str], tmp_path: Path) -> list[str]:
    """The names of two entries: lines whose document cannot be right."""
    header, line = payload_of(resident(8_000)).splitlines(keepends=True)
    broken = [line.replace(resident(8_000).encode(), b"X" * at) for at in (1, 2)]
    path = tmp_path / f"broken{INPUT_SUFFIX}"
    path.write_bytes(header + b"".join(broken) + line)
    ran = health_exchange("publish", path, *GUIZHOU, *address)
    assert ran.code == ExitCode.SOME_FAILED
    listed = health_exchange("quarantine", "list", *address, "--json").json
    return [one["name"] for one in listed["quarantine_entries"]]


def test_entries_are_listed_and_counted(
    health_exchange: Health, address: tuple[str, str], entries: list[str]
) -> None:
    ran = health_exchange("quarantine", "list", *address)
    assert ran.code == ExitCode.DONE
    assert "2 entries." in ran.out
    for part in (*entries, "INVALID_DOCUMENT", FORMAT.id):
        assert part in ran.out
    counted = health_exchange("quarantine", "count", *address, "--json").json["counts"]
    assert [(one["format"], one["entry_count"]) for one in counted] == [(FORMAT.id, 2)]
    assert "INVALID_DOCUMENT" in health_exchange("quarantine", "count", *address).out


def test_a_list_can_be_narrowed(
    health_exchange: Health, address: tuple[str, str], entries: list[str]
) -> None:
    assert len(entries) == 2
    for narrow in (
        ("--reason", "UNKNOWN_STATUS"),
        ("--format", "510000-status-v1"),
        ("--member", "110000"),
    ):
        assert "0 entries." in health_exchange("quarantine", "list", *narrow, *address).out


@pytest.mark.parametrize("command", ["list", "replay", "discard"])
@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (("--reason", "UNKNOWN_STATE"), "There is no reason 'UNKNOWN_STATE'; near it: UNKNOWN_STA"),
        (("--format", "52000-csv-v1"), "There is no format '52000-csv-v1'; near it: 520000-csv-v1"),
        (("--format", "x"), "There is no format 'x'; at hand are: 000000-level-v1, "),
        (("--member", "52000"), "There is no member '52000': see"),
    ],
)
def test_what_a_list_cannot_be_narrowed_to_is_not_taken_for_nothing_found(
    health_exchange: Health,
    address: tuple[str, str],
    command: str,
    typed: tuple[str, str],
    sentence: str,
) -> None:
    yes = ("--yes",) if command == "discard" else ()
    wrong = health_exchange("quarantine", command, *typed, *yes, *address)
    assert (wrong.code, wrong.out) == (ExitCode.WRONG_INPUT, "")
    assert sentence in wrong.err


def test_what_still_fails_is_shown_and_gives_two(
    health_exchange: Health, address: tuple[str, str], entries: list[str]
) -> None:
    ran = health_exchange("quarantine", "replay", *address)
    assert ran.code == ExitCode.SOME_FAILED
    assert "0 records accepted, 0 entries left quarantine, 2 records still fail" in ran.out
    assert all(name in ran.out for name in entries)


def test_entries_are_discarded_by_name(
    health_exchange: Health, address: tuple[str, str], entries: list[str]
) -> None:
    ran = health_exchange("quarantine", "discard", entries[0], "--yes", *address)
    assert (ran.code, ran.out) == (ExitCode.DONE, "1 entries discarded.\n")
    assert "1 entries." in health_exchange("quarantine", "list", *address).out


def test_what_is_no_name_of_an_entry_is_wrong_input(
    health_exchange: Health, address: tuple[str, str], entries: list[str]
) -> None:
    for name in ("x", entries[0][:-1], entries[0].replace("520000", "52")):
        ran = health_exchange("quarantine", "replay", entries[0], name, *address)
        assert ran.code == ExitCode.WRONG_INPUT
        assert "no name of an entry" in ran.err


def test_a_long_name_of_a_field_is_not_cut(
    health_exchange: Health, address: tuple[str, str], tmp_path: Path
) -> None:
    format_ = FORMATS["630000-alipay-v1"]
    code = HealthCode(system_clock() - 60_000, Level.MEDIUM, State.ACTIVE)
    document = Document(DocumentType.RESIDENT_ID, resident(8_001))
    payload = format_.encode("630000", document, code, {})
    path = tmp_path / f"broken{INPUT_SUFFIX}"
    path.write_bytes(payload.replace(b"yellow", b"violet"))
    health_exchange("publish", path, "--member", "630000", "--format", format_.id, *address)
    ran = health_exchange("quarantine", "count", *address)
    assert "UNKNOWN_STATUS" in ran.out
    assert "\u2026" not in ran.out


def test_a_member_may_not_look(
    health_exchange: Health, address: tuple[str, str], entries: list[str]
) -> None:
    caller = ("--caller", "urn:health-exchange:member:520000")
    assert entries
    ran = health_exchange("quarantine", "list", *caller, *address)
    assert ran.code == ExitCode.NOT_ALLOWED


def test_the_key_of_the_quarantine_can_be_made_alone(
    health_exchange: Health, tmp_path: Path
) -> None:
    made = health_exchange("keys", "--data-dir", tmp_path, "--only-quarantine")
    path = tmp_path / "quarantine.key"
    assert made.code == ExitCode.DONE
    assert not (tmp_path / "subject.key").exists()
    assert path.stat().st_mode & 0o777 == 0o600
    first = path.read_text()
    assert (
        "stays as it is" in health_exchange("keys", "--data-dir", tmp_path, "--only-quarantine").out
    )
    assert path.read_text() == first


@pytest.fixture
def person(health_exchange: Health, address: tuple[str, str], tmp_path: Path) -> Path:
    """A file with the document of a person who is yellow in Guizhou."""
    number = resident(8_001)
    statement = tmp_path / f"statement{INPUT_SUFFIX}"
    statement.write_bytes(payload_of(number))
    assert health_exchange("publish", statement, *GUIZHOU, *address).code == ExitCode.DONE
    path = tmp_path / f"person{INPUT_SUFFIX}"
    path.write_text(f"RESIDENT_ID {number}")
    return path


def test_a_statement_is_converted_into_a_file(
    health_exchange: Health, address: tuple[str, str], person: Path, tmp_path: Path
) -> None:
    output = tmp_path / f"converted{INPUT_SUFFIX}"
    ran = health_exchange(
        *("convert", "--destination", "510000", "--format", "510000-status-v1"),
        *("--document", person, "--output", output, *address),
    )
    assert (ran.code, ran.out) == (ExitCode.DONE, "")
    (read,) = FORMATS["510000-status-v1"].decode(output.read_bytes(), system_clock(), {})
    assert isinstance(read, Translated)
    assert read.health_code.level is Level.MEDIUM
    assert "issuer (changed)" in ran.err


def test_the_national_answer_goes_to_standard_output(
    health_exchange: Health, address: tuple[str, str], person: Path
) -> None:
    ran = health_exchange(
        "convert", "--destination", "510000", "--national", "--document", person, *address
    )
    assert ran.code == ExitCode.DONE
    (read,) = FORMATS["000000-relay-v1"].decode(ran.out.encode(), system_clock(), {})
    assert isinstance(read, Translated)
    assert read.issuer == "520000"
    assert "520000" in ran.err


def test_a_conversion_is_one_json_object_for_programs(
    health_exchange: Health, address: tuple[str, str], person: Path
) -> None:
    asked = ("convert", "--destination", "510000", "--document", person, *address, "--json")
    ran = health_exchange(*asked, "--format", "510000-status-v1")
    payload = base64.b64decode(ran.json["payload"])
    (read,) = FORMATS["510000-status-v1"].decode(payload, system_clock(), {})
    assert isinstance(read, Translated)
    assert {"field": "issuer", "loss": "CHANGED"}.items() <= ran.json["lost_fields"][0].items()
    assert health_exchange(*asked, "--national").json["reports"]


def test_a_conversion_needs_a_format_or_the_national_answer(
    health_exchange: Health, address: tuple[str, str], person: Path
) -> None:
    asked = ("convert", "--destination", "510000", "--document", person, *address)
    assert health_exchange(*asked).code == ExitCode.WRONG_INPUT
    both = (*asked, "--national", "--format", "510000-status-v1")
    assert health_exchange(*both).code == ExitCode.WRONG_INPUT


def test_the_health_of_formats_is_shown(
    health_exchange: Health, address: tuple[str, str], entries: list[str]
) -> None:
    assert entries
    ran = health_exchange("members", "--health", *address)
    assert ran.code == ExitCode.DONE
    assert FORMAT.id in ran.out
    assert "formats had records" in ran.out or "jumped" in ran.out
    assert "unknown" in ran.out  # The column of unknown fields.
    found = health_exchange("members", "520000", "--health", "--json", *address).json
    (one,) = found["format_health"]
    assert one["recent"]["failures"][0]["reason"] == "INVALID_DOCUMENT"
