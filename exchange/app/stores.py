"""The store that the settings name, and what operations work with once it is open."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from exchange.app.directories import make_data_dir
from exchange.core.subject import SubjectKeys
from exchange.core.times import DAY_MS
from exchange.operations.clock import Clock
from exchange.operations.environment import Environment
from exchange.operations.key_check import check_subject_keys
from exchange.operations.retention import Retention
from exchange.settings import Settings
from exchange.stores.base import Store
from exchange.stores.gathering import GatheringSettings, GatheringStore
from exchange.stores.sqlite import SqliteStore
from exchange.stores.sqlite.connection import SqliteSettings


def make_store(settings: Settings) -> Store:
    """Return the store that the settings name, not yet connected.

    Raises:
        StartError: The directory of the embedded store cannot be made.
    """
    if settings.store == "cassandra":
        return _cassandra(settings)
    make_data_dir(settings)
    return SqliteStore(SqliteSettings(settings.sqlite_path, mapped_mib=settings.sqlite_mapped_mib))


@asynccontextmanager
async def connected_store(settings: Settings) -> AsyncIterator[Store]:
    """Connect the store that the settings name, and close it in the end.

    Raises:
        StartError: The directory of the embedded store cannot be made.
        StoreError: The store does not answer.
    """
    store = make_store(settings)
    try:
        await store.connect()
        yield store
    finally:
        await store.close()


async def open_environment(
    settings: Settings, keys: SubjectKeys, store: Store, clock: Clock
) -> Environment:
    """Connect a store and return what all operations work with.

    Raises:
        StartError: The subject keys are not those that the store was written with.
        StoreError: The store does not answer or its schema cannot be used.
    """
    await store.connect()
    await store.check()
    days = settings.retention_days
    retention = Retention(store, days, clock)
    await check_subject_keys(store, keys, clock(), days * DAY_MS)
    await retention.load()
    return Environment(store, keys, retention, clock)


def _cassandra(settings: Settings) -> Store:
    # The driver takes 0.4 s to import, which a server on the embedded store need not pay.
    from exchange.stores.cassandra import CassandraSettings, CassandraStore  # noqa: PLC0415

    store = CassandraStore(
        CassandraSettings(
            contact_points=settings.cassandra_contact_points,
            port=settings.cassandra_port,
            username=settings.cassandra_username,
            password_file=settings.cassandra_password_file,
            tls_authority_file=settings.cassandra_tls_authority_file,
            tls_certificate_file=settings.cassandra_tls_certificate_file,
            tls_key_file=settings.cassandra_tls_key_file,
            keyspace=settings.cassandra_keyspace,
            replication_strategy="NetworkTopologyStrategy",
            replication=((settings.cassandra_datacenter, settings.cassandra_replication_factor),),
            local_data_center=settings.cassandra_datacenter,
            consistency=settings.cassandra_consistency,
            request_timeout_seconds=settings.store_timeout_seconds,
            writes_in_flight=settings.cassandra_writes_in_flight,
        )
    )
    # A single lookup costs a request of its own; those that arrive while one is under way share the
    # next, each with its caller's deadline.
    limit = GatheringSettings(time_limit_seconds=settings.store_timeout_seconds * 2)
    return GatheringStore(store, limit)
