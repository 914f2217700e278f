"""A store of its own for each test of an operation."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from exchange.stores.base import Store
from exchange.stores.sqlite import SqliteStore
from exchange.stores.sqlite.connection import SqliteSettings


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = SqliteStore(SqliteSettings(tmp_path / "exchange.sqlite"))
    await store.connect()
    await store.migrate()
    yield store
    await store.close()
