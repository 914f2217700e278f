"""Limits are enforced, errors have one shape, and a refusal comes before anything else."""

import asyncio

import grpc
import pytest

from exchange.api.v1 import (
    error_reason_pb2,
    health_code_service_pb2 as publish_pb,
    member_service_pb2,
    recognition_service_pb2 as check_pb,
)
from exchange.core import errors
from exchange.core.errors import ExchangeError
from exchange.core.members import MEMBERS
from exchange.core.outcome import Reason
from exchange.wire.status import CODES, DOMAIN, RETRY_SECONDS
from tests.people import resident
from tests.server_fixture import (
    BEIJING,
    CHECKPOINT,
    NATIONAL,
    OPERATOR,
    SHANGHAI,
    SICHUAN,
    RunningExchange,
    document,
    record,
    refused,
)


def _tree(kind: type[ExchangeError]) -> set[type[ExchangeError]]:
    return {kind}.union(*(_tree(below) for below in kind.__subclasses__()))


def test_every_error_of_the_tree_has_a_code_and_is_drawn() -> None:
    tree = _tree(ExchangeError)
    assert tree == set(CODES)
    assert errors.__doc__ is not None
    assert all(kind.__name__ in errors.__doc__ for kind in tree)


def test_every_reason_of_an_error_is_in_the_api() -> None:
    known = {
        name.removeprefix("ERROR_REASON_")
        for name in error_reason_pb2.ErrorReason.DESCRIPTOR.values_by_name
    }
    internal = {"VALUE_TOO_LARGE", "START_REFUSED", "NOT_FOUND"}
    assert {kind.reason for kind in CODES} - internal <= known


def test_what_is_unavailable_says_when_to_try_again() -> None:
    unavailable = {kind for kind, code in CODES.items() if code == 14}
    assert unavailable == set(RETRY_SECONDS)


def test_reasons_of_records_are_those_of_the_api() -> None:
    known = set(publish_pb.RecordFailure.Reason.keys()) - {"REASON_UNSPECIFIED"}
    assert known == {reason.value for reason in Reason}


async def test_a_call_without_a_caller_is_unauthenticated(exchange: RunningExchange) -> None:
    with refused() as how:
        await exchange.client("").check(resident(1))
    assert (how().code, how().reason) == (grpc.StatusCode.UNAUTHENTICATED, "CALLER_UNKNOWN")
    assert how().domain == DOMAIN


@pytest.mark.parametrize(
    "name",
    [
        "510000",
        "urn:health-exchange:member:990000",
        "urn:health-exchange:member:51000",
        "urn:health-exchange:checkpoint:310000",
        "urn:health-exchange:operator:",
        "urn:other:member:510000",
    ],
)
async def test_a_name_that_is_nobodys_is_unauthenticated(
    exchange: RunningExchange, name: str
) -> None:
    with refused() as how:
        await exchange.client(name).check(resident(1))
    assert how().code == grpc.StatusCode.UNAUTHENTICATED


async def test_a_member_publishes_for_itself_only(exchange: RunningExchange) -> None:
    with refused() as how:
        await exchange.client(BEIJING).publish_records("510000", record(resident(1)))
    assert (how().code, how().reason) == (
        grpc.StatusCode.PERMISSION_DENIED,
        "CALLER_NOT_ALLOWED",
    )


async def test_only_the_national_platform_relays(exchange: RunningExchange) -> None:
    relayed = record(resident(1), issuer="110000")
    answer = await exchange.client(SICHUAN).publish_records("510000", relayed)
    (failure,) = answer.failures
    assert failure.Reason.Name(failure.reason) == "ISSUER_MISMATCH"
    answer = await exchange.client(NATIONAL).publish_records("000000", relayed)
    assert answer.accepted_count == 1
    listed = await exchange.client().listed(resident(1))
    assert [(one.issuer, one.via) for one in listed.health_codes] == [
        ("members/110000", "members/000000")
    ]
    unknown = record(resident(2), issuer="990000")
    answer = await exchange.client(NATIONAL).publish_records("000000", unknown)
    assert answer.accepted_count == 0


async def test_a_format_of_another_member_is_not_found(exchange: RunningExchange) -> None:
    for format_id in ("310000-ry-v1", "510000-status-v9"):
        with refused() as how:
            await exchange.client(SICHUAN).publish("510000", format_id, b"{}")
        assert (how().code, how().reason) == (grpc.StatusCode.NOT_FOUND, "FORMAT_NOT_FOUND")


async def test_a_member_that_does_not_exist_is_not_found(exchange: RunningExchange) -> None:
    with refused() as how:
        await exchange.client().check(resident(1), "990000")
    assert (how().code, how().reason) == (grpc.StatusCode.NOT_FOUND, "MEMBER_NOT_FOUND")


async def test_a_checkpoint_checks_its_own_destination_by_document_only(
    exchange: RunningExchange,
) -> None:
    client = exchange.client(CHECKPOINT)
    assert (await client.check(resident(1), "310000")).decision.verdict
    with refused() as how:
        await client.check(resident(1), "110000")
    assert how().code == grpc.StatusCode.PERMISSION_DENIED
    with refused() as how:
        request = check_pb.CheckHealthCodeRequest(
            subject="subjects/" + "0" * 34, destination="members/310000"
        )
        await client.recognition.CheckHealthCode(request, metadata=client.metadata)
    assert how().code == grpc.StatusCode.PERMISSION_DENIED
    with refused() as how:
        await client.listed(resident(1))
    assert how().code == grpc.StatusCode.PERMISSION_DENIED


async def test_a_message_that_cannot_be_read_is_refused_after_the_caller(
    exchange: RunningExchange,
) -> None:
    path = "/exchange.api.v1.HealthCodeService/EraseHealthCodes"
    for caller, code in (
        (SICHUAN, grpc.StatusCode.PERMISSION_DENIED),
        (OPERATOR, grpc.StatusCode.INVALID_ARGUMENT),
    ):
        client = exchange.client(caller)
        with refused() as how:
            await client.raw(path, b"\xff\xff")
        assert how().code == code


async def test_a_batch_has_at_most_a_thousand_checks(exchange: RunningExchange) -> None:
    client = exchange.client()
    one = check_pb.CheckHealthCodeRequest(
        document=document(resident(1)), destination="members/310000"
    )
    batch = check_pb.BatchCheckHealthCodesRequest(requests=[one] * 1000)
    answer = await client.recognition.BatchCheckHealthCodes(batch, metadata=client.metadata)
    assert len(answer.results) == 1000
    batch.requests.append(one)
    with refused() as how:
        await client.recognition.BatchCheckHealthCodes(batch, metadata=client.metadata)
    assert how().fields == ("requests",)
    empty = check_pb.BatchCheckHealthCodesRequest()
    assert not (
        await client.recognition.BatchCheckHealthCodes(empty, metadata=client.metadata)
    ).results


async def test_a_batch_answers_in_order_with_partly_unknown_people(
    exchange: RunningExchange,
) -> None:
    client = exchange.client()
    await client.publish_records("510000", record(resident(1)), record(resident(3), "HIGH"))
    numbers = [resident(3), resident(2), resident(1), resident(3)]
    batch = check_pb.BatchCheckHealthCodesRequest(
        requests=[
            check_pb.CheckHealthCodeRequest(document=document(number), destination="members/310000")
            for number in numbers
        ]
    )
    answer = await client.recognition.BatchCheckHealthCodes(batch, metadata=client.metadata)
    assert [result.decision.verdict for result in answer.results] == [3, 2, 1, 3]


@pytest.mark.parametrize("native", [True, False])
async def test_a_submission_has_at_most_five_thousand_payloads(
    exchange: RunningExchange, native: bool
) -> None:
    client = exchange.client()
    with refused() as how:
        if native:
            await client.publish("510000", "510000-status-v1", *[b""] * 5001)
        else:
            await client.publish_records("510000", *[record(resident(1))] * 5001)
    assert how().code == grpc.StatusCode.INVALID_ARGUMENT


async def test_a_payload_with_more_records_than_a_call_takes_is_refused_whole(
    exchange: RunningExchange,
) -> None:
    header = "证件类型,证件号码,码色,变更类型,判定时间,所属区,判定原因,姓名,序号\n"
    row = f"身份证,{resident(1)},黄,A,2022-04-01 08:00:00,,,,\n"
    client = exchange.client(SHANGHAI)
    with refused() as how:
        await client.publish("310000", "310000-ry-v1", (header + row * 5001).encode())
    assert how().fields == ("native_payloads.payloads",)
    assert not (await client.listed(resident(1))).health_codes


async def test_a_message_over_the_limit_is_refused(exchange: RunningExchange) -> None:
    with refused() as how:
        await exchange.client().publish("510000", "510000-status-v1", b" " * (6 << 20))
    assert how().code == grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_a_statement_that_is_too_large_to_keep_costs_itself(
    exchange: RunningExchange,
) -> None:
    fat = record(resident(2))
    for number in range(20):
        fat.health_code.holds.add(code=f"H{number}", text="字" * 1000)
    answer = await exchange.client().publish_records("510000", record(resident(1)), fat)
    (failure,) = answer.failures
    assert (failure.index, failure.Reason.Name(failure.reason)) == (1, "VALUE_TOO_LARGE")


@pytest.mark.parametrize(("size", "count"), [(0, len(MEMBERS)), (10, 10), (5_000, len(MEMBERS))])
async def test_page_sizes_are_brought_to_the_limits(
    exchange: RunningExchange, size: int, count: int
) -> None:
    client = exchange.client()
    request = member_service_pb2.ListMembersRequest(page_size=size)
    answer = await client.members.ListMembers(request, metadata=client.metadata)
    assert len(answer.members) == count


async def test_pages_follow_each_other_to_the_end(exchange: RunningExchange) -> None:
    client = exchange.client()
    codes, token = [], ""
    while True:
        request = member_service_pb2.ListMembersRequest(page_size=10, page_token=token)
        answer = await client.members.ListMembers(request, metadata=client.metadata)
        codes += [member.name for member in answer.members]
        token = answer.next_page_token
        if not token:
            break
    assert codes == sorted(codes)
    assert len(codes) == len(MEMBERS)


@pytest.mark.parametrize("field", [{"page_size": -1}, {"page_token": "zzz"}, {"page_token": "-5"}])
async def test_a_wrong_page_is_refused(exchange: RunningExchange, field: dict[str, object]) -> None:
    client = exchange.client()
    request = member_service_pb2.ListMembersRequest(**field)  # type: ignore[arg-type]
    with refused() as how:
        await client.members.ListMembers(request, metadata=client.metadata)
    assert how().fields == tuple(field)


async def test_erasing_is_for_operators_and_hides_at_once(exchange: RunningExchange) -> None:
    member, operator = exchange.client(), exchange.client(OPERATOR)
    person = resident(1)
    await member.publish_records("510000", record(person))
    request = publish_pb.EraseHealthCodesRequest(parent="subjects/-", document=document(person))
    with refused() as how:
        await member.health_codes.EraseHealthCodes(request, metadata=member.metadata)
    assert how().code == grpc.StatusCode.PERMISSION_DENIED
    answer = await operator.health_codes.EraseHealthCodes(request, metadata=operator.metadata)
    assert answer.erased_count == 1
    assert not (await member.listed(person)).health_codes
    again = await operator.health_codes.EraseHealthCodes(request, metadata=operator.metadata)
    assert again.erased_count == 0
    retried = await member.publish_records("510000", record(person))
    assert (retried.accepted_count, len((await member.listed(person)).health_codes)) == (1, 0)
    later = record(person, "HIGH", exchange.clock.now_ms - 1000)
    await member.publish_records("510000", later)
    assert len((await member.listed(person)).health_codes) == 1


async def test_the_callers_deadline_ends_a_call(exchange: RunningExchange) -> None:
    client = exchange.client()
    with refused() as how:
        await asyncio.gather(
            *(
                client.members.ListMembers(
                    member_service_pb2.ListMembersRequest(), metadata=client.metadata, timeout=0
                )
                for _ in range(3)
            )
        )
    assert how().code == grpc.StatusCode.DEADLINE_EXCEEDED


async def test_an_unknown_method_is_unimplemented(exchange: RunningExchange) -> None:
    with refused() as how:
        await exchange.client().raw("/exchange.api.v1.MemberService/DropMembers", b"")
    assert how().code == grpc.StatusCode.UNIMPLEMENTED


async def test_a_scan_is_accepted_and_not_kept(exchange: RunningExchange) -> None:
    client = exchange.client()
    person = resident(1)
    await client.publish_records("510000", record(person, "HIGH"))
    scan = record(person, "LEVEL_UNSPECIFIED", exchange.clock.now_ms)
    assert (await client.publish_records("510000", scan)).accepted_count == 1
    assert (await client.check(person)).decision.level == 4


async def test_numbers_in_free_texts_are_masked_before_they_are_kept(
    exchange: RunningExchange,
) -> None:
    client = exchange.client()
    telling = record(resident(1), reason="致电13800000000", guidance=resident(1))
    await client.publish_records("510000", telling)
    (kept,) = (await client.listed(resident(1))).health_codes
    assert (kept.reason, kept.guidance) == ("致电***", "***")


async def test_a_document_two_people_can_have_is_looked_at(exchange: RunningExchange) -> None:
    client = exchange.client()
    foreign = record("AB1234567", kind="PASSPORT")
    await client.publish_records("510000", foreign, record("E12345678", kind="PASSPORT"))
    decision = (await client.check("AB1234567", kind="PASSPORT")).decision
    assert decision.verdict == decision.CROSS_CHECK
    assert "DOCUMENT_NOT_UNIQUE" in [one.reason for one in decision.findings]
    decision = (await client.check("E12345678", kind="PASSPORT")).decision
    assert decision.verdict == decision.ADMIT
