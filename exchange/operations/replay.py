"""Replaying quarantine: what was set aside is read by the adapter of today and judged anew.

The receive time is the original one, so a replay gives what the publication would have given, had
the adapter been right then; replaying twice changes nothing. Retention is that of today: what has
become too old meanwhile is not kept.
"""

from collections.abc import Sequence

import msgspec

from exchange.core.errors import FormatKeyMissingError, NotFoundError
from exchange.core.outcome import Outcome
from exchange.core.quarantine import Entry, EntryFailure
from exchange.operations.judged import Judged, Place
from exchange.operations.publish import Publisher
from exchange.operations.quarantine import Quarantine


class ReplayFailure(msgspec.Struct, frozen=True):
    """A record that is still not accepted; its entry stays.

    Attributes:
        key: Of the entry.
        failure: What is wrong with the record now; None where the content cannot be unsealed or
            its format cannot be read any more.
    """

    key: bytes
    failure: EntryFailure | None


class Replayed(msgspec.Struct, frozen=True):
    """What became of a replay.

    Attributes:
        accepted_count: Records that were accepted.
        released_count: Entries that left quarantine.
        failures: Records that were not accepted.
        missing: Keys of entries that are not there.
    """

    accepted_count: int
    released_count: int
    failures: tuple[ReplayFailure, ...]
    missing: tuple[bytes, ...]


class Replayer:
    """Replays entries."""

    def __init__(self, publisher: Publisher, quarantine: Quarantine) -> None:
        self._publisher = publisher
        self._quarantine = quarantine

    async def replay(self, member: str, keys: Sequence[bytes]) -> Replayed:
        """Read entries again; what is accepted is kept and leaves quarantine.

        An entry leaves as a whole: a payload stays while one of its records fails, and the
        others are accepted each time without effect.

        Raises:
            StoreError: Not everything is known to be durable; replaying again is safe.
        """
        found = await self._quarantine.contents(member, keys)
        accepted = 0
        released: list[bytes] = []
        failures: list[ReplayFailure] = []
        for key, (entry, content) in found.items():
            judged = None if content is None else await self._judge(entry, content)
            if judged is None:
                failures.append(ReplayFailure(key, None))
                continue
            await self._publisher.write(judged)
            accepted += judged.accepted_count
            failures += [
                ReplayFailure(key, EntryFailure(one.index, one.reason, one.field))
                for one in judged.failures
            ]
            if not judged.failures:
                released.append(key)
        # Only after all is durable: a replay that breaks off leaves the entry where it was.
        await self._quarantine.remove(member, released)
        missing = tuple(key for key in keys if key not in found)
        return Replayed(accepted, len(released), tuple(failures), missing)

    async def _judge(self, entry: Entry, content: bytes) -> Judged | None:
        return await self._publisher.in_intake(self._read, entry, content)

    def _read(self, entry: Entry, content: bytes) -> Judged | None:
        head = entry.head
        try:
            found = self._publisher.formats.of(entry.member, head.format_id)
        except (NotFoundError, FormatKeyMissingError):
            return None
        keys = self._publisher.formats.keys_of(found.id)
        index = 0
        outcomes: list[Outcome]
        if head.is_record:
            if found.decode_record is None:
                return None
            outcomes = [found.decode_record(content, head.receive_time_ms, keys)]
            index = head.failures[0].index
        else:
            outcomes = found.decode(content, head.receive_time_ms, keys)
        place = Place(index=index, as_of_field=found.as_of_field)
        return self._publisher.judge(entry.member, outcomes, head.receive_time_ms, place)
