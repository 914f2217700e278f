"""What the store remembers between starts: subject keys and the horizon."""

from pathlib import Path

import pytest

from exchange.api.v1 import health_code_service_pb2 as service_pb
from exchange.core.errors import StartError
from tests.people import resident
from tests.server_fixture import (
    KEY_LINE,
    NOW_MS,
    OPERATOR,
    RunningExchange,
    SetClock,
    StartExchange,
    document,
    record,
)

DAY_MS = 86_400_000
OTHER_KEY = "2:" + "cd" * 32


async def test_a_start_with_the_same_key_finds_what_was_kept(start_exchange: StartExchange) -> None:
    first = await start_exchange()
    await first.client().publish_records("510000", record(resident(1)))
    second = await start_exchange()
    assert len((await second.client().listed(resident(1))).health_codes) == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1:" + "cd" * 32, "not the one this store was written with"),
        (OTHER_KEY, "missing in the key file"),
        ("1:" + "ab" * 16, "at least 32"),
        ("", "holds no key"),
    ],
)
async def test_a_start_with_a_wrong_short_or_missing_key_is_refused(
    start_exchange: StartExchange, tmp_path: Path, text: str, says: str
) -> None:
    await start_exchange()
    (tmp_path / "other.key").write_text(text)
    with pytest.raises(StartError, match=says):
        await start_exchange(subject_key_file=tmp_path / "other.key")


async def test_a_start_without_a_key_file_is_refused(
    start_exchange: StartExchange, tmp_path: Path
) -> None:
    await start_exchange()
    (tmp_path / "subject.key").rename(tmp_path / "mislaid.key")
    (tmp_path / "folder").mkdir()
    with pytest.raises(StartError, match="cannot be read"):
        await start_exchange(subject_key_file=tmp_path / "folder")


async def test_after_a_rotation_old_statements_are_found_and_new_ones_use_the_new_key(
    start_exchange: StartExchange, tmp_path: Path
) -> None:
    first = await start_exchange()
    await first.client().publish_records("510000", record(resident(1), "HIGH"))
    (tmp_path / "two.key").write_text(f"{KEY_LINE}\n{OTHER_KEY}\n")
    second = await start_exchange(subject_key_file=tmp_path / "two.key")
    client = second.client()
    assert (await client.check(resident(1))).decision.level == 4
    newer = record(resident(1), "LOW", second.clock.now_ms - 1)
    await client.publish_records("510000", newer)
    (one,) = (await client.listed(resident(1))).health_codes
    assert one.level == one.LOW
    assert one.name.startswith("subjects/02")


async def test_what_was_erased_in_a_rotation_does_not_come_back_under_the_new_key(
    start_exchange: StartExchange, tmp_path: Path
) -> None:
    first = await start_exchange()
    said = record(resident(1), "HIGH")
    await first.client().publish_records("510000", said)
    (tmp_path / "two.key").write_text(f"{KEY_LINE}\n{OTHER_KEY}\n")
    second = await start_exchange(subject_key_file=tmp_path / "two.key")
    client = second.client()
    operator = second.client(OPERATOR)
    erased = await operator.health_codes.EraseHealthCodes(
        service_pb.EraseHealthCodesRequest(parent="subjects/-", document=document(resident(1))),
        metadata=operator.metadata,
    )
    await client.publish_records("510000", said)
    assert erased.erased_count == 1
    assert (await client.listed(resident(1))).health_codes == []
    await client.publish_records("510000", record(resident(1), "LOW", second.clock.now_ms - 1))
    (one,) = (await client.listed(resident(1))).health_codes
    assert one.level == one.LOW


async def test_an_old_key_may_leave_once_its_statements_have_aged_out(
    start_exchange: StartExchange, tmp_path: Path
) -> None:
    await start_exchange()
    (tmp_path / "two.key").write_text(f"{KEY_LINE}\n{OTHER_KEY}\n")
    await start_exchange(subject_key_file=tmp_path / "two.key")
    (tmp_path / "new.key").write_text(OTHER_KEY)
    with pytest.raises(StartError, match="generation 1"):
        await start_exchange(subject_key_file=tmp_path / "new.key")
    later = SetClock(NOW_MS + 181 * DAY_MS)
    await start_exchange(later, subject_key_file=tmp_path / "new.key")


async def _levels(running: RunningExchange) -> list[int]:
    return [one.level for one in (await running.client().listed(resident(1))).health_codes]


async def test_what_is_past_retention_is_hidden_when_read_and_refused_when_published(
    start_exchange: StartExchange,
) -> None:
    running = await start_exchange(retention_days=10)
    edge = record(resident(1), "HIGH", NOW_MS - 10 * DAY_MS)
    client = running.client()
    assert (await client.publish_records("510000", edge)).accepted_count == 1
    assert await _levels(running) == [4]
    running.clock.now_ms += 1
    assert await _levels(running) == []
    answer = await client.publish_records("510000", edge)
    (failure,) = answer.failures
    assert failure.Reason.Name(failure.reason) == "PAST_RETENTION"
    assert failure.field == "health_code.as_of_time"


async def test_shortening_retention_acts_at_once_and_lengthening_never_revives(
    start_exchange: StartExchange,
) -> None:
    clock = SetClock()
    long = await start_exchange(clock, retention_days=100)
    await long.client().publish_records("510000", record(resident(1), "HIGH", NOW_MS - 50 * DAY_MS))
    assert await _levels(long) == [4]
    short = await start_exchange(clock, retention_days=40)
    assert await _levels(short) == []
    again = await start_exchange(clock, retention_days=100)
    assert await _levels(again) == []
    answer = await again.client().publish_records(
        "510000", record(resident(1), "HIGH", NOW_MS - 45 * DAY_MS)
    )
    assert answer.accepted_count == 0
    later = record(resident(1), "MEDIUM", NOW_MS - 39 * DAY_MS)
    assert (await again.client().publish_records("510000", later)).accepted_count == 1
    clock.now_ms += 60 * DAY_MS
    assert await _levels(again) == [2]
