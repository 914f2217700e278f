"""Quotas of members: refusals that are true, streams that are slowed, limits that change."""

import asyncio
import gc
import itertools
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from exchange.api.v1 import (
    health_code_service_pb2 as publish_pb,
    recognition_service_pb2 as check_pb,
)
from exchange.app import worker_count
from exchange.core.caller import parse_urn
from exchange.core.errors import QuotaExceededError, StartError
from exchange.core.quota import SECOND_NS, Allowance, CallerLimits, MemberLimits
from exchange.server.limits import STREAMS_PER_CONNECTION_MAX
from exchange.server.quotas import LOOKUPS, RECORDS, Quotas, ReloadingLimits, read_limits
from exchange.settings import Settings
from tests.people import resident
from tests.server_fixture import (
    BEIJING,
    OPERATOR,
    SICHUAN,
    Client,
    StartExchange,
    document,
    record,
    refused,
)
from tests.waiting import PATIENCE_SECONDS, until

ONE_A_DAY = "{ per_second = 0.00001, burst = %d }"
DEFAULT = MemberLimits(lookups=Allowance(10, 5))


class SetNanoseconds:
    """A clock that stands until a test moves it."""

    def __init__(self) -> None:
        self.now_ns = 1_000 * SECOND_NS

    def __call__(self) -> int:
        return self.now_ns


def test_after_the_wait_that_a_refusal_names_a_call_is_let_in_and_not_before() -> None:
    clock = SetNanoseconds()
    quotas = Quotas(CallerLimits(default=DEFAULT), clock)
    caller = parse_urn(SICHUAN)
    quotas.require(LOOKUPS, caller)
    quotas.charge(LOOKUPS, caller, 1_000)
    with pytest.raises(QuotaExceededError) as caught:
        quotas.require(LOOKUPS, caller)
    assert caught.value.wait_ns == (1_000 - 4) * SECOND_NS // 10
    clock.now_ns += caught.value.wait_ns - 1
    with pytest.raises(QuotaExceededError):
        quotas.require(LOOKUPS, caller)
    clock.now_ns += 1
    quotas.require(LOOKUPS, caller)


def test_a_member_and_its_checkpoints_have_one_quota_and_others_their_own() -> None:
    quotas = Quotas(CallerLimits(default=DEFAULT), SetNanoseconds())
    quotas.charge(LOOKUPS, parse_urn("urn:health-exchange:checkpoint:510000:gate-1"), 50)
    assert quotas.wait_ns(LOOKUPS, parse_urn(SICHUAN)) > 0
    for free in (BEIJING, OPERATOR):
        quotas.require(LOOKUPS, parse_urn(free))
    quotas.charge(LOOKUPS, parse_urn(OPERATOR), 50)
    quotas.require(LOOKUPS, parse_urn(OPERATOR))
    quotas.require(RECORDS, parse_urn(SICHUAN))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("default = 3", "default"),
        ("[members.990000]\nlookups = { per_second = 1, burst = 1 }", "990000"),
        ("[default]\nlookups = { per_second = 0, burst = 1 }", "per_second"),
        ("[default]\nlookups = { per_second = 1, burst = 0 }", "burst"),
        ("[default]\nlookup = { per_second = 1, burst = 1 }", "lookup"),
        ("[", "limits.toml"),
    ],
)
def test_a_limits_file_that_is_wrong_is_refused_with_the_place(
    tmp_path: Path, text: str, named: str
) -> None:
    path = tmp_path / "limits.toml"
    path.write_text(text)
    with pytest.raises(StartError, match=named):
        read_limits(path)


async def test_an_exchange_does_not_start_with_a_limits_file_that_is_wrong(
    start_exchange: StartExchange, tmp_path: Path
) -> None:
    with pytest.raises(StartError, match=r"limits\.toml"):
        await start_exchange(limits_file=tmp_path / "limits.toml")


def test_a_changed_file_is_taken_over_and_a_broken_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "limits.toml"
    instants = itertools.count(1_000_000_000)

    def write(text: str) -> None:
        path.write_text(text)
        os.utime(path, (0, next(instants)))

    write("[default]\nlookups = { per_second = 10, burst = 4 }")
    quotas = Quotas()
    limits = ReloadingLimits(path, 2, quotas)
    assert quotas.limits.default.lookups == Allowance(5, 2)
    assert not limits.reload()
    write("[default]\nlookups = { per_second = 100, burst = 4 }")
    assert limits.reload()
    assert quotas.limits.default.lookups == Allowance(50, 2)
    write("[default")
    assert not limits.reload()
    path.unlink()
    assert not limits.reload()
    assert quotas.limits.default.lookups == Allowance(50, 2)


def test_workers_are_counted_as_they_are_started() -> None:
    assert worker_count(Settings(workers=7)) == 7
    assert worker_count(Settings()) == len(os.sched_getaffinity(0))


def retry_seconds(error: grpc.aio.AioRpcError) -> float:
    status = rpc_status.from_call(error)  # type: ignore[arg-type] # an AioRpcError is one
    assert status is not None
    retry = error_details_pb2.RetryInfo()
    assert any(detail.Unpack(retry) for detail in status.details)
    nanoseconds: int = retry.retry_delay.ToNanoseconds()
    return nanoseconds / 1e9


async def batch(client: Client, count: int) -> None:
    one = check_pb.CheckHealthCodeRequest(
        document=document(resident(1)), destination="members/310000"
    )
    request = check_pb.BatchCheckHealthCodesRequest(requests=[one] * count)
    await client.recognition.BatchCheckHealthCodes(request, metadata=client.metadata)


async def test_items_of_batches_are_counted_and_a_raised_quota_lets_in_again(
    start_exchange: StartExchange, tmp_path: Path
) -> None:
    path = tmp_path / "limits.toml"
    path.write_text(f"[default]\nlookups = {ONE_A_DAY % 11}")
    running = await start_exchange(limits_file=path)
    client, other = running.client(SICHUAN), running.client(BEIJING)
    await batch(client, 10)
    await client.check(resident(1))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await batch(client, 1)
    assert 90_000 < retry_seconds(caught.value) <= 100_000
    with refused() as how:
        await client.check(resident(1))
    assert (how().code, how().reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "QUOTA_EXCEEDED")
    await other.check(resident(1))
    await client.publish_records("510000", record(resident(1)))
    path.write_text("[default]\nlookups = { per_second = 1000000, burst = 100 }")

    async def answered() -> bool:
        try:
            await client.check(resident(1))
        except grpc.aio.AioRpcError:
            return False
        return True

    await until(answered)


async def test_what_is_over_a_quota_is_refused_before_its_message_is_read(
    start_exchange: StartExchange, tmp_path: Path
) -> None:
    path = tmp_path / "limits.toml"
    path.write_text(f"[members.510000]\nrecords = {ONE_A_DAY % 1}")
    client = (await start_exchange(limits_file=path)).client(SICHUAN)
    await client.publish_records("510000", record(resident(1)))
    with refused() as how:
        await client.raw("/exchange.api.v1.HealthCodeService/PublishHealthCodes", b"\xff\xff")
    assert how().reason == "QUOTA_EXCEEDED"


@pytest.fixture
def without_garbage_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("without_garbage_collector")
async def test_calls_that_waited_before_they_failed_leave_their_connection_as_it_was(
    start_exchange: StartExchange, tmp_path: Path
) -> None:
    path = tmp_path / "limits.toml"
    path.write_text(f"[members.510000]\nlookups = {ONE_A_DAY % 1}")
    client = (await start_exchange(limits_file=path)).client(SICHUAN)
    await client.check(resident(1))

    async def again() -> str:
        with refused() as how:
            await client.check(resident(1))
        return how().reason

    reasons = [
        reason
        for _ in range(4)
        for reason in await asyncio.gather(
            *(again() for _ in range(STREAMS_PER_CONNECTION_MAX // 2))
        )
    ]
    assert set(reasons) == {"QUOTA_EXCEEDED"}


async def test_all_records_of_a_payload_are_charged(
    start_exchange: StartExchange, tmp_path: Path
) -> None:
    path = tmp_path / "limits.toml"
    path.write_text(f"[members.310000]\nrecords = {ONE_A_DAY % 3}")
    client = (await start_exchange(limits_file=path)).client("urn:health-exchange:member:310000")
    header = "证件类型,证件号码,码色,变更类型,判定时间,所属区,判定原因,姓名,序号\n"
    rows = "".join(
        f"身份证,{resident(index)},黄,A,2022-04-01 08:00:00,,,,\n" for index in range(1, 3)
    )
    await client.publish("310000", "310000-ry-v1", (header + rows).encode())
    await client.publish("310000", "310000-ry-v1", (header + rows).encode())
    with refused() as how:
        await client.publish("310000", "310000-ry-v1", header.encode())
    assert how().reason == "QUOTA_EXCEEDED"


async def test_a_stream_over_its_quota_is_slowed_and_not_refused(
    start_exchange: StartExchange, tmp_path: Path
) -> None:
    path = tmp_path / "limits.toml"
    path.write_text(f"[members.510000]\nrecords = {ONE_A_DAY % 1}")
    client = (await start_exchange(limits_file=path)).client(SICHUAN)
    await client.publish_records("510000", record(resident(0)))

    async def requests() -> AsyncIterator[publish_pb.StreamingPublishHealthCodesRequest]:
        start = publish_pb.StreamingPublishHealthCodesRequest()
        start.start.member = "members/510000"
        yield start
        for index in range(1, 40):
            one = publish_pb.StreamingPublishHealthCodesRequest()
            one.health_code_records.records.append(record(resident(index)))
            yield one

    async def publish() -> list[int]:
        stream = client.health_codes.StreamingPublishHealthCodes(
            requests(), metadata=client.metadata
        )
        return [answer.accepted_count async for answer in stream]

    task = asyncio.create_task(publish())
    for _ in range(5):
        with refused() as how:
            await client.publish_records("510000", record(resident(1)))
        assert how().reason == "QUOTA_EXCEEDED"
    assert not task.done()
    assert not (await client.listed(resident(1))).health_codes
    path.write_text("[default]\n")
    assert sum(await asyncio.wait_for(task, PATIENCE_SECONDS)) == 39
    assert (await client.listed(resident(39))).health_codes
