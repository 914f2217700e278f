"""A store whose operations are counted and timed; nothing else about it is different.

Goes around an engine and below what gathers reads, so that it sees what the engine sees. It also
knows what only the place of writing knows: how old statements are when they are durable, and how
long after that a reader sees them.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeVar

import structlog

from exchange.core.errors import StoreError
from exchange.core.members import BY_CODE
from exchange.core.statement import Entry, Row, as_of_ms_of, decode_value
from exchange.metrics import (
    DURABLE_SECONDS,
    NEWEST_AS_OF,
    STATEMENT_DELAY,
    STORE_ITEMS,
    STORE_OPERATION_SECONDS,
    STORE_OPERATIONS,
    VISIBLE_SECONDS,
)
from exchange.metrics.trace import part
from exchange.stores.base import SchemaState, SchemaStep, ShelfItem, Store, SweepProgress

LOOK_SECONDS = 1.0
"""At most one write in so long is looked for by a read: one read a second is no load."""
LOOKS_MAX = 20
"""A statement that is not seen after so many reads is given up: other figures tell more then."""
SLOW_SECONDS = 1.0
"""An operation that takes longer has a log line of its own; most callers have given up by then."""
_US_PER_SECOND = 1_000_000

_log = structlog.get_logger("exchange.store")
_Result = TypeVar("_Result")


class ObservedStore(Store):
    """Decorates a store with figures."""

    def __init__(self, inner: Store, clock: Callable[[], int]) -> None:
        """Take what is observed.

        Args:
            inner: Any store.
            clock: The instant now in ms, for the age of statements.
        """
        self.name = inner.name
        self.quarantine = inner.quarantine
        self._inner = inner
        self._clock = clock
        self._next_look = 0.0
        self._look: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        await self._timed("connect", self._inner.connect())

    async def close(self) -> None:
        if self._look is not None:
            self._look.cancel()
            await asyncio.wait((self._look,))
        await self._inner.close()

    async def schema_state(self) -> SchemaState:
        return await self._timed("schema_state", self._inner.schema_state())

    async def migrate(self) -> tuple[SchemaStep, ...]:
        return await self._timed("migrate", self._inner.migrate())

    async def check(self) -> None:
        await self._timed("check", self._inner.check())

    async def write(self, entries: Sequence[Entry]) -> None:
        started = time.perf_counter()
        await self._timed("write", self._inner.write(entries))
        if entries:
            STORE_ITEMS.add((self.name, "write"), len(entries))
            DURABLE_SECONDS.observe(time.perf_counter() - started)
            self._note_ages(entries)
            self._look_for(entries[-1])

    async def read(self, subjects: Sequence[bytes]) -> list[tuple[Row, ...] | StoreError]:
        answers = await self._timed("read", self._inner.read(subjects))
        STORE_ITEMS.add((self.name, "read"), len(subjects))
        failed = [answer for answer in answers if isinstance(answer, StoreError)]
        if failed:
            STORE_OPERATIONS.add((self.name, "read_part", failed[0].reason))
        return answers

    async def erase(self, subject: bytes) -> int:
        return await self._timed("erase", self._inner.erase(subject))

    def sweep(self, horizon_ms: int) -> AsyncIterator[SweepProgress]:
        return self._inner.sweep(horizon_ms)

    async def mark(self, name: str) -> bytes | None:
        return await self._timed("mark", self._inner.mark(name))

    async def set_mark(self, name: str, value: bytes, *, expected: bytes | None) -> bool:
        return await self._timed("set_mark", self._inner.set_mark(name, value, expected=expected))

    async def shelf(self, name: str) -> tuple[ShelfItem, ...]:
        return await self._timed("shelf", self._inner.shelf(name))

    async def shelf_item(self, name: str, key: str) -> ShelfItem | None:
        return await self._timed("shelf_item", self._inner.shelf_item(name, key))

    async def set_shelf_item(self, name: str, key: str, value: bytes, *, expected: int) -> bool:
        return await self._timed(
            "set_shelf_item", self._inner.set_shelf_item(name, key, value, expected=expected)
        )

    async def remove_shelf_item(self, name: str, key: str) -> None:
        await self._timed("remove_shelf_item", self._inner.remove_shelf_item(name, key))

    async def _timed(self, operation: str, work: Awaitable[_Result]) -> _Result:
        started = time.perf_counter()
        result = "cancelled"
        try:
            with part(f"store {operation}"):
                answer = await work
            result = "ok"
        except StoreError as error:
            result = error.reason
            raise
        except Exception:
            result = "defect"
            raise
        finally:
            if time.perf_counter() - started > SLOW_SECONDS:
                # With the trace of the call that waited: the caller can be told why.
                _log.warning("store_slow", store=self.name, operation=operation, result=result)
            STORE_OPERATIONS.add((self.name, operation, result))
            STORE_OPERATION_SECONDS.observe(time.perf_counter() - started, (self.name, operation))
        return answer

    def _note_ages(self, entries: Sequence[Entry]) -> None:
        now_us = self._clock() * 1000
        for member in {one.via for one in entries} & BY_CODE.keys():
            written = [one.write_time_us for one in entries if one.via == member]
            NEWEST_AS_OF.raise_to(max(written) / _US_PER_SECOND, (member,))
            ages = [(now_us - one) / _US_PER_SECOND for one in written]
            STATEMENT_DELAY.observe_all(ages, (member,))

    def _look_for(self, entry: Entry) -> None:
        """Look for a row that is durable, apart from the write that brought it."""
        durable = time.perf_counter()
        if durable >= self._next_look and (self._look is None or self._look.done()):
            self._next_look = durable + LOOK_SECONDS
            self._look = asyncio.create_task(self._look_until_seen(entry, durable))

    async def _look_until_seen(self, entry: Entry, durable: float) -> None:
        # A store in trouble shows elsewhere; an erased row or a newer one counts as seen.
        with contextlib.suppress(StoreError):
            for _ in range(LOOKS_MAX):
                (rows,) = await self._inner.read([entry.subject])
                if isinstance(rows, StoreError):
                    return
                if not entry.value or any(_shows(row, entry) for row in rows):
                    VISIBLE_SECONDS.observe(time.perf_counter() - durable)
                    return


def _shows(row: Row, entry: Entry) -> bool:
    """Tell whether a row is an entry, or what outdid it."""
    issuer, via, value = row
    if (issuer, via) != (entry.issuer, entry.via):
        return False
    if value == entry.value:
        return True
    with contextlib.suppress(ValueError):
        as_of_ms = decode_value(issuer, via, value).health_code.as_of_ms
        return as_of_ms >= as_of_ms_of(entry.write_time_us)
    return False
