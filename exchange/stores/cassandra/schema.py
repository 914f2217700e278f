"""Numbered schema steps of the Cassandra store. Steps only add.

Tables are created under an id made from their name. Two releases that migrate at once through two
nodes then create the same table, where ids of chance would make two of one name that never agree.
"""

from uuid import UUID, uuid5

from exchange.stores.base import SchemaStep
from exchange.stores.cassandra.settings import CassandraSettings

_TABLES = UUID("6f1c1c0e-7b0a-4f43-9d0b-0d5f5a8f9c11")
"""Namespace of table ids. Never changed: it names tables that are there."""

_COMPRESSION = "{'enabled': 'false'}"
"""LZ4 in the default chunks makes 71 bytes of 100 a row and halves grouped reads (measured)."""
_COMPACTION = "{'class': 'UnifiedCompactionStrategy', 'scaling_parameters': 'L10'}"
"""Levelled: rows are overwritten daily and read at random, so a read should meet one file."""


def create_keyspace(settings: CassandraSettings) -> str:
    """Return the statement that makes the keyspace unless it is there."""
    options = {"class": settings.replication_strategy, **dict(settings.replication)}
    replication = ", ".join(f"'{name}': '{value}'" for name, value in options.items())
    return f"CREATE KEYSPACE IF NOT EXISTS {settings.keyspace} WITH replication = {{{replication}}}"


def create_versions_table(keyspace: str) -> str:
    """Return the statement that makes the table of applied steps: one partition, newest first."""
    return (
        f"CREATE TABLE IF NOT EXISTS {keyspace}.schema_versions (component text, version int, "
        "compatible int, summary text, PRIMARY KEY ((component), version)) "
        f"WITH ID = {_table_id(keyspace, 'schema_versions')} "
        "AND CLUSTERING ORDER BY (version DESC)"
    )


def steps_of(keyspace: str) -> tuple[SchemaStep, ...]:
    """Return all steps for a keyspace, in order."""
    # One regular column: two could mix two writes of one timestamp.
    statements = (
        f"CREATE TABLE IF NOT EXISTS {keyspace}.statements (subject blob, issuer text, via text, "
        "value blob, PRIMARY KEY ((subject), issuer, via)) "
        f"WITH ID = {_table_id(keyspace, 'statements')} "
        f"AND compression = {_COMPRESSION} AND compaction = {_COMPACTION}"
    )
    marks = (
        f"CREATE TABLE IF NOT EXISTS {keyspace}.marks (name text PRIMARY KEY, value blob) "
        f"WITH ID = {_table_id(keyspace, 'marks')}"
    )
    # Changed by conditional writes only, so that version and value are always of one change.
    shelves = (
        f"CREATE TABLE IF NOT EXISTS {keyspace}.shelves (shelf text, key text, version int, "
        f"value blob, PRIMARY KEY ((shelf), key)) WITH ID = {_table_id(keyspace, 'shelves')}"
    )
    # Written in one statement and never changed in parts: two regular columns, so that a list does
    # not have to read the contents.
    quarantine = (
        f"CREATE TABLE IF NOT EXISTS {keyspace}.quarantine (member text, bucket int, key blob, "
        "head blob, sealed blob, PRIMARY KEY ((member, bucket), key)) "
        f"WITH ID = {_table_id(keyspace, 'quarantine')} AND compression = {_COMPRESSION}"
    )
    return (
        SchemaStep(
            version=1,
            compatible=1,
            summary="statements by subject, and marks",
            statements=(statements, marks),
        ),
        SchemaStep(
            version=2,
            compatible=1,
            summary="shelves, for policies and samples of decisions",
            statements=(shelves,),
        ),
        SchemaStep(
            version=3,
            compatible=1,
            summary="quarantine, for records that no adapter could read",
            statements=(quarantine,),
        ),
    )


def _table_id(keyspace: str, table: str) -> UUID:
    return uuid5(_TABLES, f"{keyspace}.{table}")
