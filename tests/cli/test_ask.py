"""`check`, `list`, `members`, `erase`: asking about a traveller, and forgetting one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.registry import FORMATS
from exchange.api.v1.member_service_pb2 import ListMembersRequest
from exchange.cli.client import Connection, Endpoint, Security, connect
from exchange.cli.options import OPERATOR_URN
from exchange.cli.sample import example
from exchange.core.members import MEMBERS
from exchange.operations.clock import system_clock
from tests.cli.conftest import Health, Running


@pytest.fixture
def traveller(health_exchange: Health, exchange: Running, tmp_path: Path) -> Path:
    """A traveller, green in Sichuan; other tests know other ones."""
    offset = int.from_bytes(tmp_path.name.encode()[-6:]) % 3_000_000
    example.make_example(FORMATS, system_clock() - offset).write(tmp_path)
    green = ("--member", "510000", "--format", "510000-status-v1")
    ran = health_exchange(
        "publish", tmp_path / example.GREEN, *green, "--address", exchange.address
    )
    assert ran.code == 0
    return tmp_path / example.TRAVELLER


def test_an_answer_explains_itself(
    health_exchange: Health, exchange: Running, traveller: Path
) -> None:
    ran = health_exchange(
        *("check", "--destination", "370000", "--document", traveller),
        *("--address", exchange.address),
    )
    assert ran.code == 0
    for part in ("ADMIT", "绿码 / Green (green)", "LEVEL_ADMITTED", "510000 Sichuan", "IN_FORCE"):
        assert part in ran.out
    assert "准予通行" in ran.out
    assert "A recognised statement in force has an admitted level" in ran.out
    assert "Rely on it  until" in ran.out


def test_json_has_the_words_of_the_api(
    health_exchange: Health, exchange: Running, traveller: Path
) -> None:
    ran = health_exchange(
        *("check", "--destination", "370000", "--document", traveller, "--json"),
        *("--address", exchange.address),
    )
    assert ran.json["verdict"] == "ADMIT"
    assert {"decide_time", "expire_time", "findings", "statements", "rendering"} <= set(ran.json)


def test_the_oldest_statement_that_may_admit_can_be_asked_for(
    health_exchange: Health, exchange: Running, traveller: Path
) -> None:
    ran = health_exchange(
        *("check", "--destination", "370000", "--document", traveller, "--max-age", "1h"),
        *("--address", exchange.address, "--json"),
    )
    assert ran.json["verdict"] == "CROSS_CHECK"
    assert "OLDER_THAN_ASKED" in ran.out


def test_a_document_can_be_typed(exchange: Running, traveller: Path) -> None:
    number = json.loads(traveller.read_text())["document"]["number"]
    ran = subprocess.run(
        [sys.executable, "-m", "exchange", "check", "--destination", "370000", "--json"],
        input=f"RESIDENT_ID\n{number}\n",
        env=os.environ | {"HEALTH_EXCHANGE_ADDRESS": exchange.address},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert json.loads(ran.stdout)["verdict"] == "ADMIT"
    assert "Document number" in ran.stderr


@pytest.mark.parametrize(
    "content",
    [
        "RESIDENT_ID {number}\n",
        '{{"type": "RESIDENT_ID", "number": "{number}"}}',
        "\ufeffresident_id {number}",
    ],
)
def test_a_document_file_is_json_or_a_line(
    health_exchange: Health, exchange: Running, traveller: Path, content: str
) -> None:
    number = json.loads(traveller.read_text())["document"]["number"]
    file = traveller.with_name("document")
    file.write_text(content.format(number=number), "utf-8")
    ran = health_exchange(
        *("check", "--destination", "370000", "--document", file, "--json"),
        *("--address", exchange.address),
    )
    assert ran.json["verdict"] == "ADMIT"


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"RESIDENT_ID", b"\xff\xfe", b"STUDENT_CARD 1234567", b" " * 5_000],
)
def test_a_file_without_a_document_is_a_sentence(
    health_exchange: Health, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "document"
    file.write_bytes(content)
    ran = health_exchange("check", "--destination", "370000", "--document", file)
    assert ran.code == 3
    assert ran.err.endswith(".\n")
    assert "1234567" not in ran.err


def test_a_number_that_does_not_fit_its_type_names_the_field_and_not_the_number(
    health_exchange: Health, exchange: Running, tmp_path: Path
) -> None:
    file = tmp_path / "document"
    file.write_text("RESIDENT_ID 510102190402290012")
    ran = health_exchange(
        "check", "--destination", "370000", "--document", file, "--address", exchange.address
    )
    assert ran.code == 3
    assert (
        ran.err == "The field document.number does not fit RESIDENT_ID: checksum (INVALID_FIELD).\n"
    )
    assert "510102190402290012" not in ran.err


def test_an_unknown_destination_is_a_sentence(
    health_exchange: Health, exchange: Running, traveller: Path
) -> None:
    ran = health_exchange(
        *("check", "--destination", "990000", "--document", traveller),
        *("--address", exchange.address, "--caller", "urn:health-exchange:member:370000"),
    )
    assert (ran.code, ran.err) == (
        3,
        "There is no member '990000': see `health-exchange members`.\n",
    )


def test_a_checkpoint_of_another_place_is_refused(
    health_exchange: Health, exchange: Running, traveller: Path
) -> None:
    ran = health_exchange(
        *("check", "--destination", "370000", "--document", traveller),
        *("--address", exchange.address, "--caller", "urn:health-exchange:checkpoint:440000:gate"),
    )
    assert (ran.code, ran.out) == (4, "")


def test_a_span_without_unit_is_a_sentence(health_exchange: Health, traveller: Path) -> None:
    ran = health_exchange(
        *("check", "--destination", "370000", "--document", traveller, "--max-age", "48")
    )
    assert (ran.code, ran.err) == (
        3,
        "A span is a whole number and s, min, h or d, as 48h.\n",
    )


def test_statements_are_listed_by_issuer_and_can_be_asked_for_by_subject(
    health_exchange: Health, exchange: Running, traveller: Path
) -> None:
    by_document = health_exchange(
        *("list", "--member", "370000", "--document", traveller, "--json"),
        *("--address", exchange.address),
    )
    (code,) = by_document.json["health_codes"]
    subject = code["name"].partition("/healthCodes")[0]
    by_subject = health_exchange(
        *("list", "--member", "370000", "--subject", subject, "--json"),
        *("--address", exchange.address),
    )
    assert (code["issuer"], code["level"]) == ("members/510000", "LOW")
    assert by_subject.json == by_document.json


def test_the_list_for_people_counts_and_names_issuers(
    health_exchange: Health, exchange: Running, traveller: Path
) -> None:
    ran = health_exchange(
        "list", "--member", "370000", "--document", traveller, "--address", exchange.address
    )
    assert "1 statements." in ran.out
    assert "510000" in ran.out


def test_members_are_shown_with_formats(health_exchange: Health, exchange: Running) -> None:
    all_of_them = health_exchange("members", "--json", "--address", exchange.address)
    one = health_exchange("members", "310000", "--address", exchange.address)
    assert len(all_of_them.json["members"]) > 30
    assert "310000-ry-v1" in one.out
    assert "随申码" in one.out


def test_erasing_needs_a_yes_and_then_nothing_is_known(
    health_exchange: Health, exchange: Running, traveller: Path
) -> None:
    erased = health_exchange(
        "erase", "--document", traveller, "--yes", "--address", exchange.address
    )
    again = health_exchange(
        "erase", "--document", traveller, "--yes", "--json", "--address", exchange.address
    )
    check = health_exchange(
        *("check", "--destination", "370000", "--document", traveller, "--json"),
        *("--address", exchange.address),
    )
    assert (erased.code, erased.out) == (0, "1 statements erased.\n")
    assert again.json == {"erased_count": 0, "discarded_entry_count": 0}
    assert "NO_STATEMENT" in check.out


def test_erasing_without_a_yes_changes_nothing(exchange: Running, traveller: Path) -> None:
    ran = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "exchange", "erase", "--document", traveller],
        input="n\n",
        env=os.environ | {"HEALTH_EXCHANGE_ADDRESS": exchange.address},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 130
    assert "Nothing was erased." in ran.stderr


def test_only_operators_erase(health_exchange: Health, exchange: Running, traveller: Path) -> None:
    ran = health_exchange(
        *("erase", "--document", traveller, "--yes", "--address", exchange.address),
        *("--caller", "urn:health-exchange:member:370000"),
    )
    assert ran.code == 4
    assert "(CALLER_NOT_ALLOWED)" in ran.err


def test_a_document_that_is_asked_for_and_not_given_is_a_sentence(exchange: Running) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "exchange", "check", "--destination", "370000"],
        stdin=subprocess.DEVNULL,
        env={**os.environ, "HEALTH_EXCHANGE_ADDRESS": exchange.address},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 3
    assert ran.stderr.endswith("No document was given: name a file with --document.\n")


def test_a_list_is_read_page_by_page_to_its_end(exchange: Running, certs_dir: Path) -> None:
    address = Endpoint(exchange.address, Security(certs_dir))
    with connect(Connection(address, OPERATOR_URN, 10)) as client:
        request = ListMembersRequest(page_size=10)
        pages = [list(one.members) for one in client.pages(client.members.ListMembers, request)]
    assert [len(page) for page in pages] == [10, 10, 10, len(MEMBERS) - 30]
    assert len({member.name for page in pages for member in page}) == len(MEMBERS)
