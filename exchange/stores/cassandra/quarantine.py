"""The quarantine in Cassandra: sixteen partitions for each member, by the first bits of the key."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from exchange.stores.cassandra.driver import Driver, Statement
from exchange.stores.cassandra.inflight import Calls
from exchange.stores.quarantine import QuarantineRow, QuarantineStore

BUCKETS = 16
"""Partitions of one member, so that a full quarantine stays at a few megabytes each."""


class QuarantineCql:
    """All statements of the quarantine for one keyspace."""

    def __init__(self, keyspace: str) -> None:
        table = f"{keyspace}.quarantine"
        # The keyspace is checked in the settings; everything else is bound.
        self.insert = (
            f"INSERT INTO {table} (member, bucket, key, head, sealed) "  # noqa: S608
            "VALUES (?, ?, ?, ?, ?)"
        )
        self.heads = f"SELECT key, head FROM {table} WHERE member = ? AND bucket = ?"  # noqa: S608
        self.read = (
            f"SELECT key, head, sealed FROM {table} "  # noqa: S608
            "WHERE member = ? AND bucket = ? AND key = ?"
        )
        self.remove = f"DELETE FROM {table} WHERE member = ? AND bucket = ? AND key = ?"  # noqa: S608


Ask = Callable[[Statement], Awaitable[list[tuple[Any, ...]]]]
Repeat = Callable[[Callable[..., Statement], Any, Any], Awaitable[None]]


class CassandraQuarantine(QuarantineStore):
    """Keeps sealed records in a table of their own."""

    def __init__(
        self, keyspace: str, driver: Driver, calls: Calls, ask: Ask, repeat: Repeat
    ) -> None:
        """Take what the store works with.

        Args:
            keyspace: Where the table is.
            driver: Makes statements.
            calls: Counts what is under way, for closing.
            ask: Sends a read.
            repeat: Sends a write until it is acknowledged, a bounded number of times.
        """
        self._cql = QuarantineCql(keyspace)
        self._driver = driver
        self._calls = calls
        self._ask = ask
        self._repeat = repeat

    async def add(self, member: str, rows: Sequence[QuarantineRow]) -> None:
        values = [(*_place(member, row.key), row.head, row.sealed) for row in rows]
        await self._change(self._cql.insert, values)

    async def heads(self, member: str) -> tuple[tuple[bytes, bytes], ...]:
        with self._calls.one():
            prepared = await self._driver.prepare(self._cql.heads)
            answers = await asyncio.gather(
                *(
                    self._ask(self._driver.bound(prepared, (member, bucket)))
                    for bucket in range(BUCKETS)
                )
            )
        # Buckets are the first bits of the keys: one after another they are in order.
        return tuple((key, head) for answer in answers for key, head in answer)

    async def read(self, member: str, keys: Sequence[bytes]) -> tuple[QuarantineRow, ...]:
        with self._calls.one():
            prepared = await self._driver.prepare(self._cql.read)
            answers = await asyncio.gather(
                *(self._ask(self._driver.bound(prepared, _place(member, key))) for key in keys)
            )
        return tuple(QuarantineRow(*answer[0]) for answer in answers if answer)

    async def remove(self, member: str, keys: Sequence[bytes]) -> None:
        await self._change(self._cql.remove, [_place(member, key) for key in keys])

    async def _change(self, cql: str, values: Sequence[tuple[Any, ...]]) -> None:
        """Send one statement for each row; when one fails for good, the others are waited for."""
        if not values:
            return
        with self._calls.one():
            prepared = await self._driver.prepare(cql)
            outcomes = await asyncio.gather(
                *(self._repeat(self._driver.bound, prepared, row) for row in values),
                return_exceptions=True,
            )
        for outcome in outcomes:
            if outcome is not None:
                raise outcome


def _place(member: str, key: bytes) -> tuple[str, int, bytes]:
    return member, key[0] * BUCKETS >> 8, key
