"""Shared reads keep the contract on both engines."""

from pathlib import Path

import pytest

from tests.contracts.store_contract import ReadAndWriteContract, StoreContract
from tests.stores.places import GatheringPlace, cassandra_place, new_cassandra_place, sqlite_place
from tools.cassandra.node import CassandraNode


class TestGatheringOnSqlite(StoreContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> GatheringPlace:
        return GatheringPlace(sqlite_place(tmp_path))

    @pytest.fixture
    def empty_place(self, tmp_path: Path) -> GatheringPlace:
        return GatheringPlace(sqlite_place(tmp_path))


@pytest.mark.cassandra
class TestGatheringOnCassandra(ReadAndWriteContract):
    """The other parts pass through; SQLite has shown that above, in less time."""

    history_examples = 4

    @pytest.fixture
    def place(self, cassandra_node: CassandraNode) -> GatheringPlace:
        return GatheringPlace(cassandra_place(cassandra_node))

    @pytest.fixture
    def empty_place(self, cassandra_node: CassandraNode) -> GatheringPlace:
        return GatheringPlace(new_cassandra_place(cassandra_node))
