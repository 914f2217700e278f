"""An observed store keeps the contract, and says what it saw."""

from pathlib import Path

import msgspec
import pytest

from exchange.core.errors import StoreUnavailableError
from exchange.metrics import (
    NEWEST_AS_OF,
    STATEMENT_DELAY,
    STORE_ITEMS,
    STORE_OPERATIONS,
    VISIBLE_SECONDS,
)
from exchange.stores.base import SchemaStep, Store
from exchange.stores.observed import ObservedStore
from exchange.stores.sqlite import SqliteStore
from exchange.stores.sqlite.connection import SqliteSettings
from tests.contracts.place import AS_OF_MS, entry
from tests.contracts.store_contract import StoreContract
from tests.stores.places import SqlitePlace, sqlite_place

MINUTE_MS = 60_000


def now_ms() -> int:
    return AS_OF_MS + MINUTE_MS


class ObservedPlace(msgspec.Struct, frozen=True):
    """Another place, seen through an observed store."""

    inner: SqlitePlace

    def open(self) -> Store:
        return ObservedStore(self.inner.open(), now_ms)

    def record_step(self, step: SchemaStep) -> None:
        self.inner.record_step(step)

    def lose_schema(self) -> None:
        self.inner.lose_schema()


class TestObserved(StoreContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> ObservedPlace:
        return ObservedPlace(sqlite_place(tmp_path))

    @pytest.fixture
    def empty_place(self, tmp_path: Path) -> ObservedPlace:
        return ObservedPlace(sqlite_place(tmp_path))


async def test_a_write_is_counted_with_its_entries_and_their_age(tmp_path: Path) -> None:
    store = ObservedPlace(sqlite_place(tmp_path)).open()
    await store.connect()
    await store.migrate()
    operations = dict(STORE_OPERATIONS.values)
    items = STORE_ITEMS.values.get(("sqlite", "write"), 0)
    ages = list(STATEMENT_DELAY.values.get(("220000",), [0.0] * (len(STATEMENT_DELAY.buckets) + 2)))
    await store.write([entry(bytes([1] * 17), issuer="220000", at=at) for at in (0, 30_000)])
    await store.close()
    ok = ("sqlite", "write", "ok")
    assert STORE_OPERATIONS.values[ok] == operations.get(ok, 0) + 1
    assert STORE_ITEMS.values["sqlite", "write"] == items + 2
    new = STATEMENT_DELAY.values["220000",]
    assert new[-1] - ages[-1] == pytest.approx(60 + 30, abs=0.1)
    assert sum(new[:-1]) - sum(ages[:-1]) == 2
    assert NEWEST_AS_OF.values["220000",] == pytest.approx((AS_OF_MS + 30_000) / 1000, abs=0.01)


async def test_a_durable_row_is_looked_for_and_seen(tmp_path: Path) -> None:
    store = ObservedPlace(sqlite_place(tmp_path)).open()
    await store.connect()
    await store.migrate()
    seen = sum(VISIBLE_SECONDS.values.get((), [0.0, 0.0])[:-1])
    await store.write([entry(bytes([2] * 17))])
    assert isinstance(store, ObservedStore)
    assert store._look is not None
    await store._look
    await store.close()
    assert sum(VISIBLE_SECONDS.values[()][:-1]) == seen + 1


async def test_an_operation_that_fails_is_counted_under_its_reason(tmp_path: Path) -> None:
    missing = tmp_path / "no" / "such" / "directory" / "file.db"
    store = ObservedStore(SqliteStore(SqliteSettings(missing)), now_ms)
    before = STORE_OPERATIONS.values.get(("sqlite", "connect", "STORE_UNAVAILABLE"), 0)
    with pytest.raises(StoreUnavailableError):
        await store.connect()
    assert STORE_OPERATIONS.values["sqlite", "connect", "STORE_UNAVAILABLE"] == before + 1
