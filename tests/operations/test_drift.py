"""Counts of several workers come together in the store, and old ones go."""

import msgspec

from exchange.core.outcome import Reason
from exchange.core.publication import Failure
from exchange.operations.drift import Drift
from exchange.operations.judged import Judged
from exchange.stores.base import Store
from tests.server_fixture import NOW_MS, SetClock

HOUR_MS = 3_600_000
FORMAT = "510000-status-v1"


def judged(accepted: int, unknown: int = 0) -> Judged:
    failures = [Failure(0, at, Reason.UNKNOWN_STATUS, "data.zt") for at in range(unknown)]
    levels = (0, accepted, 0, 0, 0)
    return Judged(
        (), accepted, tuple(failures), format_id=FORMAT, levels=levels, newest_as_of_ms=NOW_MS
    )


async def test_counts_of_all_workers_and_of_both_hours_add_up(store: Store) -> None:
    clock = SetClock()
    one, other = Drift(store, clock, "one"), Drift(store, clock, "other")
    one.count("510000", judged(10, 2))
    other.count("510000", judged(5))
    await other.flush()
    other.count("510000", judged(5))
    await other.flush()
    clock.now_ms += HOUR_MS
    one.count("510000", judged(1))
    found = [one for one in await one.health(("510000",)) if one.recent.records]
    (health,) = found
    assert (health.format_id, health.recent.accepted) == (FORMAT, 21)
    assert health.recent.failures == {"UNKNOWN_STATUS data.zt": 2}
    assert health.recent.levels == (0, 21, 0, 0, 0)
    assert health.recent.newest_as_of_ms == NOW_MS


async def test_an_hour_left_before_unknown_fields_were_counted_is_read(store: Store) -> None:
    clock = SetClock()
    drift = Drift(store, clock, "one")
    old = b'{"accepted":3,"failures":{},"levels":[0,3,0,0,0],"newest_as_of_ms":5}'
    key = f"{NOW_MS // HOUR_MS}-other"
    await store.set_shelf_item(f"drift/510000/{FORMAT}", key, old, expected=0)
    drift.count("510000", msgspec.structs.replace(judged(1), unknown_fields=2))
    drift.count("510000", msgspec.structs.replace(judged(1), unknown_fields=1))
    (health,) = [one for one in await drift.health(("510000",)) if one.recent.records]
    assert (health.recent.accepted, health.recent.unknown_fields) == (5, 3)


async def test_old_hours_are_taken_away(store: Store) -> None:
    clock = SetClock()
    drift = Drift(store, clock, "one")
    drift.count("510000", judged(1))
    await drift.flush()
    clock.now_ms += 30 * HOUR_MS
    drift.count("510000", judged(1))
    await drift.flush()
    assert len(await store.shelf(f"drift/510000/{FORMAT}")) == 1


async def test_a_write_whose_answer_was_lost_is_not_counted_twice(store: Store) -> None:
    clock = SetClock()
    drift = Drift(store, clock, "one")
    drift.count("510000", judged(1))
    # What the lost write left: this worker does not know of it.
    key = f"{NOW_MS // HOUR_MS}-one"
    await store.set_shelf_item(f"drift/510000/{FORMAT}", key, b"{}", expected=0)
    await drift.flush()
    await drift.flush()
    (health,) = [one for one in await drift.health(("510000",)) if one.recent.records]
    assert health.recent.accepted == 1
