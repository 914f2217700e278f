"""How formats do, over a channel: counts without values, and whose errors jumped."""

from typing import Any

import grpc
import pytest

from adapters.registry import FORMATS
from exchange.api.v1 import health_code_service_pb2 as publish_pb, member_service_pb2 as pb
from exchange.core.health_code import Document, DocumentType, HealthCode, Level, State
from exchange.metrics import UNKNOWN_FIELDS
from tests.people import resident
from tests.server_fixture import (
    CHECKPOINT,
    NOW_MS,
    OPERATOR,
    SHANGHAI,
    SICHUAN,
    RunningExchange,
    record,
    refused,
)

STATUS = FORMATS["510000-status-v1"]


async def health(
    exchange: RunningExchange, parent: str = "members/-", caller: str = OPERATOR
) -> list[Any]:
    client = exchange.client(caller)
    request = pb.ListFormatHealthRequest(parent=parent)
    answer = await client.members.ListFormatHealth(request, metadata=client.metadata)
    return list(answer.format_health)


def payload(number: str) -> bytes:
    code = HealthCode(NOW_MS - 60_000, Level.MEDIUM, State.ACTIVE)
    return STATUS.encode("510000", Document(DocumentType.RESIDENT_ID, number), code, {})


async def test_records_are_counted_by_format_level_and_reason(exchange: RunningExchange) -> None:
    client = exchange.client(SICHUAN)
    await client.publish("510000", STATUS.id, *(payload(resident(9_000 + n)) for n in range(3)))
    await client.publish("510000", STATUS.id, b"{")
    await client.publish_records("510000", record(resident(9_003)))
    in_format, common = await health(exchange)
    assert [one.format for one in (in_format, common)] == [STATUS.id, ""]
    recent = in_format.recent
    assert (recent.record_count, recent.accepted_count) == (4, 3)
    assert recent.error_share == 0.25
    (failure,) = recent.failures
    assert failure.reason == publish_pb.RecordFailure.MALFORMED_PAYLOAD
    assert [(one.level, one.record_count) for one in recent.levels] == [(2, 3)]
    assert recent.newest_as_of_time.ToMilliseconds() == NOW_MS - 60_000
    assert common.recent.accepted_count == 1
    assert not in_format.jumped  # Too few to say.


async def test_a_format_whose_errors_jump_is_named(exchange: RunningExchange) -> None:
    client = exchange.client(SICHUAN)
    good = [payload(resident(9_100 + n)) for n in range(30)]
    await client.publish("510000", STATUS.id, *good)
    exchange.clock.now_ms += 3 * 3_600_000
    await client.publish("510000", STATUS.id, *good[:20], *[b"{"] * 10)
    (one,) = await health(exchange)
    assert one.jumped
    assert one.usual.error_share == 0.0
    assert one.recent.error_share == pytest.approx(1 / 3)


async def test_unknown_fields_are_counted_and_their_names_are_not_kept(
    exchange: RunningExchange,
) -> None:
    client = exchange.client(SICHUAN)
    shown_before = UNKNOWN_FIELDS.values["510000", STATUS.id]
    plain = payload(resident(9_200))
    extra = plain.replace(b'"cid":', f'"{resident(9_201)}":1,"cid":'.encode())
    await client.publish("510000", STATUS.id, plain)
    await client.publish("510000", STATUS.id, extra)
    await client.publish("510000", STATUS.id, plain, extra)  # The first one is looked at.
    (one,) = await health(exchange)
    assert (one.recent.accepted_count, one.recent.unknown_field_count) == (4, 1)
    assert UNKNOWN_FIELDS.values["510000", STATUS.id] - shown_before == 1
    assert resident(9_201) not in str(one)


async def test_a_member_sees_its_own_formats_only(exchange: RunningExchange) -> None:
    await exchange.client(SICHUAN).publish("510000", STATUS.id, b"{")
    assert len(await health(exchange, "members/510000", SICHUAN)) == 1
    for parent, caller in (
        ("members/510000", SHANGHAI),
        ("members/-", SICHUAN),
        ("members/510000", CHECKPOINT),
    ):
        with refused() as how:
            await health(exchange, parent, caller)
        assert how().code is grpc.StatusCode.PERMISSION_DENIED


async def test_a_format_without_records_is_not_listed(exchange: RunningExchange) -> None:
    assert await health(exchange) == []
