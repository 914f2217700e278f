"""SQLite keeps the contract."""

from pathlib import Path

import pytest

from tests.contracts.store_contract import StoreContract
from tests.stores.places import SqlitePlace, sqlite_place


class TestSqlite(StoreContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> SqlitePlace:
        return sqlite_place(tmp_path)

    @pytest.fixture
    def empty_place(self, tmp_path: Path) -> SqlitePlace:
        return sqlite_place(tmp_path)
