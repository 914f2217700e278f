"""The store for a country: Apache Cassandra, one partition a person."""

from exchange.stores.cassandra.settings import CassandraSettings
from exchange.stores.cassandra.store import CassandraStore

__all__ = ["CassandraSettings", "CassandraStore"]
