"""Filling stores past the exchange's own door: rows straight into the engine, in one pass."""

import asyncio
import itertools
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from exchange.app import make_store
from exchange.core.errors import StoreUnavailableError
from exchange.core.statement import Entry
from exchange.operations.clock import system_clock
from exchange.operations.policies import PoliciesInForce
from exchange.operations.policy_desk import PolicyDesk, Wish
from exchange.operations.policy_shelf import PolicyShelf
from exchange.operations.shipped import shipped_policy
from exchange.settings import Settings
from exchange.stores.base import Store
from loadtest.population import KEY_LINE, entries, people_of

CHUNK = 2_000
WRITES_IN_FLIGHT = 3
ATTEMPTS_MAX = 10
"""A node that has just started, on a core that it shares, may take longer than its own limits."""


async def prepare(settings: Settings, policies: tuple[str, ...] = ()) -> None:
    """Make keys and schema, and bring shipped policies in force at once."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    settings.subject_key_path.write_text(KEY_LINE + "\n", "ascii")
    store = make_store(settings)
    await store.connect()
    try:
        await store.migrate()
        for destination in policies:
            await _activate(store, destination)
    finally:
        await store.close()


async def _activate(store: Store, destination: str) -> None:
    shelf = PolicyShelf(store)
    in_force = PoliciesInForce(shelf, system_clock)
    desk = PolicyDesk(shelf, in_force, system_clock, notice_ms=0)
    if (await desk.get(destination)).version:
        return
    revision = await desk.create(destination, shipped_policy(destination), Wish())
    number = revision.policy.revision
    await desk.activate(destination, number, system_clock() + 1_000, "", Wish())


async def fill(settings: Settings, statements: int, now_ms: int) -> float:
    """Load the population of a number of statements; return the seconds it took."""
    began = time.perf_counter()
    rows = entries(people_of(statements), now_ms)
    if settings.store == "sqlite":
        await asyncio.to_thread(fill_sqlite, settings.sqlite_path, rows)
    else:
        await fill_through_store(make_store(settings), rows)
    return time.perf_counter() - began


def fill_sqlite(path: Path, rows: Iterator[Entry]) -> None:
    """Append the rows to a table beside the file, then insert them in the order of their keys.

    Keys are random: inserted as they come they would touch a page each. Sorted by SQLite, which
    needs no memory for it, ten million rows take a few minutes.
    """
    beside = path.with_name("bulk.sqlite")
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("ATTACH ? AS bulk", (str(beside),))
        connection.execute("PRAGMA bulk.journal_mode = OFF")
        connection.execute("CREATE TABLE bulk.rows (a, b, c, d, e)")
        connection.execute("BEGIN")
        connection.executemany(
            "INSERT INTO bulk.rows VALUES (?, ?, ?, ?, ?)", map(msgspec.structs.astuple, rows)
        )
        connection.execute(
            "INSERT OR REPLACE INTO statements (subject, issuer, via, write_time_us, value) "
            "SELECT a, b, c, d, e FROM bulk.rows ORDER BY a, b, c"
        )
        connection.execute("COMMIT")
        connection.execute("DETACH bulk")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()
        beside.unlink(missing_ok=True)


async def _write(store: Store, chunk: tuple[Entry, ...]) -> None:
    """Write until it is done: writing rows again changes nothing."""
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            await store.write(chunk)
        except StoreUnavailableError:
            if attempt == ATTEMPTS_MAX:
                raise
            await asyncio.sleep(attempt)
        else:
            return


async def fill_through_store(store: Store, rows: Iterator[Entry]) -> None:
    """Write chunks through the store's own batches, several at once."""
    await store.connect()

    async def worker() -> None:
        while chunk := tuple(itertools.islice(rows, CHUNK)):
            await _write(store, chunk)

    try:
        await asyncio.gather(*(worker() for _ in range(WRITES_IN_FLIGHT)))
    finally:
        await store.close()
