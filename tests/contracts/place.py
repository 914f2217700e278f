"""Where a store keeps its things, as the contract needs to know it."""

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from exchange.core.statement import Entry, Row
from exchange.stores.base import SchemaStep, Store, SweepProgress

AS_OF_MS = 1_648_771_200_000
"""Of most entries; the contract knows no clock."""


class Place(Protocol):
    """A database. Picklable, so that another process can open the same one."""

    def open(self) -> Store:
        """Return another store on the same data, not yet connected."""

    def record_step(self, step: SchemaStep) -> None:
        """Note a step as applied, as another release would."""

    def lose_schema(self) -> None:
        """Take the table of applied steps away."""


def entry(
    subject: bytes,
    *,
    at: int = 0,
    value: bytes = b"value",
    issuer: str = "510000",
    via: str | None = None,
    rank: int = 1,
) -> Entry:
    """Build an entry ``at`` milliseconds after the usual instant."""
    time = (AS_OF_MS + at) * 1000 + rank
    return Entry(subject, issuer, issuer if via is None else via, time, value)


def subjects_of(name: str) -> Callable[[object], bytes]:
    """Return a source of 17-byte subjects that no other test uses."""

    def subject(index: object = 0) -> bytes:
        return b"\x01" + hashlib.sha256(f"{name} {index}".encode()).digest()[:16]

    return subject


def rows_of(entries: Iterable[Entry], subject: bytes) -> set[Row]:
    """Return what a reader sees of a subject when exactly these entries are kept."""
    return {(e.issuer, e.via, e.value) for e in entries if e.subject == subject and e.value}


async def seen(store: Store, subject: bytes) -> set[Row]:
    """Read one subject; a failed read fails the test."""
    (answer,) = await store.read([subject])
    assert isinstance(answer, tuple)
    assert len(set(answer)) == len(answer)
    return set(answer)


async def swept(store: Store, horizon_ms: int) -> list[SweepProgress]:
    """Sweep to the end and return each progress."""
    return [progress async for progress in store.sweep(horizon_ms)]


async def write_through(place: Place, writes: Sequence[Sequence[Entry]]) -> None:
    """Open a store of one's own and make some writes, all at once."""
    store = place.open()
    await store.connect()
    try:
        await asyncio.gather(*(store.write(entries) for entries in writes))
    finally:
        await store.close()


def write_in_own_loop(place: Place, writes: Sequence[Sequence[Entry]]) -> None:
    """Do the same in a thread or process that has no event loop yet."""
    asyncio.run(write_through(place, writes))
