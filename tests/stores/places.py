"""The places that the contract and the faults are tried in: files, keyspaces, decorated stores."""

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec

from exchange.stores.base import SchemaStep, Store
from exchange.stores.cassandra import CassandraSettings, CassandraStore
from exchange.stores.cassandra.cql import COMPONENT
from exchange.stores.gathering import GatheringStore
from exchange.stores.sqlite import SqliteStore
from exchange.stores.sqlite.connection import SqliteSettings
from tests.contracts.place import Place
from tools.cassandra.node import CassandraNode


class SqlitePlace(msgspec.Struct, frozen=True):
    """A file."""

    settings: SqliteSettings

    def open(self) -> Store:
        return SqliteStore(self.settings)

    def record_step(self, step: SchemaStep) -> None:
        values = (step.version, step.compatible, step.summary)
        self._run(
            "INSERT INTO schema_versions (version, compatible, summary) VALUES (?, ?, ?)", values
        )

    def lose_schema(self) -> None:
        self._run("DROP TABLE schema_versions", ())

    def _run(self, statement: str, values: tuple[int | str, ...]) -> None:
        with closing(sqlite3.connect(self.settings.path)) as connection, connection:
            connection.execute(statement, values)


class CassandraPlace(msgspec.Struct, frozen=True):
    """A keyspace."""

    settings: CassandraSettings

    def open(self) -> Store:
        return CassandraStore(self.settings)

    def record_step(self, step: SchemaStep) -> None:
        keyspace = self.settings.keyspace
        columns = "(component, version, compatible, summary)"
        values = f"('{COMPONENT}', {step.version}, {step.compatible}, '{step.summary}')"
        self._run(f"INSERT INTO {keyspace}.schema_versions {columns} VALUES {values}")  # noqa: S608

    def lose_schema(self) -> None:
        self._run(f"DROP KEYSPACE {self.settings.keyspace}")

    def _run(self, statement: str) -> None:
        async def run() -> None:
            store = CassandraStore(self.settings)
            await store.connect()
            try:
                await store._driver.change_schema(statement)
            finally:
                await store.close()

        asyncio.run(run())


class GatheringPlace(msgspec.Struct, frozen=True):
    """Another place, seen through shared reads."""

    inner: SqlitePlace | CassandraPlace

    def open(self) -> Store:
        return GatheringStore(self.inner.open())

    def record_step(self, step: SchemaStep) -> None:
        self.inner.record_step(step)

    def lose_schema(self) -> None:
        self.inner.lose_schema()


def sqlite_place(directory: Path) -> SqlitePlace:
    """Return a file that is not there yet."""
    return SqlitePlace(SqliteSettings(directory / "statements.db"))


def cassandra_place(node: CassandraNode, keyspace: str = "shared") -> CassandraPlace:
    """Return a keyspace of a node, by default the one that tests share."""
    return CassandraPlace(
        CassandraSettings(
            contact_points=(node.address,),
            port=node.native_port,
            keyspace=keyspace,
            sweep_range_count=4,
            # Nodes in tests share two cores with everything else.
            request_timeout_seconds=10.0,
        )
    )


def new_cassandra_place(node: CassandraNode) -> CassandraPlace:
    """Return a keyspace that nobody used before."""
    return cassandra_place(node, f"test_{os.urandom(6).hex()}")


__all__ = [
    "CassandraPlace",
    "GatheringPlace",
    "Place",
    "SqlitePlace",
    "cassandra_place",
    "new_cassandra_place",
    "sqlite_place",
]
