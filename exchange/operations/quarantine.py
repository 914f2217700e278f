"""The quarantine: keeping what no adapter could read, for a bounded time and in bounded room.

An entry is named after its content, so that a member that sends the same broken file again fills no
room, and the first receipt counts. Entries have two limits of age: the setting when they came and
the setting of today; the earlier one hides them, so lengthening it never brings anything back.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from exchange.core.errors import StoreError
from exchange.core.members import MEMBERS
from exchange.core.quarantine import (
    CONTENT_BYTES_MAX,
    FAILURES_MAX,
    Entry,
    EntryHead,
    SetAside,
    belongs_to,
    decode_entry,
    encode_head,
)
from exchange.core.sealing import Randomness, SealingKeys, UnsealError
from exchange.core.subject import SubjectKeys
from exchange.core.times import DAY_MS, beijing_date
from exchange.core.traces import Person, Search
from exchange.metrics import QUARANTINE_ENTRIES, QUARANTINE_KEPT, QUARANTINE_REFUSED
from exchange.operations.clock import Clock
from exchange.stores.quarantine import QuarantineRow, QuarantineStore

ROOM_FRESH_MS = 5_000
"""How long a worker goes by what it knows of a member's room. Other workers may fill it meanwhile,
so that the limit may be passed by what all of them take in within this time."""

LOOK_SECONDS = 10.0
"""From one look at how much waits to the next: a read of one partition, for one member."""

SEARCHED_AT_ONCE = 50
"""Entries that are read together when a person is looked for."""


DAYS_MAX = 30
"""The longest time limit there may be."""


class QuarantineLimits(msgspec.Struct, frozen=True):
    """How much is kept for how long.

    Attributes:
        days: After the receipt.
        entries_max: Of one member.
        bytes_max: Of one member, contents only.
    """

    days: int = 7
    entries_max: int = 10_000
    bytes_max: int = 32 << 20


class _Room(msgspec.Struct):
    """What a worker knows of a member's entries."""

    read_ms: int
    keys: set[bytes]
    content_bytes: int


class Quarantine:
    """Keeps, shows and removes entries."""

    def __init__(
        self,
        store: QuarantineStore,
        keys: SealingKeys | None,
        limits: QuarantineLimits,
        clock: Clock,
        randomness: Randomness,
    ) -> None:
        """Take what the quarantine works with.

        Args:
            store: Where sealed entries are kept.
            keys: To seal and unseal; None: nothing is kept.
            limits: How much for how long.
            clock: The instant now.
            randomness: For nonces.
        """
        for metric in (QUARANTINE_KEPT, QUARANTINE_REFUSED):
            metric.begin(*((one.code,) for one in MEMBERS))
        self._store = store
        self._keys = keys
        self._limits = limits
        self._clock = clock
        self._randomness = randomness
        self._rooms: dict[str, _Room] = {}

    @property
    def keys(self) -> SealingKeys | None:
        """What seals and names entries; None: nothing is kept."""
        return self._keys

    async def keep(
        self, member: str, wanted: Sequence[SetAside], receive_time_ms: int
    ) -> frozenset[bytes]:
        """Keep what there is room for; return the keys of what is kept now.

        Raises:
            StoreError: Not all is known to be durable; keeping it again is safe.
        """
        if not wanted or self._keys is None:
            return frozenset()
        room = await self._room(member)
        chosen = self._choose(room, member, wanted)
        sealed = await asyncio.to_thread(self._seal, member, chosen, receive_time_ms)
        await self._store.add(member, sealed)
        for one in chosen:
            room.keys.add(one.key)
            room.content_bytes += len(one.content)
        QUARANTINE_KEPT.add((member,), len(chosen))
        return frozenset(one.key for one in wanted if one.key in room.keys)

    def _choose(self, room: _Room, member: str, wanted: Sequence[SetAside]) -> list[SetAside]:
        chosen: list[SetAside] = []
        entries, content_bytes = len(room.keys), room.content_bytes
        for one in {one.key: one for one in wanted}.values():
            if one.key in room.keys:
                continue
            size = len(one.content)
            fits = entries < self._limits.entries_max
            fits = fits and content_bytes + size <= self._limits.bytes_max
            if not fits or size > CONTENT_BYTES_MAX:
                QUARANTINE_REFUSED.add((member,))
                continue
            chosen.append(one)
            entries += 1
            content_bytes += size
        return chosen

    def _seal(
        self, member: str, chosen: Iterable[SetAside], receive_time_ms: int
    ) -> list[QuarantineRow]:
        assert self._keys is not None  # noqa: S101 - keep() has seen to it.
        expire_time_ms = receive_time_ms + self._limits.days * DAY_MS
        rows = []
        for one in chosen:
            head = EntryHead(
                one.format_id,
                one.is_record,
                receive_time_ms,
                expire_time_ms,
                len(one.content),
                len(one.failures),
                one.failures[:FAILURES_MAX],
            )
            place = belongs_to(member, one.key)
            sealed = self._keys.seal(one.content, place, self._randomness)
            rows.append(QuarantineRow(one.key, encode_head(head), sealed))
        return rows

    async def _room(self, member: str) -> _Room:
        room = self._rooms.get(member)
        if room is None or not 0 <= self._clock() - room.read_ms < ROOM_FRESH_MS:
            entries = await self.entries(member)
            content_bytes = sum(one.head.content_bytes for one in entries)
            room = _Room(self._clock(), {one.key for one in entries}, content_bytes)
            self._rooms[member] = room
        return room

    async def entries(self, member: str) -> list[Entry]:
        """Return the entries of a member that are not past their time, the oldest first.

        Raises:
            StoreError: They cannot be read.
        """
        shown, _ = self._sorted_out(member, await self._store.heads(member))
        QUARANTINE_ENTRIES.set(len(shown), (member,))
        return sorted(shown, key=lambda one: (one.head.receive_time_ms, one.key))

    async def follow(self) -> None:
        """Look how much waits, at one member after another, until cancelled."""
        for member in itertools.cycle(MEMBERS):
            await asyncio.sleep(LOOK_SECONDS)
            with contextlib.suppress(StoreError):  # Others say that it does not answer.
                await self.entries(member.code)

    def _sorted_out(
        self, member: str, heads: Iterable[tuple[bytes, bytes]]
    ) -> tuple[list[Entry], list[bytes]]:
        """Part entries that are shown from the keys of those past their time."""
        now_ms = self._clock()
        oldest_ms = now_ms - self._limits.days * DAY_MS
        shown: list[Entry] = []
        past: list[bytes] = []
        for key, head in heads:
            try:
                entry = decode_entry(member, key, head)
            except ValueError:
                past.append(key)  # Nobody can tell what it is or how old.
                continue
            if entry.head.receive_time_ms >= oldest_ms and entry.head.expire_time_ms > now_ms:
                shown.append(entry)
            else:
                past.append(key)
        return shown, past

    async def contents(
        self, member: str, keys: Sequence[bytes]
    ) -> Mapping[bytes, tuple[Entry, bytes | None]]:
        """Return entries with their contents; None for one whose key is not at hand.

        What is not there or past its time is left out.

        Raises:
            StoreError: They cannot be read.
        """
        rows = {row.key: row for row in await self._store.read(member, keys)}
        shown, _ = self._sorted_out(member, ((row.key, row.head) for row in rows.values()))
        return {one.key: (one, self._unsealed(one, rows[one.key].sealed)) for one in shown}

    def _unsealed(self, entry: Entry, sealed: bytes) -> bytes | None:
        if self._keys is None:
            return None
        try:
            return self._keys.unseal(sealed, belongs_to(entry.member, entry.key))
        except UnsealError:
            return None

    async def remove(self, member: str, keys: Sequence[bytes]) -> int:
        """Remove entries; return how many were there.

        Raises:
            StoreError: Not all are known to be gone; removing them again is safe.
        """
        there = {one.key for one in await self.entries(member)} & set(keys)
        await self._store.remove(member, sorted(there))
        self._rooms.pop(member, None)
        return len(there)

    async def erase(
        self, person: Person, subject_keys: SubjectKeys, is_opaque: Callable[[str], bool]
    ) -> int:
        """Remove every entry that might be about a person; return how many.

        Args:
            person: Whom to look for.
            subject_keys: To turn numbers into subjects.
            is_opaque: Tells of a format that its payloads hide numbers: its entries are all
                removed, and so is what cannot be unsealed.

        Raises:
            StoreError: Not all are known to be gone; erasing again is safe.
        """
        search = Search(person, subject_keys, beijing_date(self._clock()))

        def about(entry: Entry, content: bytes | None) -> bool:
            return content is None or is_opaque(entry.head.format_id) or search.mentions(content)

        erased = 0
        for member in MEMBERS:
            keys = [key for key, _ in await self._store.heads(member.code)]
            for start in range(0, len(keys), SEARCHED_AT_ONCE):
                part = keys[start : start + SEARCHED_AT_ONCE]
                rows = await self._store.read(member.code, part)
                found = await asyncio.to_thread(self._search, member.code, rows, about)
                await self._store.remove(member.code, found)
                erased += len(found)
            self._rooms.pop(member.code, None)
        return erased

    def _search(
        self,
        member: str,
        rows: Iterable[QuarantineRow],
        about: Callable[[Entry, bytes | None], bool],
    ) -> list[bytes]:
        """Return the keys of rows that have to go; those past their time are looked at too."""
        found = []
        for row in rows:
            try:
                entry = decode_entry(member, row.key, row.head)
            except ValueError:
                found.append(row.key)
                continue
            if about(entry, self._unsealed(entry, row.sealed)):
                found.append(row.key)
        return found

    async def sweep(self) -> int:
        """Remove what is past its time; return how many entries that were.

        Raises:
            StoreError: It does not answer; run it again.
        """
        removed = 0
        for member in MEMBERS:
            _, past = self._sorted_out(member.code, await self._store.heads(member.code))
            await self._store.remove(member.code, past)
            removed += len(past)
        return removed
