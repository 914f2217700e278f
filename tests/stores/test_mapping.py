"""Reads through a mapping of the file see what reads without one see, and are mapped when quiet."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from exchange.server.observe import anonymous_bytes
from exchange.stores.sqlite import SqliteStore
from exchange.stores.sqlite.connection import SqliteSettings
from loadtest.memory import own_bytes
from tests.contracts.place import entry, seen, subjects_of

SUBJECT = subjects_of("mapping")
VALUE = b"v" * 10_000
COUNT = 800
FILE_BYTES_MIN = COUNT * len(VALUE)
WHOLE_MIB = 2_047


@pytest.fixture(params=[0, 4, WHOLE_MIB], ids=["not mapped", "in part", "whole"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(SqliteSettings(tmp_path / "exchange.sqlite", mapped_mib=request.param))
    await store.connect()
    await store.migrate()
    yield store
    await store.close()


async def fill(store: SqliteStore) -> None:
    for first in range(0, COUNT, 100):
        await store.write([entry(SUBJECT(first + at), value=VALUE) for at in range(100)])


async def filled(path: Path) -> SqliteStore:
    """Return a store that maps all of its file; all rows are in the file, and none in the log."""
    store = SqliteStore(SqliteSettings(path, mapped_mib=WHOLE_MIB))
    await store.connect()
    await store.migrate()
    await fill(store)
    checkpoint(path)
    return store


def checkpoint(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        busy, _, _ = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert busy == 0


def mapped_bytes(path: Path) -> int:
    parts = psutil.Process().memory_maps(grouped=False)
    return sum(one.rss for one in parts if one.path == str(path))


async def test_what_others_write_is_seen_from_the_log_and_from_the_file(
    store: SqliteStore, tmp_path: Path
) -> None:
    path = tmp_path / "exchange.sqlite"
    await fill(store)
    checkpoint(path)
    assert await seen(store, SUBJECT(1)) == {("510000", "510000", VALUE)}
    other = SqliteStore(SqliteSettings(path, mapped_mib=WHOLE_MIB))
    await other.connect()
    await other.write([entry(SUBJECT(1), at=1, value=b"new"), entry(SUBJECT(COUNT), value=VALUE)])
    expected = [(("510000", "510000", b"new"),), (("510000", "510000", VALUE),)]
    assert await store.read([SUBJECT(1), SUBJECT(COUNT)]) == expected
    checkpoint(path)
    assert await store.read([SUBJECT(1), SUBJECT(COUNT)]) == expected
    await fill(other)
    await other.close()
    subjects = [SUBJECT(index) for index in range(COUNT + 1)]
    everything = [*await store.read(subjects[:500]), *await store.read(subjects[500:])]
    assert everything == [expected[1] if at != 1 else expected[0] for at in range(COUNT + 1)]


async def test_a_quiet_file_is_mapped_one_with_many_commits_is_not_and_again_when_quiet(
    tmp_path: Path,
) -> None:
    path = tmp_path / "exchange.sqlite"
    store = await filled(path)
    subjects = [SUBJECT(index) for index in range(500)]
    for _ in range(10):
        await store.read(subjects)
    quiet = mapped_bytes(path)
    for number in range(10):
        await store.write([entry(SUBJECT(0), at=number + 1, value=VALUE)])
        await store.read(subjects)
    busy = mapped_bytes(path)
    for _ in range(10):
        await store.read(subjects)
    again = mapped_bytes(path)
    await store.close()
    assert quiet > FILE_BYTES_MIN / 3
    assert busy == 0
    assert again > FILE_BYTES_MIN / 3


async def test_memory_of_a_process_is_counted_without_the_mapped_store(tmp_path: Path) -> None:
    path = tmp_path / "exchange.sqlite"
    store = await filled(path)
    process = psutil.Process()
    subjects = [SUBJECT(index) for index in range(500)]
    for _ in range(10):
        await store.read(subjects)
    mapped, resident = mapped_bytes(path), process.memory_info().rss
    own, anonymous = own_bytes(process), anonymous_bytes()
    await store.close()
    # The kernel counts by batches of pages, for each processor.
    assert own == pytest.approx(resident - mapped, abs=2 << 20)
    assert 0 < anonymous < own
