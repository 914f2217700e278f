"""What no adapter could read: kept sealed, within limits, replayed by the adapter of today."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters.base import Format
from adapters.registry import FORMATS
from exchange.core.health_code import Document, DocumentType, HealthCode, Level, State
from exchange.core.outcome import Outcome, Reason, Rejected
from exchange.core.publication import Failure, Publication
from exchange.core.quarantine import Entry, EntryFailure
from exchange.core.sealing import SealingKeys, parse_sealing_keys
from exchange.core.subject import parse_key_file
from exchange.core.traces import Person
from exchange.operations.drift import Drift
from exchange.operations.environment import Environment
from exchange.operations.formats import MemberFormats
from exchange.operations.intake import Intake, Resume
from exchange.operations.listing import Records
from exchange.operations.publish import Publisher
from exchange.operations.quarantine import Quarantine, QuarantineLimits
from exchange.operations.replay import Replayer, ReplayFailure
from exchange.operations.retention import Retention
from exchange.stores.base import Store
from exchange.stores.sqlite import SqliteStore
from exchange.stores.sqlite.connection import SqliteSettings
from tests.people import resident
from tests.server_fixture import NOW_MS, SetClock

DAY_MS = 86_400_000
SUBJECT_KEYS = parse_key_file("1:" + "ab" * 32, "test.key")
KEYS = parse_sealing_keys("3:" + "5c" * 16, "quarantine.key")
STATUS = FORMATS["510000-status-v1"]
CSV = FORMATS["520000-csv-v1"]
PIPE = FORMATS["120000-pipe-v1"]


class Setting:
    """A publisher, a quarantine and what they work on, without a server."""

    def __init__(self, store: Store, intake: Executor) -> None:
        self.store = store
        self.intake = intake
        self.clock = SetClock()
        self.drift = Drift(store, self.clock, "worker")
        self.random = iter(range(1, 1_000_000))

    def quarantine(
        self, keys: SealingKeys | None = KEYS, limits: QuarantineLimits | None = None
    ) -> Quarantine:
        return Quarantine(
            self.store.quarantine,
            keys,
            limits or QuarantineLimits(),
            self.clock,
            lambda length: next(self.random).to_bytes(length, "big"),
        )

    def publisher(self, quarantine: Quarantine, *formats: Format) -> Publisher:
        chosen = dict(FORMATS) | {one.id: one for one in formats}
        return Publisher(
            self.environment, MemberFormats(chosen, {}), quarantine, self.drift, self.intake
        )

    @property
    def environment(self) -> Environment:
        retention = Retention(self.store, 180, self.clock)
        return Environment(self.store, SUBJECT_KEYS, retention, self.clock)

    async def statements(self, number: str) -> int:
        (rows,) = await self.store.read([SUBJECT_KEYS.subject(document(number))])
        assert isinstance(rows, tuple)
        return len(rows)


@pytest.fixture
async def setting(tmp_path: Path, intake: Executor) -> AsyncIterator[Setting]:
    store = SqliteStore(SqliteSettings(tmp_path / "exchange.sqlite"))
    await store.connect()
    await store.migrate()
    yield Setting(store, intake)
    await store.close()


@pytest.fixture
def intake() -> Iterator[Executor]:
    with ThreadPoolExecutor(max_workers=1) as executor:
        yield executor


def document(number: str) -> Document:
    return Document(DocumentType.RESIDENT_ID, number)


def written(format_: Format, number: str, level: Level = Level.LOW) -> bytes:
    code = HealthCode(NOW_MS - 3_600_000, level, State.ACTIVE)
    return format_.encode(format_.member, document(number), code, {})


def misread(format_: Format) -> Format:
    """Return a format whose adapter knows no red: an adapter that has to be mended."""

    def blind(outcome: Outcome) -> Outcome:
        red = not isinstance(outcome, Rejected) and outcome.health_code.level is Level.HIGH
        return Rejected(Reason.UNKNOWN_STATUS, "status") if red else outcome

    def decode(*arguments: Any) -> list[Outcome]:
        return [blind(one) for one in format_.decode(*arguments)]

    class Reader:
        def __init__(self, *arguments: Any) -> None:
            self._inner = format_.reader(*arguments)

        def feed(self, chunk: bytes) -> list[Outcome]:
            return [blind(one) for one in self._inner.feed(chunk)]

        def finish(self) -> list[Outcome]:
            return [blind(one) for one in self._inner.finish()]

        def __getattr__(self, name: str) -> Any:
            return getattr(self._inner, name)

    return msgspec.structs.replace(format_, decode=decode, reader=Reader)


def csv_file(*numbers: str, levels: tuple[Level, ...]) -> bytes:
    files = [
        written(CSV, number, level).splitlines(keepends=True)
        for number, level in zip(numbers, levels, strict=True)
    ]
    return files[0][0] + b"".join(lines[1] for lines in files)


async def publish(
    setting: Setting, quarantine: Quarantine, format_: Format, *payloads: bytes
) -> Publication:
    publisher = setting.publisher(quarantine, misread(format_))
    return await publisher.publish_native(format_.member, format_.id, payloads)


async def replay(setting: Setting, quarantine: Quarantine, entries: list[Entry]) -> Any:
    replayer = Replayer(setting.publisher(quarantine), quarantine)
    return await replayer.replay(entries[0].member, [one.key for one in entries])


def stored_bytes(directory: Path) -> bytes:
    return b"".join(path.read_bytes() for path in directory.glob("exchange.sqlite*"))


GREEN, RED, ANOTHER_RED = resident(6_000), resident(6_001), resident(6_002)


async def test_a_line_that_cannot_be_read_is_set_aside_alone(setting: Setting) -> None:
    quarantine = setting.quarantine()
    payload = csv_file(GREEN, RED, GREEN, levels=(Level.LOW, Level.HIGH, Level.MEDIUM))
    publication = await publish(setting, quarantine, CSV, payload)
    (entry,) = await quarantine.entries("520000")
    assert publication == Publication(
        2, (Failure(0, 1, Reason.UNKNOWN_STATUS, "status", entry.key.hex()),)
    )
    head = entry.head
    assert (head.format_id, head.is_record, head.receive_time_ms) == (CSV.id, True, NOW_MS)
    assert head.expire_time_ms == NOW_MS + 7 * DAY_MS
    assert head.failures == (EntryFailure(1, Reason.UNKNOWN_STATUS, "status"),)
    ((_, content),) = (await quarantine.contents("520000", [entry.key])).values()
    assert content is not None
    header, line = content.splitlines(keepends=True)
    assert header + line == csv_file(RED, levels=(Level.HIGH,))
    assert head.content_bytes == len(content)


async def test_a_document_is_set_aside_as_a_whole(setting: Setting) -> None:
    quarantine = setting.quarantine()
    payload = written(STATUS, RED, Level.HIGH)
    publication = await publish(setting, quarantine, STATUS, written(STATUS, GREEN), payload)
    (entry,) = await quarantine.entries("510000")
    (failure,) = publication.failures
    assert (failure.payload_index, failure.entry) == (1, entry.key.hex())
    assert not entry.head.is_record
    ((_, content),) = (await quarantine.contents("510000", [entry.key])).values()
    assert content == payload


async def test_a_file_that_fails_as_a_whole_is_set_aside_as_a_whole(setting: Setting) -> None:
    quarantine = setting.quarantine()
    payload = written(PIPE, GREEN).replace(b"TRL|1", b"TRL|2")
    publication = await publish(setting, quarantine, PIPE, payload)
    assert publication.accepted_count == 0
    (entry,) = await quarantine.entries("120000")
    assert (entry.head.is_record, entry.head.content_bytes) == (False, len(payload))
    assert entry.head.failures[0].reason is Reason.MALFORMED_PAYLOAD


@pytest.mark.parametrize("cut", [1, 40, 90, 150])
async def test_a_stream_sets_the_same_lines_aside_wherever_it_is_cut(
    setting: Setting, cut: int
) -> None:
    quarantine = setting.quarantine()
    publisher = setting.publisher(quarantine, misread(CSV))
    payload = csv_file(GREEN, RED, ANOTHER_RED, levels=(Level.LOW, Level.HIGH, Level.HIGH))
    intake = Intake(publisher, "520000", misread(CSV), Resume())
    failures: list[Failure] = []
    last = None
    for chunk in (payload[:cut], payload[cut:]):
        batch = await intake.chunk(chunk)
        failures += await publisher.keep("520000", batch.judged, NOW_MS)
    last = await intake.finish()
    assert last is not None
    failures += await publisher.keep("520000", last.judged, NOW_MS)
    assert [one.index for one in failures] == [1, 2]
    found = await quarantine.contents("520000", [bytes.fromhex(one.entry) for one in failures])
    assert [content for _, content in found.values()] == [
        csv_file(RED, levels=(Level.HIGH,)),
        csv_file(ANOTHER_RED, levels=(Level.HIGH,)),
    ]


@pytest.mark.parametrize(
    "payload",
    [
        b'{"code":500,"message":"no"}',
        b'{"errorCode":"1","data":null}',
    ],
)
async def test_what_says_that_there_is_nothing_is_not_set_aside(
    setting: Setting, payload: bytes
) -> None:
    quarantine = setting.quarantine()
    (outcome,) = FORMATS["410000-status-v1"].decode(payload, NOW_MS, {})
    publication = await publish(setting, quarantine, FORMATS["410000-status-v1"], payload)
    assert isinstance(outcome, Rejected)
    kept = len(await quarantine.entries("410000"))
    unreadable = outcome.reason not in {Reason.UPSTREAM_ERROR, Reason.NO_RECORD}
    assert (kept, bool(publication.failures[0].entry)) == (unreadable, unreadable)


async def test_the_mended_adapter_reads_what_was_set_aside(setting: Setting) -> None:
    quarantine = setting.quarantine()
    payload = csv_file(RED, ANOTHER_RED, levels=(Level.HIGH, Level.HIGH))
    await publish(setting, quarantine, CSV, payload)
    entries = await quarantine.entries("520000")
    assert await setting.statements(RED) == 0
    setting.clock.now_ms += DAY_MS
    replayed = await replay(setting, quarantine, entries)
    assert (replayed.accepted_count, replayed.released_count, replayed.failures) == (2, 2, ())
    assert await quarantine.entries("520000") == []
    records = Records(setting.environment, quarantine, MemberFormats(FORMATS, {}))
    (statement,) = await records.list(SUBJECT_KEYS.subjects(document(RED)))
    assert statement.receive_time_ms == NOW_MS  # The original receipt, not that of the replay.


async def test_replaying_twice_changes_nothing(setting: Setting) -> None:
    quarantine = setting.quarantine()
    await publish(setting, quarantine, STATUS, written(STATUS, RED, Level.HIGH))
    entries = await quarantine.entries("510000")
    await replay(setting, quarantine, entries)
    again = await replay(setting, quarantine, entries)
    assert (again.accepted_count, again.released_count) == (0, 0)
    assert again.missing == (entries[0].key,)
    assert await setting.statements(RED) == 1


async def test_what_still_fails_stays(setting: Setting) -> None:
    quarantine = setting.quarantine()
    broken = written(STATUS, RED).replace(RED.encode(), b"1" * 18)
    await publish(setting, quarantine, STATUS, broken)
    entries = await quarantine.entries("510000")
    replayed = await replay(setting, quarantine, entries)
    (failure,) = replayed.failures
    assert failure.failure.reason is Reason.INVALID_DOCUMENT
    assert (replayed.accepted_count, replayed.released_count) == (0, 0)
    assert await quarantine.entries("510000") == entries


async def test_a_replay_never_brings_back_what_a_newer_statement_outdid(setting: Setting) -> None:
    quarantine = setting.quarantine()
    await publish(setting, quarantine, STATUS, written(STATUS, RED, Level.HIGH))
    newer = HealthCode(NOW_MS - 1_000, Level.LOW, State.ACTIVE)
    payload = STATUS.encode("510000", document(RED), newer, {})
    await setting.publisher(quarantine).publish_native("510000", STATUS.id, [payload])
    await replay(setting, quarantine, await quarantine.entries("510000"))
    records = Records(setting.environment, quarantine, MemberFormats(FORMATS, {}))
    (statement,) = await records.list(SUBJECT_KEYS.subjects(document(RED)))
    assert statement.health_code.level is Level.LOW


async def test_an_entry_without_its_key_stays_and_says_so(setting: Setting) -> None:
    quarantine = setting.quarantine()
    await publish(setting, quarantine, STATUS, written(STATUS, RED, Level.HIGH))
    entries = await quarantine.entries("510000")
    other = setting.quarantine(parse_sealing_keys("4:" + "11" * 16, "other.key"))
    replayed = await replay(setting, other, entries)
    assert replayed.failures == (ReplayFailure(entries[0].key, None),)
    assert await other.entries("510000") == entries


async def test_the_content_is_nowhere_in_the_store(setting: Setting, tmp_path: Path) -> None:
    quarantine = setting.quarantine()
    await publish(setting, quarantine, STATUS, written(STATUS, RED, Level.HIGH))
    stored = await asyncio.to_thread(stored_bytes, tmp_path)
    assert STATUS.id.encode() in stored
    assert RED.encode() not in stored


async def test_the_same_content_is_kept_once_with_its_first_receipt(setting: Setting) -> None:
    quarantine = setting.quarantine()
    payload = written(STATUS, RED, Level.HIGH)
    first = await publish(setting, quarantine, STATUS, payload)
    setting.clock.now_ms += DAY_MS
    second = await publish(setting, quarantine, STATUS, payload)
    assert first.failures == second.failures
    (entry,) = await quarantine.entries("510000")
    assert entry.head.receive_time_ms == NOW_MS


async def test_without_keys_nothing_is_kept_and_the_rest_works(setting: Setting) -> None:
    quarantine = setting.quarantine(None)
    publication = await publish(
        setting, quarantine, STATUS, written(STATUS, RED, Level.HIGH), written(STATUS, GREEN)
    )
    assert publication.accepted_count == 1
    assert [one.entry for one in publication.failures] == [""]
    assert await quarantine.entries("510000") == []


@pytest.mark.parametrize(
    "limits", [QuarantineLimits(entries_max=2), QuarantineLimits(bytes_max=2 * 250)]
)
async def test_beyond_the_room_of_a_member_nothing_is_kept(
    setting: Setting, limits: QuarantineLimits
) -> None:
    quarantine = setting.quarantine(limits=limits)
    payloads = [written(STATUS, resident(6_100 + at), Level.HIGH) for at in range(4)]
    assert 125 < len(payloads[0]) <= 250
    publication = await publish(setting, quarantine, STATUS, *payloads)
    kept = [bool(one.entry) for one in publication.failures]
    assert len(publication.failures) == 4
    assert kept == [True] * sum(kept) + [False] * (4 - sum(kept))
    entries = await quarantine.entries("510000")
    assert len(entries) == sum(kept) < 4
    assert sum(one.head.content_bytes for one in entries) <= limits.bytes_max
    # One member's flood is its own.
    await publish(setting, quarantine, CSV, csv_file(RED, levels=(Level.HIGH,)))
    assert len(await quarantine.entries("520000")) == 1


async def test_there_is_room_again_when_entries_are_discarded(setting: Setting) -> None:
    quarantine = setting.quarantine(limits=QuarantineLimits(entries_max=1))
    await publish(setting, quarantine, STATUS, written(STATUS, RED, Level.HIGH))
    (entry,) = await quarantine.entries("510000")
    assert await quarantine.remove("510000", [entry.key, b"\0" * 16]) == 1
    assert await quarantine.remove("510000", [entry.key]) == 0
    publication = await publish(
        setting, quarantine, STATUS, written(STATUS, ANOTHER_RED, Level.HIGH)
    )
    assert publication.failures[0].entry


async def test_an_entry_past_its_time_is_hidden_and_swept(setting: Setting) -> None:
    quarantine = setting.quarantine()
    await publish(setting, quarantine, STATUS, written(STATUS, RED, Level.HIGH))
    (entry,) = await quarantine.entries("510000")
    setting.clock.now_ms += 7 * DAY_MS - 1
    assert await quarantine.sweep() == 0
    assert await quarantine.entries("510000") == [entry]
    setting.clock.now_ms += 1
    assert await quarantine.entries("510000") == []
    assert await quarantine.contents("510000", [entry.key]) == {}
    assert await quarantine.sweep() == 1
    assert await setting.store.quarantine.heads("510000") == ()


async def test_a_longer_time_limit_brings_nothing_back_and_a_shorter_one_acts_at_once(
    setting: Setting,
) -> None:
    await publish(setting, setting.quarantine(), STATUS, written(STATUS, RED, Level.HIGH))
    setting.clock.now_ms += 2 * DAY_MS
    assert await setting.quarantine(limits=QuarantineLimits(days=1)).entries("510000") == []
    setting.clock.now_ms += 6 * DAY_MS
    assert await setting.quarantine(limits=QuarantineLimits(days=30)).entries("510000") == []


@pytest.mark.parametrize("by_document", [True, False])
async def test_erasing_a_person_covers_quarantine_and_a_replay_brings_nothing_back(
    setting: Setting, *, by_document: bool
) -> None:
    quarantine = setting.quarantine()
    payloads = [written(STATUS, one, Level.HIGH) for one in (RED, ANOTHER_RED)]
    await publish(setting, quarantine, STATUS, *payloads)
    entries = await quarantine.entries("510000")
    records = Records(setting.environment, quarantine, MemberFormats(FORMATS, {}))
    subjects = frozenset(SUBJECT_KEYS.subjects(document(RED)))
    erased = await records.erase(Person(subjects, document(RED) if by_document else None))
    assert (erased.statement_count, erased.entry_count) == (0, 1)
    await replay(setting, quarantine, entries)
    assert await setting.statements(RED) == 0
    assert await setting.statements(ANOTHER_RED) == 1


async def test_erasing_takes_away_what_nobody_can_look_into(setting: Setting) -> None:
    quarantine = setting.quarantine()
    await publish(setting, quarantine, STATUS, written(STATUS, RED, Level.HIGH))
    blind = setting.quarantine(parse_sealing_keys("4:" + "11" * 16, "other.key"))
    records = Records(setting.environment, blind, MemberFormats(FORMATS, {}))
    erased = await records.erase(Person(frozenset({b"\1" * 17}), document(GREEN)))
    assert erased.entry_count == 1


def test_formats_that_encrypt_are_such() -> None:
    formats = MemberFormats(FORMATS, {})
    assert formats.is_opaque("220000-sealed-v1")
    assert formats.is_opaque("990000-gone-v1")
    assert not formats.is_opaque(STATUS.id)
