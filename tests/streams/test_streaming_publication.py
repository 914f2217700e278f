"""Streaming publication: bounded, acknowledged when durable, resumed without loss or doubling."""

import json
from collections.abc import AsyncIterator, Sequence

import grpc
import pytest

from exchange.api.v1 import health_code_service_pb2 as pb, member_service_pb2 as member_pb
from tests.people import resident
from tests.server_fixture import (
    OPERATOR,
    SHANGHAI,
    SICHUAN,
    Client,
    RunningExchange,
    RunningPublisher,
    StartExchange,
    record,
    refused,
)  # fmt: skip

HEADER = "证件类型,证件号码,码色,变更类型,判定时间,所属区,判定原因,姓名,序号\r\n".encode()
COUNT = 700


def row(number: int) -> bytes:
    colour = "紫" if number % 100 == 50 else "黄"
    return f"身份证,{resident(number)},{colour},A,2022-04-01 08:00:00,310115,原因,,\r\n".encode()


FILE = HEADER + b"".join(row(number) for number in range(COUNT))


@pytest.fixture(params=["in this process", "by a publisher"], name="exchange")
async def exchange_either_way(
    request: pytest.FixtureRequest, start_exchange: StartExchange, publisher: RunningPublisher
) -> RunningExchange:
    if request.param == "in this process":
        return await start_exchange()
    return await start_exchange(publishers=[publisher.address])


def start(
    member: str, format_id: str, position: pb.StreamPosition | None = None
) -> pb.StreamingPublishHealthCodesRequest:
    message = pb.StreamingPublishHealthCodesRequest()
    message.start.member = f"members/{member}"
    message.start.format = format_id
    if position is not None:
        message.start.resume_position.CopyFrom(position)
    return message


def chunks(data: bytes, size: int) -> list[pb.StreamingPublishHealthCodesRequest]:
    return [
        pb.StreamingPublishHealthCodesRequest(chunk=data[at : at + size])
        for at in range(0, len(data), size)
    ]


async def stream(
    client: Client, messages: Sequence[pb.StreamingPublishHealthCodesRequest]
) -> list[pb.StreamingPublishHealthCodesResponse]:
    async def requests() -> AsyncIterator[pb.StreamingPublishHealthCodesRequest]:
        for message in messages:
            yield message

    call = client.health_codes.StreamingPublishHealthCodes(requests(), metadata=client.metadata)
    return [answer async for answer in call]


def accepted(answers: Sequence[pb.StreamingPublishHealthCodesResponse]) -> int:
    return sum(answer.accepted_count for answer in answers)


def failed(answers: Sequence[pb.StreamingPublishHealthCodesResponse]) -> list[tuple[int, str]]:
    return [
        (one.index, one.Reason.Name(one.reason)) for answer in answers for one in answer.failures
    ]


@pytest.mark.parametrize("size", [7, 1_000, 1 << 20])
async def test_a_file_cut_anywhere_gives_the_same_outcomes(
    exchange: RunningExchange, size: int
) -> None:
    client = exchange.client(SHANGHAI)
    answers = await stream(client, [start("310000", "310000-ry-v1"), *chunks(FILE, size)])
    assert accepted(answers) == COUNT - 7
    assert failed(answers) == [(at, "UNKNOWN_STATUS") for at in range(50, COUNT, 100)]
    end = answers[-1].durable_position
    assert (end.byte_offset, end.record_count) == (len(FILE), COUNT)
    assert len((await client.listed(resident(COUNT - 1))).health_codes) == 1


@pytest.mark.parametrize("size", [7, 1_000, 1 << 20])
async def test_unknown_columns_are_counted_once_wherever_a_file_is_cut(
    start_exchange: StartExchange, size: int
) -> None:
    # Here, as a publisher leaves its counts in the store now and then.
    exchange = await start_exchange()
    file = FILE.replace(HEADER, HEADER.replace(b"\r\n", b",x,y\r\n"))
    await stream(exchange.client(SHANGHAI), [start("310000", "310000-ry-v1"), *chunks(file, size)])
    operator = exchange.client(OPERATOR)
    answer = await operator.members.ListFormatHealth(
        member_pb.ListFormatHealthRequest(parent="members/310000"), metadata=operator.metadata
    )
    (one,) = answer.format_health
    assert (one.recent.record_count, one.recent.unknown_field_count) == (COUNT, 2)


async def test_a_chunk_of_more_records_than_a_store_takes_at_once_goes_in(
    exchange: RunningExchange,
) -> None:
    count = 11_000
    file = HEADER + b"".join(row(number % COUNT) for number in range(count))
    client = exchange.client(SHANGHAI)
    answers = await stream(client, [start("310000", "310000-ry-v1"), *chunks(file, 1 << 20)])
    assert accepted(answers) + len(failed(answers)) == count
    assert answers[-1].durable_position.byte_offset == len(file)


async def test_acknowledgements_go_forward_and_end_at_lines(exchange: RunningExchange) -> None:
    client = exchange.client(SHANGHAI)
    answers = await stream(client, [start("310000", "310000-ry-v1"), *chunks(FILE, 5_000)])
    offsets = [answer.durable_position.byte_offset for answer in answers]
    assert offsets == sorted(offsets)
    assert all(FILE[:offset].endswith(b"\n") for offset in offsets if offset)


@pytest.mark.parametrize("cut_at", [0, 3_000, 31_000])
async def test_a_stream_that_broke_goes_on_at_the_last_acknowledgement(
    exchange: RunningExchange, cut_at: int
) -> None:
    client = exchange.client(SHANGHAI)

    async def requests() -> AsyncIterator[pb.StreamingPublishHealthCodesRequest]:
        yield start("310000", "310000-ry-v1")
        for message in chunks(FILE, 1_000):
            yield message

    call = client.health_codes.StreamingPublishHealthCodes(requests(), metadata=client.metadata)
    received = []
    async for answer in call:
        received.append(answer)
        if answer.durable_position.byte_offset >= cut_at:
            call.cancel()
            break
    at = received[-1].durable_position
    rest = HEADER + FILE[at.byte_offset :] if at.byte_offset else FILE
    again = await stream(client, [start("310000", "310000-ry-v1", at), *chunks(rest, 1_000)])
    assert accepted(received) + accepted(again) == COUNT - 7
    assert failed(received) + failed(again) == [
        (place, "UNKNOWN_STATUS") for place in range(50, COUNT, 100)
    ]
    assert again[-1].durable_position.byte_offset == len(FILE)


async def test_payloads_of_one_document_are_counted_and_resumed(exchange: RunningExchange) -> None:
    client = exchange.client(SICHUAN)

    def payload(number: int) -> pb.StreamingPublishHealthCodesRequest:
        data = {"cid_type": "10", "cid": resident(number), "report_date": "2022-04-01 08:00:00"}
        body = {
            "errcode": 0,
            "data": data | {"risk_assessment_grade": "00" if number != 3 else "7"},
        }
        return pb.StreamingPublishHealthCodesRequest(payload=json.dumps(body).encode())

    first = [start("510000", "510000-status-v1"), *(payload(number) for number in range(5))]
    answers = await stream(client, first)
    assert (accepted(answers), answers[-1].durable_position.payload_count) == (4, 5)
    (failure,) = [one for answer in answers for one in answer.failures]
    assert (failure.payload_index, failure.index) == (3, 0)
    at = answers[-1].durable_position
    resumed = [start("510000", "510000-status-v1", at), payload(3)]
    (failure,) = [one for answer in await stream(client, resumed) for one in answer.failures]
    assert failure.payload_index == 5


def several(*payloads: bytes) -> pb.StreamingPublishHealthCodesRequest:
    message = pb.StreamingPublishHealthCodesRequest()
    message.payloads.payloads.extend(payloads)
    return message


async def test_payloads_of_one_message_count_as_if_each_had_come_alone(
    exchange: RunningExchange,
) -> None:
    client = exchange.client(SICHUAN)
    first = start("510000", "510000-status-v1", pb.StreamPosition(record_count=9, payload_count=9))
    bad = pb.StreamingPublishHealthCodesRequest(payload=b"{}")
    answers = await stream(client, [first, bad, several(b"{}", b"no"), several(), bad])
    failures = [one for answer in answers for one in answer.failures]
    assert [one.payload_index for one in failures] == [9, 10, 11, 12]
    end = answers[-1].durable_position
    assert (end.record_count, end.payload_count) == (13, 13)


@pytest.mark.parametrize(
    ("message", "what"),
    [
        (several(*[b"{}"] * 5_001), "has 5001 elements, at most 5000 are taken"),
        (several(b" " * (3 << 20), b" " * ((1 << 20) + 1)), "is over 4194304 bytes"),
    ],
    ids=["too many", "too large"],
)
async def test_payloads_of_one_message_are_bounded(
    exchange: RunningExchange, message: pb.StreamingPublishHealthCodesRequest, what: str
) -> None:
    client = exchange.client(SICHUAN)
    with refused() as how:
        await stream(client, [start("510000", "510000-status-v1"), message])
    assert (how().code, how().fields) == (grpc.StatusCode.INVALID_ARGUMENT, ("payloads",))
    assert what in how().text


async def test_records_in_the_common_schema_are_streamed_too(exchange: RunningExchange) -> None:
    client = exchange.client(SICHUAN)
    records = pb.HealthCodeRecords(records=[record(resident(n)) for n in range(10)])
    message = pb.StreamingPublishHealthCodesRequest(health_code_records=records)
    answers = await stream(client, [start("510000", ""), message, message])
    assert (accepted(answers), answers[-1].durable_position.record_count) == (20, 20)


async def test_an_empty_stream_and_an_empty_file_are_valid(exchange: RunningExchange) -> None:
    client = exchange.client(SHANGHAI)
    assert accepted(await stream(client, [start("310000", "310000-ry-v1")])) == 0
    only_header = [start("310000", "310000-ry-v1"), *chunks(HEADER, 10)]
    answers = await stream(client, only_header)
    assert (accepted(answers), failed(answers)) == (0, [])


@pytest.mark.parametrize(
    ("messages", "code", "field"),
    [
        ([], grpc.StatusCode.INVALID_ARGUMENT, ("start",)),
        (chunks(b"x", 1), grpc.StatusCode.INVALID_ARGUMENT, ("start",)),
        (
            [start("310000", "310000-ry-v1"), start("310000", "310000-ry-v1")],
            grpc.StatusCode.INVALID_ARGUMENT,
            ("part",),
        ),
        (
            [start("310000", "310000-query-v1"), *chunks(b"x", 1)],
            grpc.StatusCode.INVALID_ARGUMENT,
            ("chunk",),
        ),
        (
            [start("310000", "310000-ry-v1"), *chunks(b"x" * ((1 << 20) + 1), 2 << 20)],
            grpc.StatusCode.INVALID_ARGUMENT,
            ("chunk",),
        ),
        (
            [start("310000", "310000-ry-v1", pb.StreamPosition(byte_offset=-1))],
            grpc.StatusCode.INVALID_ARGUMENT,
            ("start.resume_position",),
        ),
        (
            [start("310000", "310000-ry-v1"), several(HEADER), *chunks(HEADER, 1_000)],
            grpc.StatusCode.INVALID_ARGUMENT,
            ("chunk",),
        ),
        (
            [start("310000", "310000-ry-v1"), *chunks(HEADER, 1_000), several(HEADER)],
            grpc.StatusCode.INVALID_ARGUMENT,
            ("payloads",),
        ),
        (
            [start("310000", ""), several(HEADER)],
            grpc.StatusCode.INVALID_ARGUMENT,
            ("payloads",),
        ),
        ([start("310000", "510000-status-v1")], grpc.StatusCode.NOT_FOUND, ()),
        ([start("510000", "510000-status-v1")], grpc.StatusCode.PERMISSION_DENIED, ()),
    ],
)
async def test_a_wrong_stream_is_refused(
    exchange: RunningExchange,
    messages: list[pb.StreamingPublishHealthCodesRequest],
    code: grpc.StatusCode,
    field: tuple[str, ...],
) -> None:
    with refused() as how:
        await stream(exchange.client(SHANGHAI), messages)
    assert (how().code, how().fields) == (code, field)


async def test_very_many_failures_come_in_several_messages_and_again_after_a_break(
    exchange: RunningExchange,
) -> None:
    count = 200_000
    client = exchange.client(SHANGHAI)
    first, bad = HEADER + row(1), b"x\n" * count
    messages = [start("310000", "310000-ry-v1"), *chunks(first, len(first))]
    before = (await stream(client, messages))[-1].durable_position
    messages = [start("310000", "310000-ry-v1", before), *chunks(HEADER + bad, 1 << 20)]
    for _ in range(2):  # What was not acknowledged to the end comes again.
        answers = await stream(client, messages)
        assert [place for place, _ in failed(answers)] == list(range(1, count + 1))
        assert max(answer.ByteSize() for answer in answers) < 3 << 20
        *parts, last = (answer for answer in answers if answer.failures)
        assert len(parts) >= 2
        assert all(part.durable_position == before for part in parts)
        end = last.durable_position
        assert (end.byte_offset, end.record_count) == (len(first) + len(bad), count + 1)
