"""What went wrong in systems like this one, and what holds here: one test for each incident.

Each runs through the whole server on both stores.
"""

import asyncio
import json
from collections.abc import AsyncIterator

import grpc
import pytest

from exchange.api.v1 import health_code_service_pb2 as pb, recognition_service_pb2 as check_pb
from exchange.core.caller import parse_urn
from tests.people import resident
from tests.server_fixture import (
    NOW_MS,
    SHANGHAI,
    SICHUAN,
    RunningExchange,
    document,
    record,
    refused,
)
from tests.test_zz_leaks import NAMES, TELEPHONE

PEOPLE = iter(range(1, 10_000))


@pytest.fixture
def person() -> str:
    """Give the resident number of somebody no other test has asked about."""
    return resident(next(PEOPLE))


def sichuan(
    number: str, grade: str = "00", at: str = "2022-04-01 08:00:00", **fields: object
) -> bytes:
    data = {"cid_type": "10", "cid": number, "risk_assessment_grade": grade, "report_date": at}
    return json.dumps({"errcode": 0, "data": data | fields}).encode()


HEADER = "证件类型,证件号码,码色,变更类型,判定时间,所属区,判定原因,姓名,序号\n"


def shanghai(*rows: str) -> bytes:
    return (HEADER + "".join(f"{row}\n" for row in rows)).encode()


async def test_i1_one_bad_record_costs_one_record(
    exchange_on: RunningExchange, person: str
) -> None:
    client = exchange_on.client(SHANGHAI)
    rows = [f"身份证,{resident(5_000 + n)},黄,A,2022-04-01 08:00:00,,,," for n in range(300)]
    rows[170] = f"身份证,{person[:-1]}?,黄,A,2022-04-01 08:00:00,,,,"
    answer = await client.publish("310000", "310000-ry-v1", shanghai(*rows))
    assert answer.accepted_count == 299
    assert [(one.payload_index, one.index) for one in answer.failures] == [(0, 170)]


@pytest.mark.parametrize(
    ("row", "reason", "field"),
    [
        ("身份证,{0},紫,A,2022-04-01 08:00:00,,,,", "UNKNOWN_STATUS", "码色"),
        ("身份证,{0},黄,A,2022-04-31 08:00:00,,,,", "INVALID_TIME", "判定时间"),
        ("身份证,,黄,A,2022-04-01 08:00:00,,,,", "MISSING_FIELD", "证件号码"),
        ("驾照,{0},黄,A,2022-04-01 08:00:00,,,,", "UNKNOWN_DOCUMENT_TYPE", "证件类型"),
        ("身份证,{0}1,黄,A,2022-04-01 08:00:00,,,,", "INVALID_DOCUMENT", "证件号码"),
        ("身份证,{0},黄,A,2022-04-01 12:00:00,,,,", "FUTURE_TIME", "判定时间"),
        ("身份证,{0},黄,A,2021-04-01 12:00:00,,,,", "PAST_RETENTION", "判定时间"),
    ],
)
async def test_i2_the_reason_is_the_cause_with_its_field(
    exchange_on: RunningExchange, person: str, row: str, reason: str, field: str
) -> None:
    client = exchange_on.client(SHANGHAI)
    answer = await client.publish("310000", "310000-ry-v1", shanghai(row.format(person)))
    (failure,) = answer.failures
    assert (failure.Reason.Name(failure.reason), failure.field) == (reason, field)
    assert person not in str(answer)


async def test_i2_an_error_is_never_dressed_as_load_or_as_a_colour(
    exchange_on: RunningExchange, person: str
) -> None:
    with refused() as how:
        await exchange_on.client(SHANGHAI).check(person[:-1] + "?")
    assert how().code == grpc.StatusCode.INVALID_ARGUMENT
    assert how().fields == ("document.number",)
    assert person[:-1] not in how().text


async def test_i3_a_retry_is_exact(exchange_on: RunningExchange, person: str) -> None:
    client = exchange_on.client()
    payloads = [sichuan(person), b"{", sichuan(person, "99")]
    first = await client.publish("510000", "510000-status-v1", *payloads, request_id="a")
    kept = await client.listed(person)
    exchange_on.clock.now_ms += 5_000
    again = await client.publish("510000", "510000-status-v1", *payloads, request_id="a")
    assert again == first
    assert await client.listed(person) == kept


async def test_i4_two_members_may_use_the_same_request_id(
    exchange_on: RunningExchange, person: str
) -> None:
    row = f"身份证,{person},黄,A,2022-04-01 08:00:00,,,,"
    own = await exchange_on.client(SICHUAN).publish(
        "510000", "510000-status-v1", sichuan(person), request_id="daily-1"
    )
    other = await exchange_on.client(SHANGHAI).publish(
        "310000", "310000-ry-v1", shanghai(row), request_id="daily-1"
    )
    assert (own.accepted_count, other.accepted_count) == (1, 1)
    listed = await exchange_on.client().listed(person)
    assert [one.issuer for one in listed.health_codes] == ["members/310000", "members/510000"]


async def test_i5_empty_submissions_pages_and_lists_are_valid(
    exchange_on: RunningExchange, person: str
) -> None:
    client = exchange_on.client(SHANGHAI)
    for answer in (
        await client.publish("310000", "310000-ry-v1"),
        await client.publish("310000", "310000-ry-v1", shanghai()),
        await client.publish_records("310000"),
    ):
        assert (answer.accepted_count, len(answer.failures)) == (0, 0)
    listed = await client.listed(person)
    assert (len(listed.health_codes), listed.next_page_token) == (0, "")


async def test_i6_an_older_record_after_a_newer_one_changes_nothing(
    exchange_on: RunningExchange, person: str
) -> None:
    client = exchange_on.client()
    await client.publish("510000", "510000-status-v1", sichuan(person, "10"))
    kept = await client.listed(person)
    older = sichuan(person, "00", "2022-04-01 07:59:59")
    answer = await client.publish("510000", "510000-status-v1", older)
    assert answer.accepted_count == 1
    assert await client.listed(person) == kept


async def test_i7_parallel_first_writes_leave_one_statement(
    exchange_on: RunningExchange, person: str
) -> None:
    clients = [exchange_on.client() for _ in range(4)]
    times = [f"2022-04-01 08:00:{second:02d}" for second in range(40)]
    await asyncio.gather(
        *(
            clients[index % 4].publish("510000", "510000-status-v1", sichuan(person, "00", at))
            for index, at in enumerate(times)
        )
    )
    (one,) = (await clients[0].listed(person)).health_codes
    assert one.as_of_time.ToMilliseconds() == NOW_MS - 3_600_000 + 39_000


async def test_i8_numbers_that_differ_by_case_width_or_blanks_are_one_person(
    exchange_on: RunningExchange,
) -> None:
    client = exchange_on.client()
    await client.publish_records("510000", record("E12345678", kind="PASSPORT"))
    for spelling in ("e12345678", " E 1234 5678", "Ｅ１２３４５６７８", "E12345678<<<"):
        assert len((await client.listed(spelling, "PASSPORT")).health_codes) == 1
    assert len((await client.listed("E12345678", "OTHER")).health_codes) == 0


async def test_i14_a_wrong_time_costs_its_record_and_names_the_field(
    exchange_on: RunningExchange, person: str
) -> None:
    client = exchange_on.client()
    wrong = ["2022-04-01T08:00:00", "2022-04-01 08:00:00+03:00", "1963-xx-xx", "2022-4-1 08:00:00"]
    payloads = [sichuan(person, at=at) for at in (*wrong, "2022-04-01 08:00:00.1234567")]
    answer = await client.publish("510000", "510000-status-v1", *payloads, sichuan(person))
    assert answer.accepted_count == 1
    assert [one.payload_index for one in answer.failures] == [0, 1, 2, 3, 4]
    assert {(one.reason, one.field) for one in answer.failures} == {(11, "data.report_date")}


async def test_i15_legacy_spellings_of_a_number_are_one_person(
    exchange_on: RunningExchange,
) -> None:
    client = exchange_on.client()
    full = "11010519000102004X"
    await client.publish("510000", "510000-status-v1", sichuan(full.lower()))
    legacy = full[:6] + full[8:17]
    wide = "".join(chr(ord(character) + 0xFEE0) for character in full)
    for spelling in (legacy, wide, full):
        assert len((await client.listed(spelling)).health_codes) == 1


async def test_i16_yellow_is_not_red_and_unknown_is_no_colour(
    exchange_on: RunningExchange, person: str
) -> None:
    client = exchange_on.client()
    unknown = (await client.check(person)).decision
    assert (unknown.verdict, unknown.rendering.colour) == (unknown.CROSS_CHECK, "")
    await client.publish("510000", "510000-status-v1", sichuan(person, "01"))
    yellow = (await client.check(person)).decision
    assert (yellow.verdict, yellow.rendering.colour) == (yellow.CROSS_CHECK, "yellow")
    lapsed = sichuan(person, "10", "2022-04-01 08:30:00", report_expired=True)
    await client.publish("510000", "510000-status-v1", lapsed)
    expired = (await client.check(person)).decision
    assert (expired.verdict, expired.rendering.colour) == (expired.CROSS_CHECK, "")


async def test_i20_the_issuers_newest_counts_and_a_contradiction_is_visible(
    exchange_on: RunningExchange, person: str
) -> None:
    await exchange_on.client().publish("510000", "510000-status-v1", sichuan(person))
    national = exchange_on.client("urn:health-exchange:member:000000")
    relay = record(person, "HIGH", NOW_MS - 1000, issuer="510000")
    assert (await national.publish_records("000000", relay)).accepted_count == 1
    decision = (await exchange_on.client().check(person)).decision
    assert decision.verdict == decision.CROSS_CHECK
    assert decision.findings[0].reason == "CONTRADICTED_BY_RELAY"
    standings = [(one.via, one.Standing.Name(one.standing)) for one in decision.statements]
    assert standings == [("members/510000", "IN_FORCE"), ("members/000000", "OUTDONE")]


async def test_dropped_fields_and_numbers_in_texts_leave_the_edge_nowhere(
    exchange_on: RunningExchange, person: str
) -> None:
    """The search at the end of the run looks for what is handed in here."""
    client = exchange_on.client()
    telling = sichuan(
        person,
        "01",
        name=NAMES[0],
        phone=TELEPHONE,
        reason=f"电话{TELEPHONE}",
        guide=f"请{person}居家",
        living_address={"province_code": "51", "address": NAMES[2]},
        hsjc=[{"xm": NAMES[0], "hsjcjg": "阴性", "hsjcjgmc": f"检测点 {TELEPHONE}"}],
    )
    wrong = sichuan(person, "绿" + person, name=NAMES[1])
    answer = await client.publish("510000", "510000-status-v1", telling, wrong, person.encode())
    assert answer.accepted_count == 1
    listed = await client.listed(person)
    texts = str(answer) + str(listed) + str(await client.check(person))
    assert not [one for one in (person, TELEPHONE, *NAMES) if one in texts]
    assert listed.health_codes[0].reason == "电话***"


async def test_i18_lookups_are_answered_while_a_large_file_goes_in(
    exchange_on: RunningExchange, person: str
) -> None:
    await exchange_on.client().publish("510000", "510000-status-v1", sichuan(person))
    sender, asker = exchange_on.client(SHANGHAI), exchange_on.client()
    rows = [f"身份证,{resident(n)},黄,A,2022-04-01 08:00:00,,,,\n" for n in range(20_000, 32_000)]
    data = (HEADER + "".join(rows)).encode()
    ended = asyncio.Event()

    async def requests() -> AsyncIterator[pb.StreamingPublishHealthCodesRequest]:
        start = pb.StreamingPublishHealthCodesRequest()
        start.start.member, start.start.format = "members/310000", "310000-ry-v1"
        yield start
        for at in range(0, len(data), 1 << 16):
            yield pb.StreamingPublishHealthCodesRequest(chunk=data[at : at + (1 << 16)])

    async def send() -> int:
        call = sender.health_codes.StreamingPublishHealthCodes(requests(), metadata=sender.metadata)
        accepted = sum([answer.accepted_count async for answer in call])
        ended.set()
        return accepted

    async def ask() -> int:
        answered = 0
        while not ended.is_set():
            assert (await asker.check(person)).decision.verdict
            answered += 1
        return answered

    accepted, answered = await asyncio.gather(send(), ask())
    assert accepted == len(rows)
    # In one queue a lookup would wait for the file: one or two would be answered meanwhile.
    assert answered > 10


async def test_i19_every_path_gives_the_same_answer_with_its_age(
    exchange_on: RunningExchange, person: str
) -> None:
    client = exchange_on.client()
    await client.publish("510000", "510000-status-v1", sichuan(person, "01"))
    single = (await client.check(person)).decision
    asked = check_pb.CheckHealthCodeRequest(document=document(person), destination="members/310000")
    (listed,) = (await client.listed(person)).health_codes
    subject = listed.name.rpartition("/healthCodes/")[0]
    by_subject = check_pb.CheckHealthCodeRequest(subject=subject, destination="members/310000")
    batch = check_pb.BatchCheckHealthCodesRequest(requests=[asked, by_subject])
    answer = await client.recognition.BatchCheckHealthCodes(batch, metadata=client.metadata)
    assert [result.decision for result in answer.results] == [single, single]
    (used,) = single.statements
    assert (used.as_of_time, used.receive_time) == (listed.as_of_time, listed.receive_time)
    assert single.expire_time.ToMilliseconds() > single.decide_time.ToMilliseconds()


async def test_i21_nothing_but_the_decision_and_its_reasons_leaves(
    exchange_on: RunningExchange, person: str
) -> None:
    telling = sichuan(
        person,
        reason="密接",
        guide="请居家",
        hsjc=[{"hsjcjg": "阳性", "hsjcjgmc": "疾控中心"}],
    )
    await exchange_on.client().publish("510000", "510000-status-v1", telling)
    gate = exchange_on.client("urn:health-exchange:checkpoint:310000:gate-21")
    text = str(await gate.check(person))
    assert not [one for one in (person, "密接", "请居家", "疾控中心", "subjects/") if one in text]
    caller = parse_urn("urn:health-exchange:checkpoint:310000:gate-21")
    account = exchange_on.exchange.account
    assert account.lookups(caller, exchange_on.clock.now_ms, 5) == 1
