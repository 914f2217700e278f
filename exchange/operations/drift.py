"""Counting drift: each worker adds up its own hours and leaves them in the store now and then.

An item of a shelf belongs to one worker and one hour, so workers never wait for each other, and
whoever reads adds them up. Counts of the last seconds of the other workers may be missing, and
those of a worker that was killed; nothing is decided by them.
"""

import asyncio

import msgspec
import structlog

from exchange.core.drift import (
    RECENT_HOURS,
    USUAL_HOURS,
    FormatHealth,
    Tally,
    add,
    failure_name,
    health,
)
from exchange.core.errors import StoreError
from exchange.core.health_code import Level
from exchange.core.members import MEMBERS
from exchange.core.times import HOUR_MS
from exchange.metrics import ACCEPTED_LEVELS, UNKNOWN_FIELDS
from exchange.operations.clock import Clock
from exchange.operations.judged import Judged
from exchange.stores.base import Store

FLUSH_SECONDS = 20.0
"""What others may not see yet; each flush is one small write for a format that was used."""
FAILURE_NAMES_MAX = 200
"""Reasons and fields told apart in one hour of a format: more than any field table has."""

_log = structlog.get_logger("exchange.drift")


class _Hour(msgspec.Struct):
    """One hour of one format, as far as this worker saw it."""

    tally: Tally
    version: int = 0
    dirty: bool = True


class Drift:
    """Counts for one worker. For its event loop only."""

    def __init__(self, store: Store, clock: Clock, worker: str) -> None:
        """Begin with nothing counted.

        Args:
            store: Where counts are left.
            clock: The instant now.
            worker: A name that no other worker has or had.
        """
        self._store = store
        self._clock = clock
        self._worker = worker
        self._hours: dict[tuple[str, str, int], _Hour] = {}
        UNKNOWN_FIELDS.begin(*((one.code, name) for one in MEMBERS for name in one.formats))

    def count(self, member: str, judged: Judged) -> None:
        """Count what was judged and kept."""
        for level, accepted in zip(Level, judged.levels, strict=True):
            if accepted:
                ACCEPTED_LEVELS.add((member, judged.format_id, level.name), accepted)
        if judged.unknown_fields:
            UNKNOWN_FIELDS.add((member, judged.format_id), judged.unknown_fields)
        failures: dict[str, int] = {}
        for one in judged.failures:
            name = failure_name(one.reason, one.field)
            failures[name] = failures.get(name, 0) + 1
        new = Tally(
            judged.accepted_count,
            failures,
            judged.levels,
            judged.newest_as_of_ms,
            judged.unknown_fields,
        )
        key = (member, judged.format_id, self._clock() // HOUR_MS)
        hour = self._hours.get(key)
        if hour is None:
            self._hours[key] = _Hour(new)
            return
        hour.tally = _bounded(add((hour.tally, new)))
        hour.dirty = True

    async def follow(self) -> None:
        """Leave the counts in the store, again and again until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            try:
                await self.flush()
            except StoreError as error:
                _log.warning("drift_not_kept", reason=error.reason)

    async def flush(self) -> None:
        """Leave the counts in the store, and forget hours that no longer count.

        Raises:
            StoreError: The store does not answer; the next flush leaves everything.
        """
        oldest = self._clock() // HOUR_MS - RECENT_HOURS - USUAL_HOURS
        for (member, format_id, at), hour in list(self._hours.items()):
            if hour.dirty:
                await self._leave(member, format_id, at, hour)
            if at < oldest:
                del self._hours[member, format_id, at]

    async def _leave(self, member: str, format_id: str, at: int, hour: _Hour) -> None:
        shelf, key = _shelf(member, format_id), f"{at}-{self._worker}"
        if hour.version == 0:
            await self._clean(shelf, at)
        value = msgspec.json.encode(hour.tally)
        hour.dirty = False
        try:
            done = await self._store.set_shelf_item(shelf, key, value, expected=hour.version)
        except StoreError:
            hour.dirty = True
            raise
        if done:
            hour.version += 1
            return
        # An earlier write whose answer was lost did come about.
        there = await self._store.shelf_item(shelf, key)
        hour.version = there.version if there is not None else 0
        hour.dirty = True

    async def _clean(self, shelf: str, at: int) -> None:
        """Take hours away that count no longer; once an hour for each worker and format."""
        for item in await self._store.shelf(shelf):
            if int(item.key.partition("-")[0]) < at - RECENT_HOURS - USUAL_HOURS:
                await self._store.remove_shelf_item(shelf, item.key)

    async def health(self, members: tuple[str, ...]) -> list[FormatHealth]:
        """Return how the formats of members do, with all that workers have left by now.

        Raises:
            StoreError: The counts cannot be read.
        """
        await self.flush()
        chosen = [member for member in MEMBERS if member.code in members]
        return [
            await self._of_format(member.code, format_id)
            for member in chosen
            for format_id in (*member.formats, "")
        ]

    async def _of_format(self, member: str, format_id: str) -> FormatHealth:
        items = await self._store.shelf(_shelf(member, format_id))
        by_hour = [
            (int(item.key.partition("-")[0]), msgspec.json.decode(item.value, type=Tally))
            for item in items
        ]
        return health(member, format_id, by_hour, self._clock())


def _shelf(member: str, format_id: str) -> str:
    return f"drift/{member}/{format_id}"


def _bounded(tally: Tally) -> Tally:
    """Keep the most frequent failures apart; the rest would be fields that no table has."""
    if len(tally.failures) <= FAILURE_NAMES_MAX:
        return tally
    frequent = sorted(tally.failures.items(), key=lambda one: -one[1])[:FAILURE_NAMES_MAX]
    return msgspec.structs.replace(tally, failures=dict(frequent))
