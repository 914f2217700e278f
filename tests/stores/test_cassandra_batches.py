"""What is encoded here travels as the driver would have it, made in a third of the time."""

import pytest
from cassandra.cqltypes import BytesType, ListType, LongType, UTF8Type
from cassandra.protocol import BatchMessage, ColumnMetadata, ProtocolHandler
from cassandra.query import BatchStatement, BatchType, BoundStatement, PreparedStatement

from exchange.stores.cassandra import CassandraSettings
from exchange.stores.cassandra.driver import PROTOCOL_VERSION, Driver

COLUMNS = {
    "subject": BytesType,
    "issuer": UTF8Type,
    "via": UTF8Type,
    "value": BytesType,
    "[timestamp]": LongType,
}
ROW = {
    "subject": b"\x01" * 17,
    "issuer": "310000",
    "via": "000000",
    "value": b"value",
    "[timestamp]": 1_650_000_000_000_001,
}


def prepared_for(names: list[str]) -> PreparedStatement:
    columns = [ColumnMetadata("keyspace", "statements", name, COLUMNS[name]) for name in names]
    places = [names.index("subject")]
    made = PreparedStatement(
        columns, b"query id", places, "", "keyspace", PROTOCOL_VERSION, None, None
    )
    made.is_idempotent = True
    return made


def encoded(batch: BatchStatement) -> bytes:
    message = BatchMessage(batch.batch_type, batch._statements_and_parameters, 6)
    sent: bytes = ProtocolHandler.encode_message(message, 1, PROTOCOL_VERSION, None, False)
    return sent


@pytest.mark.parametrize("names", [list(COLUMNS), list(COLUMNS)[::-1]])
def test_a_batch_travels_as_the_drivers_own(names: list[str]) -> None:
    prepared = prepared_for(names)
    rows = [
        [ROW[name] for name in names],
        [
            (ROW | {"subject": b"\x02" * 17, "value": b"", "[timestamp]": -1})[name]
            for name in names
        ],
    ]
    driver = Driver(CassandraSettings(local_data_center="one"))
    batch, _ = driver.batch(prepared, rows)
    own = BatchStatement(BatchType.UNLOGGED)
    for row in rows:
        own.add(prepared, row)
    assert encoded(batch) == encoded(own)
    assert (batch.routing_key, batch.keyspace) == (own.routing_key, own.keyspace)
    assert batch.is_idempotent


@pytest.mark.parametrize("subjects", [[b"\x01" * 17], [b"\x01" * 17, b"", b"\x02" * 300]])
def test_a_list_of_subjects_travels_as_the_drivers_own(subjects: list[bytes]) -> None:
    asked = ListType.apply_parameters([BytesType])
    column = ColumnMetadata("keyspace", "statements", "in(subject)", asked)
    prepared = PreparedStatement(
        [column], b"query id", [], "", "keyspace", PROTOCOL_VERSION, None, None
    )
    read, _ = Driver(CassandraSettings(local_data_center="one")).read_of_many(prepared, subjects)
    own = BoundStatement(prepared).bind((subjects,))
    assert (read.values, read.keyspace) == (own.values, own.keyspace)
    assert read.routing_key == subjects[0]
