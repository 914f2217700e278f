"""What becomes of calls when the file, the disk or another process is in trouble."""

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from exchange.core.errors import StoreFullError, StoreUnavailableError
from exchange.stores.sqlite import SqliteStore
from exchange.stores.sqlite.connection import SqliteSettings
from tests.contracts.place import entry, seen, subjects_of

SUBJECT = subjects_of("faults")
HOLD_LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.readline()
connection.execute("ROLLBACK")
connection.close()
"""


@pytest.fixture
def settings(tmp_path: Path) -> SqliteSettings:
    return SqliteSettings(tmp_path / "statements.db", busy_timeout_seconds=0.1)


@pytest.fixture
async def store(settings: SqliteSettings) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(settings)
    await store.connect()
    await store.migrate()
    yield store
    await store.close()


async def fill(store: SqliteStore) -> int:
    """Write until the store is full and return how many entries were acknowledged."""
    for index in range(1_000):
        try:
            await store.write([entry(SUBJECT(index), value=b"v" * 10_000)])
        except StoreFullError:
            return index
    raise AssertionError("the store has no limit")


async def test_a_write_gives_up_while_another_process_holds_the_lock_and_works_afterwards(
    store: SqliteStore, settings: SqliteSettings
) -> None:
    await store.write([entry(SUBJECT(0), value=b"before")])
    with subprocess.Popen(  # noqa: ASYNC220, S603 - our own words, and quick to start
        [sys.executable, "-c", HOLD_LOCK, str(settings.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        with pytest.raises(StoreUnavailableError):
            await store.write([entry(SUBJECT(0), at=1, value=b"during")])
        assert await seen(store, SUBJECT(0)) == {("510000", "510000", b"before")}
        other.stdin.write("\n")
        other.stdin.flush()
        assert other.wait(10) == 0
    await store.write([entry(SUBJECT(0), at=1, value=b"after")])
    assert await seen(store, SUBJECT(0)) == {("510000", "510000", b"after")}


async def test_a_full_store_refuses_writes_keeps_what_it_acknowledged_and_works_with_room(
    settings: SqliteSettings,
) -> None:
    small = SqliteStore(msgspec.structs.replace(settings, page_count_max=64))
    await small.connect()
    await small.migrate()
    acknowledged = await fill(small)
    assert 0 < acknowledged < 64
    kept = [(("510000", "510000", b"v" * 10_000),)] * acknowledged
    subjects = [SUBJECT(index) for index in range(acknowledged + 1)]
    assert await small.read(subjects) == [*kept, ()]
    await small.close()

    larger = SqliteStore(settings)
    await larger.connect()
    await larger.write([entry(SUBJECT(acknowledged), value=b"v" * 10_000)])
    assert await larger.read(subjects) == [*kept, *kept[:1]]
    await larger.close()


async def test_a_file_that_is_no_database_is_refused(settings: SqliteSettings) -> None:
    settings.path.write_bytes(b"not a database, and long enough to be sure" * 200)
    store = SqliteStore(settings)
    with pytest.raises(StoreUnavailableError):
        await store.connect()
    await store.close()


async def test_a_damaged_page_is_an_error_and_never_an_unknown_subject(
    settings: SqliteSettings,
) -> None:
    subjects = [SUBJECT(index) for index in range(2_000)]
    first = SqliteStore(settings)
    await first.connect()
    await first.migrate()
    await first.write([entry(one, value=b"v" * 100) for one in subjects])
    await first.close()
    with settings.path.open("r+b") as file:
        file.seek(4096 * 4)
        file.write(b"\xa5" * 4096 * 40)

    second = SqliteStore(settings)
    await second.connect()
    with pytest.raises(StoreUnavailableError):
        await second.read(subjects)
    await second.close()


async def test_a_directory_that_is_missing_is_an_error_that_says_nothing_of_the_engine(
    tmp_path: Path,
) -> None:
    store = SqliteStore(SqliteSettings(tmp_path / "missing" / "statements.db"))
    with pytest.raises(StoreUnavailableError) as refused:
        await store.connect()
    await store.close()
    assert "sqlite" not in str(refused.value).lower()
