"""SQLite keeps the contract."""

from pathlib import Path

import pytest

from exchange.stores.base import READ_SUBJECTS_MAX, Store
from tests.contracts.store_contract import StoreContract
from tests.stores.places import SqlitePlace, sqlite_place


class TestSqlite(StoreContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> SqlitePlace:
        return sqlite_place(tmp_path)

    @pytest.fixture
    def empty_place(self, tmp_path: Path) -> SqlitePlace:
        return sqlite_place(tmp_path)

    async def test_a_read_of_more_subjects_than_allowed_is_refused(self, store: Store) -> None:
        subjects = [b"\x01%016d" % index for index in range(READ_SUBJECTS_MAX + 1)]
        with pytest.raises(ValueError, match="at most"):
            await store.read(subjects)
