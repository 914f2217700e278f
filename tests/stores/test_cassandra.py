"""Cassandra keeps the contract."""

import pytest

from tests.contracts.store_contract import StoreContract
from tests.stores.places import CassandraPlace, cassandra_place, new_cassandra_place
from tools.cassandra.node import CassandraNode


@pytest.mark.cassandra
class TestCassandra(StoreContract):
    history_examples = 6

    @pytest.fixture
    def place(self, cassandra_node: CassandraNode) -> CassandraPlace:
        return cassandra_place(cassandra_node)

    @pytest.fixture
    def empty_place(self, cassandra_node: CassandraNode) -> CassandraPlace:
        return new_cassandra_place(cassandra_node)
