"""The quarantine over a channel: who may, what is shown, and every act with its caller."""

import json
from pathlib import Path
from typing import Any

import grpc
import pytest
import structlog.testing

from adapters.registry import FORMATS
from exchange.api.v1 import (
    health_code_service_pb2 as publish_pb,
    quarantine_service_pb2 as pb,
    quarantine_service_pb2_grpc,
)
from exchange.core.health_code import Document, DocumentType, HealthCode, Level, State
from tests.people import resident
from tests.server_fixture import (
    CHECKPOINT,
    NATIONAL,
    NOW_MS,
    OPERATOR,
    SICHUAN,
    RunningExchange,
    StartExchange,
    document,
    refused,
)

STATUS = FORMATS["510000-status-v1"]
PEOPLE = [resident(7_000 + at) for at in range(6)]
Failure = publish_pb.RecordFailure


@pytest.fixture
async def exchange(start_exchange: StartExchange, tmp_path: Path) -> RunningExchange:
    (tmp_path / "quarantine.key").write_text("1:" + "5c" * 16 + "\n")
    return await start_exchange()


class Operator:
    """Calls the quarantine as somebody."""

    def __init__(self, exchange: RunningExchange, caller: str = OPERATOR) -> None:
        client = exchange.client(caller)
        self._stub = quarantine_service_pb2_grpc.QuarantineServiceStub(client.channel)
        self._metadata = client.metadata

    async def listed(self, parent: str = "members/-", **fields: Any) -> list[Any]:
        return list((await self.page(parent, **fields)).quarantine_entries)

    async def page(self, parent: str = "members/-", **fields: Any) -> Any:
        request = pb.ListQuarantineEntriesRequest(parent=parent, **fields)
        return await self._stub.ListQuarantineEntries(request, metadata=self._metadata)

    async def count(self, parent: str = "members/-") -> list[Any]:
        request = pb.CountQuarantineEntriesRequest(parent=parent)
        answer = await self._stub.CountQuarantineEntries(request, metadata=self._metadata)
        return list(answer.counts)

    async def replay(self, *names: str, parent: str = "members/510000") -> Any:
        request = pb.ReplayQuarantineEntriesRequest(parent=parent, names=names)
        return await self._stub.ReplayQuarantineEntries(request, metadata=self._metadata)

    async def discard(self, *names: str, parent: str = "members/510000") -> Any:
        request = pb.DiscardQuarantineEntriesRequest(parent=parent, names=names)
        return await self._stub.DiscardQuarantineEntries(request, metadata=self._metadata)


def unknown_status(number: str) -> bytes:
    """Return a payload with a status that Sichuan's table does not have."""
    code = HealthCode(NOW_MS - 60_000, Level.LOW, State.ACTIVE)
    person = Document(DocumentType.RESIDENT_ID, number)
    payload = json.loads(STATUS.encode("510000", person, code, {}))
    text = json.dumps(payload, ensure_ascii=False)
    native = STATUS.decode(text.encode(), NOW_MS, {})[0]
    word = native.health_code.native_status  # type: ignore[union-attr] # it is a statement
    return text.replace(f'"{word}"', '"77"').encode()


async def set_aside(exchange: RunningExchange, *numbers: str) -> list[str]:
    """Hand in payloads that cannot be read; return the names of their entries."""
    payloads = [unknown_status(number) for number in numbers]
    answer = await exchange.client(SICHUAN).publish("510000", STATUS.id, *payloads)
    assert {Failure.Reason.Name(one.reason) for one in answer.failures} == {"UNKNOWN_STATUS"}
    return [one.quarantine_entry for one in answer.failures]


async def test_a_failure_names_the_entry_that_an_operator_finds(exchange: RunningExchange) -> None:
    (name,) = await set_aside(exchange, PEOPLE[0])
    (entry,) = await Operator(exchange).listed("members/510000")
    assert entry.name == name
    assert name.startswith("members/510000/quarantineEntries/")
    (failure,) = entry.failures
    assert (entry.format, Failure.Reason.Name(failure.reason)) == (STATUS.id, "UNKNOWN_STATUS")
    assert failure.field
    assert entry.receive_time.ToMilliseconds() == NOW_MS
    assert entry.expire_time.ToMilliseconds() == NOW_MS + 7 * 86_400_000
    assert entry.content_size_bytes == len(unknown_status(PEOPLE[0]))
    assert entry.whole_payload


async def test_nothing_of_the_content_is_shown(exchange: RunningExchange) -> None:
    await set_aside(exchange, PEOPLE[0])
    operator = Operator(exchange)
    shown = str(await operator.listed()) + str(await operator.count())
    assert PEOPLE[0] not in shown
    assert "77" not in [one.field for one in (await operator.listed())[0].failures]


@pytest.mark.parametrize("caller", [SICHUAN, NATIONAL, CHECKPOINT])
async def test_only_operators_may(exchange: RunningExchange, caller: str) -> None:
    (name,) = await set_aside(exchange, PEOPLE[0])
    somebody = Operator(exchange, caller)
    for call in (
        somebody.listed("members/510000"),
        somebody.count("members/510000"),
        somebody.replay(name),
        somebody.discard(name),
    ):
        with refused() as how:
            await call
        assert how().code is grpc.StatusCode.PERMISSION_DENIED
    assert len(await Operator(exchange).listed()) == 1


async def test_entries_come_in_pages_by_member_and_can_be_narrowed(
    exchange: RunningExchange,
) -> None:
    names = await set_aside(exchange, *PEOPLE[:5])
    await exchange.client(NATIONAL).publish("000000", "000000-level-v1", b"{", b"[")
    operator = Operator(exchange)
    everything = await operator.listed()
    assert len(everything) == 7
    first = await operator.page(page_size=4)
    rest = await operator.page(page_size=4, page_token=first.next_page_token)
    paged = [*first.quarantine_entries, *rest.quarantine_entries]
    assert [one.name for one in paged] == [one.name for one in everything]
    assert rest.next_page_token == ""
    assert {one.name for one in await operator.listed("members/510000")} == set(names)
    assert len(await operator.listed(format="000000-level-v1")) == 2
    assert len(await operator.listed(reason=Failure.UNKNOWN_STATUS)) == 5
    assert await operator.listed("members/110000") == []


async def test_counts_say_how_much_there_is_of_what(exchange: RunningExchange) -> None:
    await set_aside(exchange, *PEOPLE[:2])
    exchange.clock.now_ms += 60_000
    await set_aside(exchange, PEOPLE[2])
    await exchange.client(NATIONAL).publish("000000", "000000-level-v1", b"{")
    national, sichuan = await Operator(exchange).count()
    assert (national.member, national.entry_count) == ("members/000000", 1)
    assert (sichuan.member, sichuan.entry_count) == ("members/510000", 3)
    assert sichuan.content_size_bytes == 3 * len(unknown_status(PEOPLE[0]))
    assert sichuan.oldest_receive_time.ToMilliseconds() == NOW_MS
    assert sichuan.newest_receive_time.ToMilliseconds() == NOW_MS + 60_000


async def test_what_still_cannot_be_read_stays_and_says_why(exchange: RunningExchange) -> None:
    (name,) = await set_aside(exchange, PEOPLE[0])
    operator = Operator(exchange)
    gone = f"members/510000/quarantineEntries/{'0' * 32}"
    answer = await operator.replay(name, gone)
    assert (answer.accepted_count, answer.released_count) == (0, 0)
    (failure,) = answer.failures
    assert failure.name == name
    assert Failure.Reason.Name(failure.failure.reason) == "UNKNOWN_STATUS"
    assert list(answer.missing_names) == [gone]
    assert len(await operator.listed()) == 1


async def test_what_is_discarded_is_gone(exchange: RunningExchange) -> None:
    operator = Operator(exchange)
    (name,) = await set_aside(exchange, PEOPLE[0])
    answer = await operator.discard(name)
    assert answer.discarded_count == 1
    assert (await operator.discard(name)).discarded_count == 0
    assert await operator.listed() == []


@pytest.mark.parametrize(
    ("names", "field"),
    [
        ([], "names"),
        (["members/510000/quarantineEntries/x"], "names[0]"),
        ([f"members/110000/quarantineEntries/{'0' * 32}"], "names[0]"),
        ([f"members/510000/quarantineEntries/{'0' * 32}"] * 201, "names"),
    ],
)
async def test_wrong_names_are_refused(
    exchange: RunningExchange, names: list[str], field: str
) -> None:
    operator = Operator(exchange)
    for call in (operator.replay(*names), operator.discard(*names)):
        with refused() as how:
            await call
        assert (how().code, how().fields) == (grpc.StatusCode.INVALID_ARGUMENT, (field,))


async def test_every_act_is_logged_with_its_caller(exchange: RunningExchange) -> None:
    (name,) = await set_aside(exchange, PEOPLE[0])
    operator = Operator(exchange)
    with structlog.testing.capture_logs() as logs:
        await operator.listed()
        await operator.count()
        await operator.replay(name)
        await operator.discard(name)
    acts = [one for one in logs if one["event"] in {"listed", "counted", "replayed", "discarded"}]
    assert [one["event"] for one in acts] == ["listed", "counted", "replayed", "discarded"]
    assert {one["caller"] for one in acts} == {OPERATOR}
    assert acts[-1]["names"] == [name]


async def test_erasing_a_person_discards_their_entries(exchange: RunningExchange) -> None:
    await set_aside(exchange, PEOPLE[0], PEOPLE[1])
    client = exchange.client(OPERATOR)
    request = publish_pb.EraseHealthCodesRequest(parent="subjects/-", document=document(PEOPLE[0]))
    answer = await client.health_codes.EraseHealthCodes(request, metadata=client.metadata)
    assert (answer.erased_count, answer.discarded_entry_count) == (0, 1)
    assert len(await Operator(exchange).listed()) == 1


async def test_a_server_without_a_key_sets_nothing_aside(start_exchange: StartExchange) -> None:
    exchange = await start_exchange()
    assert await set_aside(exchange, PEOPLE[0]) == [""]
    assert await Operator(exchange).listed() == []
