"""Group commit: one thread writes what many callers hand in, with one fsync for all of them."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from queue import SimpleQueue
from typing import Any

import msgspec

from exchange.core.errors import StoreUnavailableError
from exchange.core.statement import Entry
from exchange.stores.sqlite.connection import SqliteSettings, neutral_errors, open_connection

JOBS_PER_COMMIT_MAX = 64
"""So that a flood of writers cannot put off the first one's commit without bound."""
ROWS_PER_COMMIT_MAX = 10_000
"""No more jobs join a commit that has so many rows: a tenth of a second of work in a large file."""

Job = Callable[[sqlite3.Connection], Any]
"""What to do inside a transaction."""
Row = tuple[bytes, str, str, int, bytes]
"""A statement's row: subject, issuer, via, write time, value."""

ROWS_PER_STATEMENT = 12
"""The interpreter's lock is let go and taken again for each statement, and whoever wants it then, a
lookup first of all, waits for one more thread. More rows change pages of more than the 64 KiB that
SQLite keeps in memory to take a statement back, and go to a file of its own."""


def _upsert_of(rows: int) -> str:
    values = ", ".join(["(?, ?, ?, ?, ?)"] * rows)
    return f"""
    INSERT INTO statements (subject, issuer, via, write_time_us, value) VALUES {values}
    ON CONFLICT (subject, issuer, via) DO UPDATE
    SET write_time_us = excluded.write_time_us, value = excluded.value
    WHERE (excluded.write_time_us, excluded.value) > (write_time_us, value)
    """  # noqa: S608 - the values are bound.


_UPSERT_ONE, _UPSERT_MANY = _upsert_of(1), _upsert_of(ROWS_PER_STATEMENT)


def upsert(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Keep each row unless a newer one is there."""
    step = ROWS_PER_STATEMENT
    whole = len(rows) - len(rows) % step
    groups = [[*chain.from_iterable(rows[at : at + step])] for at in range(0, whole, step)]
    connection.executemany(_UPSERT_MANY, groups)
    connection.executemany(_UPSERT_ONE, rows[whole:])


class _Ticket(msgspec.Struct, eq=False):
    """Entries, or a job, of one caller."""

    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Any]"
    entries: Sequence[Entry] = ()
    job: Job | None = None
    result: Any = None

    def settle(self, error: BaseException | None) -> None:
        """Give the caller the outcome, on the caller's own loop."""
        try:
            self.loop.call_soon_threadsafe(self._settle, error)
        except RuntimeError:
            return  # The caller's loop is closed; what was committed stays committed.

    def _settle(self, error: BaseException | None) -> None:
        if self.future.done():
            return  # The caller has gone.
        if error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(error)


class GroupCommitWriter:
    """Runs jobs in commit order on one thread with its own connection.

    A job that fails on its own costs only its caller; a commit that fails, everyone in it.
    """

    def __init__(self, settings: SqliteSettings) -> None:
        self._settings = settings
        self._queue: SimpleQueue[_Ticket | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._connection: sqlite3.Connection | None = None

    def start(self) -> None:
        """Open the connection and start the thread.

        Raises:
            StoreUnavailableError: The file cannot be opened.
        """
        self._connection = open_connection(self._settings)
        self._thread = threading.Thread(target=self._run, name="sqlite-writer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish what was handed in, then end the thread. Safe to call twice."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def put(self, entries: Sequence[Entry]) -> None:
        """Keep each entry unless a newer one is there; return once all are durable.

        Raises:
            StoreError: Not all are known to be durable.
        """
        await self._done(entries=entries)

    async def run(self, job: Job) -> Any:
        """Run a job in a transaction and return its result once it is durable.

        Raises:
            StoreError: It could not be written.
        """
        return await self._done(job=job)

    async def _done(self, entries: Sequence[Entry] = (), job: Job | None = None) -> Any:
        if self._thread is None:
            raise StoreUnavailableError("The store is closed.")
        loop = asyncio.get_running_loop()
        ticket = _Ticket(loop, loop.create_future(), entries, job)
        self._queue.put(ticket)
        return await ticket.future

    def _run(self) -> None:
        while True:
            batch, ended = self._take()
            if batch:
                self._commit(batch)
            if ended:
                return

    def _take(self) -> tuple[list[_Ticket], bool]:
        batch: list[_Ticket] = []
        rows = 0
        while len(batch) < JOBS_PER_COMMIT_MAX and rows < ROWS_PER_COMMIT_MAX:
            if batch and self._queue.empty():
                break
            ticket = self._queue.get()
            if ticket is None:
                return batch, True
            batch.append(ticket)
            rows += len(ticket.entries)
        return batch, False

    def _commit(self, batch: Sequence[_Ticket]) -> None:
        assert self._connection is not None  # noqa: S101 - start() has set it.
        connection = self._connection
        try:
            with neutral_errors():
                connection.execute("BEGIN IMMEDIATE")
                _put_rows(connection, batch)
                done = [ticket for ticket in batch if self._attempt(connection, ticket)]
                connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - handed to every caller of this commit.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            # A job that failed alone has its answer already; all others share this one.
            for ticket in batch:
                ticket.settle(error)
            return
        for ticket in done:
            ticket.settle(None)

    def _attempt(self, connection: sqlite3.Connection, ticket: _Ticket) -> bool:
        """Run one job under a savepoint, so that its failure leaves the others' work in place."""
        if ticket.job is None:
            return True
        connection.execute("SAVEPOINT job")
        try:
            ticket.result = ticket.job(connection)
        except sqlite3.Error:
            raise  # The engine's trouble is everybody's: disk full, lock lost.
        except Exception as error:  # noqa: BLE001 - the job's own, for its caller only.
            connection.execute("ROLLBACK TO job")
            connection.execute("RELEASE job")
            ticket.settle(error)
            return False
        connection.execute("RELEASE job")
        return True


def _put_rows(connection: sqlite3.Connection, batch: Iterable[_Ticket]) -> None:
    """Write the rows of all callers, in the order of their keys: each page is visited once.

    Not under a savepoint, which would copy every page before its change: rows fail only with the
    engine, and that is everybody's trouble.
    """
    rows = [msgspec.structs.astuple(entry) for ticket in batch for entry in ticket.entries]
    if rows:
        rows.sort()
        upsert(connection, rows)
