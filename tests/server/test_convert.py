"""Conversion over a channel: whose statement, in whose format, what was lost, what is refused."""

import json
from typing import Any

import grpc
import pytest

from adapters.registry import FORMATS
from exchange.api.v1 import health_code_service_pb2 as pb
from exchange.api.v1.decision_pb2 import UsedStatement
from exchange.core.health_code import Level, State
from exchange.core.outcome import Rejected, Translated
from tests.people import resident
from tests.server_fixture import (
    BEIJING,
    CHECKPOINT,
    NATIONAL,
    NOW_MS,
    OPERATOR,
    SHANGHAI,
    SICHUAN,
    Client,
    RunningExchange,
    document,
    record,
    refused,
)

PERSON = resident(4_000)
DAY_MS = 86_400_000
LATER_MS = NOW_MS - 60_000
EARLIER_MS = NOW_MS - 7_200_000


async def convert(
    client: Client, destination: str, format_id: str, number: str = PERSON, **fields: Any
) -> pb.ConvertHealthCodeResponse:
    request = pb.ConvertHealthCodeRequest(
        **({"document": document(number)} | fields),
        destination=f"members/{destination}",
        format=format_id,
    )
    return await client.health_codes.ConvertHealthCode(request, metadata=client.metadata)


async def national(client: Client, number: str = PERSON) -> pb.GetNationalHealthCodeResponse:
    request = pb.GetNationalHealthCodeRequest(document=document(number))
    return await client.health_codes.GetNationalHealthCode(request, metadata=client.metadata)


def read(payload: bytes, format_id: str) -> Translated:
    (outcome,) = FORMATS[format_id].decode(payload, NOW_MS, {})
    assert isinstance(outcome, Translated)
    return outcome


def lost(response: pb.ConvertHealthCodeResponse | pb.NationalReport) -> dict[str, str]:
    return {one.field: pb.LostField.Loss.Name(one.loss) for one in response.lost_fields}


async def test_the_statement_of_one_member_comes_in_the_bytes_of_another(
    exchange: RunningExchange,
) -> None:
    said = record(PERSON, "MEDIUM", region="510100", reason="密切接触")
    said.health_code.expire_time.FromMilliseconds(NOW_MS + DAY_MS)
    await exchange.client().publish_records("510000", said)
    answer = await convert(exchange.client(SHANGHAI), "310000", "310000-query-v1")
    found = read(answer.payload, "310000-query-v1")
    assert found.document.number == PERSON
    assert (found.health_code.level, found.health_code.state) == (Level.MEDIUM, State.ACTIVE)
    assert answer.statement.issuer == "members/510000"
    assert answer.statement.standing == UsedStatement.IN_FORCE
    assert lost(answer)["issuer"] == "CHANGED"


async def test_what_has_no_place_is_named_and_an_end_among_it(exchange: RunningExchange) -> None:
    said = record(PERSON, region="510100", reason="x", guidance="y")
    said.health_code.expire_time.FromMilliseconds(NOW_MS + DAY_MS)
    await exchange.client().publish_records("510000", said)
    answer = await convert(exchange.client(NATIONAL), "000000", "000000-relay-v1")
    fields = lost(answer)
    assert {"valid_until", "region", "guidance"} <= fields.keys()
    assert set(fields.values()) >= {"LEFT_OUT"}
    assert "issuer" not in fields  # The relay names every issuer.


async def test_a_level_is_rounded_to_the_stricter_one_and_that_is_said(
    exchange: RunningExchange,
) -> None:
    await exchange.client().publish_records("510000", record(PERSON, "ELEVATED"))
    answer = await convert(exchange.client(NATIONAL), "000000", "000000-relay-v1")
    assert read(answer.payload, "000000-relay-v1").health_code.level is Level.HIGH
    assert lost(answer)["level"] == "CHANGED"


async def test_the_strictest_in_force_is_converted(exchange: RunningExchange) -> None:
    await exchange.client().publish_records("510000", record(PERSON, "LOW"))
    await exchange.client(BEIJING).publish_records("110000", record(PERSON, "HIGH", EARLIER_MS))
    answer = await convert(exchange.client(SHANGHAI), "310000", "310000-query-v1")
    assert answer.statement.issuer == "members/110000"
    assert read(answer.payload, "310000-query-v1").health_code.level is Level.HIGH


async def test_a_lapsed_statement_is_written_as_lapsed(exchange: RunningExchange) -> None:
    said = record(PERSON, "LOW", NOW_MS - 8 * DAY_MS)
    await exchange.client().publish_records("510000", said)
    answer = await convert(exchange.client(NATIONAL), "000000", "000000-level-v1")
    found = read(answer.payload, "000000-level-v1").health_code
    assert (found.state, found.level) == (State.EXPIRED, Level.UNSPECIFIED)
    assert answer.statement.standing == UsedStatement.TOO_OLD


async def test_a_lapsed_statement_is_refused_where_the_format_cannot_say_so(
    exchange: RunningExchange,
) -> None:
    await exchange.client().publish_records("510000", record(PERSON, "LOW", NOW_MS - 8 * DAY_MS))
    with refused() as how:
        await convert(exchange.client(NATIONAL), "000000", "000000-relay-v1")
    assert (how().code, how().reason) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "NOT_REPRESENTABLE",
    )
    assert "state" in how().text


async def test_a_hold_that_the_format_does_not_know_refuses(exchange: RunningExchange) -> None:
    said = record(PERSON)
    said.health_code.holds.add(code="POPUP_OF_SICHUAN")
    await exchange.client().publish_records("510000", said)
    with refused() as how:
        await convert(exchange.client(SHANGHAI), "310000", "310000-query-v1")
    assert (how().code, how().reason) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "NOT_REPRESENTABLE",
    )
    assert "holds" in how().text


async def test_nobody_is_green_for_longer_in_another_format(exchange: RunningExchange) -> None:
    said = record(PERSON)
    said.health_code.expire_time.FromMilliseconds(NOW_MS + 1_000)
    await exchange.client().publish_records("510000", said)
    # Beijing's format has no end: its reader makes one by rule, at the end of the day.
    with refused() as how:
        await convert(exchange.client(BEIJING), "110000", "110000-words-v1")
    assert (how().code, how().reason) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "WOULD_OUTLIVE_SOURCE",
    )


async def test_a_green_that_a_newer_relay_contradicts_is_not_converted(
    exchange: RunningExchange,
) -> None:
    await exchange.client().publish_records("510000", record(PERSON, "LOW", EARLIER_MS))
    await exchange.client(NATIONAL).publish_records(
        "000000", record(PERSON, "HIGH", LATER_MS, issuer="510000")
    )
    with refused() as how:
        await convert(exchange.client(SHANGHAI), "310000", "310000-query-v1")
    assert (how().code, how().reason) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "CONTRADICTED_BY_RELAY",
    )


async def test_a_person_about_whom_nobody_spoke_is_not_found(exchange: RunningExchange) -> None:
    with refused() as how:
        await convert(exchange.client(SHANGHAI), "310000", "310000-query-v1", resident(4_001))
    assert (how().code, how().reason) == (grpc.StatusCode.NOT_FOUND, "NO_STATEMENT")


async def test_a_subject_alone_does_not_do_as_the_number_is_written(
    exchange: RunningExchange,
) -> None:
    await exchange.client().publish_records("510000", record(PERSON))
    listed = await exchange.client().listed(PERSON)
    subject = "/".join(listed.health_codes[0].name.split("/")[:2])
    request = pb.ConvertHealthCodeRequest(
        subject=subject, destination="members/310000", format="310000-query-v1"
    )
    client = exchange.client(SHANGHAI)
    with refused() as how:
        await client.health_codes.ConvertHealthCode(request, metadata=client.metadata)
    assert how().code is grpc.StatusCode.INVALID_ARGUMENT
    assert how().fields == ("document",)


@pytest.mark.parametrize("caller", [BEIJING, SICHUAN, OPERATOR, CHECKPOINT])
async def test_a_member_converts_into_its_own_formats_only(
    exchange: RunningExchange, caller: str
) -> None:
    await exchange.client().publish_records("510000", record(PERSON))
    with refused() as how:
        await convert(exchange.client(caller), "310000", "310000-query-v1")
    assert how().code is grpc.StatusCode.PERMISSION_DENIED


async def test_the_national_platform_converts_into_every_format(exchange: RunningExchange) -> None:
    await exchange.client().publish_records("510000", record(PERSON))
    answer = await convert(exchange.client(NATIONAL), "310000", "310000-query-v1")
    assert read(answer.payload, "310000-query-v1").health_code.level is Level.LOW


@pytest.mark.parametrize(
    ("format_id", "reason"),
    [
        ("510000-status-v1", "FORMAT_NOT_FOUND"),
        ("310000-none-v1", "FORMAT_NOT_FOUND"),
    ],
)
async def test_a_format_of_somebody_else_or_nobody_is_not_found(
    exchange: RunningExchange, format_id: str, reason: str
) -> None:
    with refused() as how:
        await convert(exchange.client(SHANGHAI), "310000", format_id)
    assert (how().code, how().reason) == (grpc.StatusCode.NOT_FOUND, reason)


async def test_a_format_whose_key_is_not_there_is_refused(exchange: RunningExchange) -> None:
    await exchange.client().publish_records("510000", record(PERSON))
    with refused() as how:
        await convert(exchange.client(NATIONAL), "220000", "220000-sealed-v1")
    assert (how().code, how().reason) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "FORMAT_KEY_MISSING",
    )


async def test_the_national_answer_has_one_report_for_each_member(
    exchange: RunningExchange,
) -> None:
    await exchange.client().publish_records("510000", record(PERSON, "LOW"))
    await exchange.client(BEIJING).publish_records("110000", record(PERSON, "HIGH"))
    answer = await national(exchange.client(SHANGHAI))
    assert answer.format == "000000-relay-v1"
    outcomes = FORMATS[answer.format].decode(answer.payload, NOW_MS, {})
    said = {one.issuer: one.health_code.level for one in outcomes if isinstance(one, Translated)}
    assert said == {"110000": Level.HIGH, "510000": Level.LOW}
    assert [one.statement.issuer for one in answer.reports] == ["members/110000", "members/510000"]
    assert all(one.refusal_reason == "" for one in answer.reports)
    content = json.loads(json.loads(answer.payload)["content"])
    assert content["data"]["person"]["cardId"] == PERSON


async def test_what_the_national_format_cannot_say_is_listed_with_its_reason(
    exchange: RunningExchange,
) -> None:
    held = record(PERSON)
    held.health_code.holds.add(code="POPUP_3")
    await exchange.client().publish_records("510000", held)
    pending = record(PERSON, "LEVEL_UNSPECIFIED", state="PENDING")
    await exchange.client(BEIJING).publish_records("110000", pending)
    await exchange.client(SHANGHAI).publish_records("310000", record(PERSON, "MEDIUM"))
    answer = await national(exchange.client(SHANGHAI))
    assert [
        (one.statement.issuer[8:], one.refusal_reason, one.refusal_field) for one in answer.reports
    ] == [
        ("110000", "NOT_REPRESENTABLE", "state"),
        ("310000", "", ""),
        ("510000", "NOT_REPRESENTABLE", "holds"),
    ]
    assert read(answer.payload, "000000-relay-v1").issuer == "310000"


async def test_the_national_answer_about_an_unknown_person_has_no_reports(
    exchange: RunningExchange,
) -> None:
    answer = await national(exchange.client(SHANGHAI), resident(4_002))
    assert not answer.reports
    (outcome,) = FORMATS["000000-relay-v1"].decode(answer.payload, NOW_MS, {})
    assert isinstance(outcome, Rejected)
    assert outcome.reason == "NO_RECORD"
