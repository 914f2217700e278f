"""Publishing while lines are cut and processes killed: every count is exact, nothing is lost."""

from pathlib import Path

import pytest

from loadtest.faults import DOCUMENTS, LINES, Shape
from loadtest.kill_table import CUTS, FAULTS, Row, try_fault
from tools.cassandra.node import CassandraNode

ROWS = 30_000
MEMORY_MEBIBYTES_MAX = 200
SERVER_KILLED = "SIGKILL of the server, restarted"


def _is_exact(row: Row) -> None:
    told = row.published
    assert (told.accepted_count, told.failed_count) == (row.rows - row.wrong, row.wrong)
    assert (row.found, row.lost) == (told.accepted_count, 0)
    assert row.failures_written == row.wrong
    assert row.at_the_fault > 0
    assert told.memory_mebibytes < MEMORY_MEBIBYTES_MAX


@pytest.mark.parametrize("fault", [name for name in FAULTS if "server" not in name])
def test_a_publication_goes_on_after(fault: str, tmp_path: Path) -> None:
    row = try_fault(fault, tmp_path, ROWS * 2 if "cut" in fault else ROWS)
    _is_exact(row)
    assert row.published.resumed_count >= (CUTS if "cut" in fault else "client" not in fault)


@pytest.mark.parametrize("shape", [LINES, DOCUMENTS], ids=lambda shape: shape.format_id)
def test_what_was_acknowledged_is_there_right_after_the_server_was_killed(
    shape: Shape, tmp_path: Path
) -> None:
    row = try_fault(SERVER_KILLED, tmp_path, ROWS, shape)
    _is_exact(row)
    assert row.found_then is not None
    assert row.found_then >= row.at_the_fault


def test_documents_go_on_by_payload_when_a_client_was_killed(tmp_path: Path) -> None:
    _is_exact(try_fault("SIGKILL of the client, run again", tmp_path, ROWS, DOCUMENTS))


@pytest.mark.cassandra
def test_a_publication_survives_on_cassandra(tmp_path: Path, cassandra_node: CassandraNode) -> None:
    contact = cassandra_node.settings
    row = try_fault(
        SERVER_KILLED,
        tmp_path,
        ROWS,
        store="cassandra",
        cassandra_contact_points=("127.0.0.1",),
        cassandra_port=contact.native_port,
        cassandra_keyspace="kill_table",
    )
    _is_exact(row)
    assert row.found_then is not None
    assert row.found_then >= row.at_the_fault
