"""The Cassandra store: event times as timestamps, so that every replica merges by itself.

Every write is idempotent and ordered by its own timestamp, so it can be sent again without harm.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from exchange.core.errors import (
    SchemaError,
    StoreError,
    StoreUnavailableError,
    ValueTooLargeError,
)
from exchange.core.statement import (
    ERASED,
    ERASED_RANK,
    VALUE_BYTES_MAX,
    Entry,
    Row,
    as_of_ms_of,
    write_time_us,
)
from exchange.stores.base import (
    MARK_BYTES_MAX,
    READ_SUBJECTS_MAX,
    SHELF_ITEM_BYTES_MAX,
    WRITE_ENTRIES_MAX,
    SchemaState,
    SchemaStep,
    ShelfItem,
    Store,
    SweepProgress,
    check_schema,
)
from exchange.stores.cassandra.cql import COMPONENT, Cql
from exchange.stores.cassandra.driver import Driver, Page, Statement
from exchange.stores.cassandra.grouping import read_groups, write_batches
from exchange.stores.cassandra.inflight import Calls, Requests
from exchange.stores.cassandra.quarantine import CassandraQuarantine
from exchange.stores.cassandra.ring import fraction, parts
from exchange.stores.cassandra.schema import create_keyspace, create_versions_table, steps_of
from exchange.stores.cassandra.settings import CassandraSettings, check_settings

ATTEMPTS_MAX = 3
"""Of one write: with the pauses between them they outlast a node's long garbage collection."""
PAUSE_SECONDS = 0.1
"""Before a second attempt; twice as long before the next."""
READS_IN_FLIGHT_MAX = 256
"""Reads on their way, apart from the writes, so that bulk intake does not hold lookups up."""
SWEEP_ROWS_MAX = 1_000
"""Rows of one page of a sweep."""
REMOVALS_MAX = 50
"""Removals of one request, as for writes."""


class CassandraStore(Store):
    """Keeps statements in a ring of nodes; any number of processes may share it."""

    name = "cassandra"

    def __init__(self, settings: CassandraSettings) -> None:
        check_settings(settings)
        self._settings = settings
        self._driver = Driver(settings)
        self._steps = steps_of(settings.keyspace)
        self._head = self._steps[-1].version
        self._cql = Cql(settings.keyspace)
        self._writes = Requests(settings.writes_in_flight)
        self._reads = Requests(READS_IN_FLIGHT_MAX)
        self._calls = Calls()
        self.quarantine = CassandraQuarantine(
            settings.keyspace, self._driver, self._calls, self._ask, self._repeated
        )

    async def connect(self) -> None:
        await self._driver.connect()
        self._calls.open()

    async def close(self) -> None:
        await self._calls.close()
        await self._driver.close()

    async def schema_state(self) -> SchemaState:
        try:
            rows = await self._ask(self._driver.simple(self._cql.schema_state, (COMPONENT,)))
        except SchemaError:
            return SchemaState(0, 0)  # No keyspace or no table of versions: an empty store.
        return SchemaState(*rows[0]) if rows else SchemaState(0, 0)

    async def migrate(self) -> tuple[SchemaStep, ...]:
        state = await self.schema_state()
        if state.compatible > self._head:
            check_schema(state, self._head)
        missing = tuple(step for step in self._steps if step.version > state.version)
        if state.version == 0:
            await self._driver.change_schema(create_keyspace(self._settings))
            await self._driver.change_schema(create_versions_table(self._settings.keyspace))
        for step in missing:
            for statement in step.statements:
                await self._driver.change_schema(statement)
            values = (COMPONENT, step.version, step.compatible, step.summary)
            await self._repeated(self._driver.simple, self._cql.record_step, values)
        return missing

    async def check(self) -> None:
        check_schema(await self.schema_state(), self._head)

    async def write(self, entries: Sequence[Entry]) -> None:
        if len(entries) > WRITE_ENTRIES_MAX:
            raise ValueError(f"A write has at most {WRITE_ENTRIES_MAX} entries.")
        if any(len(entry.value) > VALUE_BYTES_MAX for entry in entries):
            raise ValueTooLargeError(f"A value is over {VALUE_BYTES_MAX} bytes.")
        with self._calls.one():
            await self._put(entries)

    async def read(self, subjects: Sequence[bytes]) -> list[tuple[Row, ...] | StoreError]:
        if len(subjects) > READ_SUBJECTS_MAX:
            raise ValueError(f"A read has at most {READ_SUBJECTS_MAX} subjects.")
        with self._calls.one():
            if len(subjects) == 1:
                return [await self._read_one(subjects[0])]
            return await self._read_many(subjects)

    async def erase(self, subject: bytes) -> int:
        with self._calls.one():
            prepared = await self._driver.prepare(self._cql.read_times)
            rows = await self._ask(self._driver.bound(prepared, (subject,)))
            erased = [
                Entry(subject, issuer, via, write_time_us(as_of_ms_of(time), ERASED_RANK), ERASED)
                for issuer, via, value, time in rows
                if value != ERASED
            ]
            await self._put(erased)
            return len(erased)

    async def sweep(self, horizon_ms: int) -> AsyncIterator[SweepProgress]:
        scanned = removed = 0
        for start, end in parts(self._settings.sweep_range_count):
            place: bytes | None = None
            while True:
                with self._calls.one():
                    page = await self._sweep_page(start, end, place)
                    removed += await self._remove(page, horizon_ms)
                scanned += len(page.rows)
                place = page.place
                reached = end if place is None else page.rows[-1][0]
                yield SweepProgress(scanned, removed, fraction(reached))
                if place is None:
                    break

    async def mark(self, name: str) -> bytes | None:
        with self._calls.one():
            prepared = await self._driver.prepare(self._cql.read_mark)
            rows = await self._ask(self._driver.serial_read(prepared, (name,)))
            return rows[0][0] if rows else None

    async def set_mark(self, name: str, value: bytes, *, expected: bytes | None) -> bool:
        if len(value) > MARK_BYTES_MAX:
            raise ValueTooLargeError(f"A mark is over {MARK_BYTES_MAX} bytes.")
        with self._calls.one():
            # Not sent again when its outcome is unknown: a second answer could not tell
            # whether it was the first attempt or somebody else that set the mark.
            if expected is None:
                prepared = await self._driver.prepare(self._cql.add_mark, idempotent=False)
                statement = self._driver.conditional(prepared, (name, value))
            else:
                prepared = await self._driver.prepare(self._cql.replace_mark, idempotent=False)
                statement = self._driver.conditional(prepared, (value, name, expected))
            rows = (await self._writes.answer(lambda: self._driver.send(statement))).rows
            return bool(rows[0][0])

    async def shelf(self, name: str) -> tuple[ShelfItem, ...]:
        with self._calls.one():
            prepared = await self._driver.prepare(self._cql.read_shelf)
            rows = await self._ask(self._driver.serial_read(prepared, (name,)))
            return tuple(ShelfItem(*row) for row in rows)

    async def shelf_item(self, name: str, key: str) -> ShelfItem | None:
        with self._calls.one():
            prepared = await self._driver.prepare(self._cql.read_item)
            rows = await self._ask(self._driver.serial_read(prepared, (name, key)))
            return ShelfItem(*rows[0]) if rows else None

    async def set_shelf_item(self, name: str, key: str, value: bytes, *, expected: int) -> bool:
        if len(value) > SHELF_ITEM_BYTES_MAX:
            raise ValueTooLargeError(f"An item is over {SHELF_ITEM_BYTES_MAX} bytes.")
        if expected == 0:
            return await self._change(self._cql.add_item, (name, key, value))
        values = (expected + 1, value, name, key, expected)
        return await self._change(self._cql.replace_item, values)

    async def remove_shelf_item(self, name: str, key: str) -> None:
        await self._change(self._cql.remove_item, (name, key))

    async def _change(self, cql: str, values: tuple[str | bytes | int, ...]) -> bool:
        """Send a conditional change, once: a second answer could not tell whose change it saw."""
        with self._calls.one():
            prepared = await self._driver.prepare(cql, idempotent=False)
            statement = self._driver.conditional(prepared, values)
            rows = (await self._writes.answer(lambda: self._driver.send(statement))).rows
            return bool(rows[0][0])

    async def _read_one(self, subject: bytes) -> tuple[Row, ...]:
        prepared = await self._driver.prepare(self._cql.read_one)
        rows = await self._ask(self._driver.bound(prepared, (subject,)))
        return tuple(row for row in rows if row[2] != ERASED)

    async def _read_many(self, subjects: Sequence[bytes]) -> list[tuple[Row, ...] | StoreError]:
        prepared = await self._driver.prepare(self._cql.read_many)
        # Each subject once: a node answers an IN without repetitions.
        groups = list(read_groups(dict.fromkeys(subjects), self._driver.replicas_of()))
        found: dict[bytes, tuple[Row, ...]] = {}
        if len(groups) == 1:
            _collect(await self._ask(self._driver.read_of_many(prepared, groups[0])), found)
            return [found.get(subject, ()) for subject in subjects]
        answers = await asyncio.gather(
            *(self._ask(self._driver.read_of_many(prepared, group)) for group in groups),
            return_exceptions=True,
        )
        failed: dict[bytes, StoreError] = {}
        for group, answer in zip(groups, answers, strict=True):
            if isinstance(answer, StoreError):
                failed.update(dict.fromkeys(group, answer))
            elif isinstance(answer, BaseException):
                raise answer
            else:
                _collect(answer, found)
        if failed and all(subject in failed for subject in subjects):
            raise failed[subjects[0]]
        return [failed.get(subject) or found.get(subject, ()) for subject in subjects]

    async def _put(self, entries: Sequence[Entry]) -> None:
        """Write entries; when one batch fails for good, the others are still waited for."""
        prepared = await self._driver.prepare(self._cql.insert)

        async def put(batch: Sequence[Entry]) -> None:
            rows = [(e.subject, e.issuer, e.via, e.value, e.write_time_us) for e in batch]
            if len(rows) == 1:
                await self._repeated(self._driver.bound, prepared, rows[0])
            else:
                await self._repeated(self._driver.batch, prepared, rows)

        batches = write_batches(entries, self._driver.replicas_of())
        outcomes = await asyncio.gather(*map(put, batches), return_exceptions=True)
        for outcome in outcomes:
            if outcome is not None:
                raise outcome

    async def _sweep_page(self, start: int, end: int, place: bytes | None) -> Page:
        prepared = await self._driver.prepare(self._cql.sweep_page)
        statement = self._driver.bound(prepared, (start, end), page_rows=SWEEP_ROWS_MAX)
        return await self._reads.answer(lambda: self._driver.send_for_page(statement, place))

    async def _remove(self, page: Page, horizon_ms: int) -> int:
        prepared = await self._driver.prepare(self._cql.remove)
        old = [row for row in page.rows if as_of_ms_of(row[4]) < horizon_ms]
        # At the row's own write time: what was written meanwhile is newer and stays.
        removals = [(time, subject, issuer, via) for _, subject, issuer, via, time in old]
        # Rows of a page are neighbours on the ring, so pieces of it share their replicas.
        pieces = [removals[i : i + REMOVALS_MAX] for i in range(0, len(removals), REMOVALS_MAX)]
        batch = self._driver.batch
        await asyncio.gather(*(self._repeated(batch, prepared, piece) for piece in pieces))
        return len(old)

    async def _ask(self, statement: Statement) -> list[tuple[Any, ...]]:
        return (await self._reads.answer(lambda: self._driver.send(statement))).rows

    async def _repeated(self, make: Callable[..., Statement], query: Any, values: Any) -> None:
        """Send an idempotent write until it is acknowledged, a bounded number of times.

        The statement is made when there is a slot for it: a large write then takes the event loop
        in small pieces.
        """
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                await self._writes.answer(lambda: self._driver.send(make(query, values)))
            except StoreUnavailableError:
                if attempt == ATTEMPTS_MAX:
                    raise
                await asyncio.sleep(PAUSE_SECONDS * attempt)
            else:
                return


def _collect(rows: Sequence[tuple[Any, ...]], found: dict[bytes, tuple[Row, ...]]) -> None:
    for subject, issuer, via, value in rows:
        if value == ERASED:
            continue
        if subject in found:
            found[subject] += ((issuer, via, value),)
        else:
            found[subject] = ((issuer, via, value),)
