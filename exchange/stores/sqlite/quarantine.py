"""The quarantine in the SQLite file. Everything runs on the writer's thread: content is large."""

import sqlite3
from collections.abc import Sequence

from exchange.stores.quarantine import QuarantineRow, QuarantineStore
from exchange.stores.sqlite.writer import GroupCommitWriter

_UPSERT = """
INSERT INTO quarantine (member, key, head, sealed) VALUES (?, ?, ?, ?)
ON CONFLICT (member, key) DO UPDATE SET head = excluded.head, sealed = excluded.sealed
"""
_HEADS = "SELECT key, head FROM quarantine WHERE member = ? ORDER BY key"
_READ = "SELECT key, head, sealed FROM quarantine WHERE member = ? AND key = ?"
_REMOVE = "DELETE FROM quarantine WHERE member = ? AND key = ?"


class SqliteQuarantine(QuarantineStore):
    """Keeps sealed records in a table of their own."""

    def __init__(self, writer: GroupCommitWriter) -> None:
        self._writer = writer

    async def add(self, member: str, rows: Sequence[QuarantineRow]) -> None:
        values = [(member, row.key, row.head, row.sealed) for row in rows]
        if values:
            await self._writer.run(lambda connection: connection.executemany(_UPSERT, values))

    async def heads(self, member: str) -> tuple[tuple[bytes, bytes], ...]:
        found: list[tuple[bytes, bytes]] = await self._writer.run(
            lambda connection: connection.execute(_HEADS, (member,)).fetchall()
        )
        return tuple(found)

    async def read(self, member: str, keys: Sequence[bytes]) -> tuple[QuarantineRow, ...]:
        found: tuple[QuarantineRow, ...] = await self._writer.run(
            lambda connection: _read(connection, member, keys)
        )
        return found

    async def remove(self, member: str, keys: Sequence[bytes]) -> None:
        values = [(member, key) for key in keys]
        if values:
            await self._writer.run(lambda connection: connection.executemany(_REMOVE, values))


def _read(
    connection: sqlite3.Connection, member: str, keys: Sequence[bytes]
) -> tuple[QuarantineRow, ...]:
    rows = (connection.execute(_READ, (member, key)).fetchone() for key in keys)
    return tuple(QuarantineRow(*row) for row in rows if row is not None)
