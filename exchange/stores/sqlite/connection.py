"""Opening the SQLite file, and what its errors mean to callers."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from exchange.core.errors import StoreFullError, StoreUnavailableError


class SqliteSettings(msgspec.Struct, frozen=True):
    """How the file is used.

    Attributes:
        path: The database file; its directory is there already.
        busy_timeout_seconds: How long a write waits for another process's lock.
        cache_kib: Page cache of each connection.
        checkpoint_pages: Pages of 4 KiB in the log before they are brought into the file. One that
            changes again meanwhile, as in a member's large file most do, is brought there once.
            64 MiB take a start after a crash well under a second to read.
        page_count_max: Greatest size in pages of 4 KiB, or 0 for no limit but the disk's.
        mapped_mib: How much of the file reads may map, or 0 for none. A usual build of SQLite maps
            just under 2 GiB; what is beyond is read as without.
    """

    path: Path
    busy_timeout_seconds: float = 5.0
    cache_kib: int = 16_384
    checkpoint_pages: int = 16_384
    page_count_max: int = 0
    mapped_mib: int = 0


def open_connection(settings: SqliteSettings) -> sqlite3.Connection:
    """Open the file with write-ahead log and an fsync at every commit.

    Raises:
        StoreUnavailableError: The file cannot be opened or is no database.
    """
    with neutral_errors():
        connection = sqlite3.connect(
            settings.path,
            timeout=settings.busy_timeout_seconds,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=64,
        )
        try:
            # FULL: in WAL mode NORMAL would acknowledge before the log is on the disk.
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA wal_autocheckpoint = {settings.checkpoint_pages}")
            connection.execute(f"PRAGMA cache_size = -{settings.cache_kib}")
            if settings.page_count_max:
                connection.execute(f"PRAGMA max_page_count = {settings.page_count_max}")
        except BaseException:
            connection.close()
            raise
    return connection


@contextmanager
def neutral_errors() -> Iterator[None]:
    """Turn the engine's errors into the store's own; the cause stays attached for the log.

    Raises:
        StoreFullError: The disk or the file's limit is full.
        StoreUnavailableError: Anything else the engine reports.
    """
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            raise StoreFullError("The store has no room to write.") from error
        raise StoreUnavailableError("The store does not answer.") from error
