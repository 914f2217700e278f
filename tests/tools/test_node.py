"""A real node: started, asked, paused, crashed, restarted, ended."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tests.cassandra_fixture import free_settings
from tests.tools.driver import session_of
from tools.cassandra.cql import answers_cql
from tools.cassandra.errors import NodeError
from tools.cassandra.node import CassandraNode

pytestmark = pytest.mark.cassandra


def process_exists(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_a_started_node_answers_queries(cassandra_node: CassandraNode) -> None:
    with session_of(cassandra_node.settings) as session:
        row = session.execute("SELECT cluster_name, release_version FROM system.local").one()
    assert (row.cluster_name, row.release_version) == ("exchange", "5.0.8")


def test_a_paused_node_is_silent_until_it_is_resumed(cassandra_node: CassandraNode) -> None:
    cassandra_node.pause()
    try:
        assert cassandra_node.running
        assert not answers_cql(cassandra_node.address, cassandra_node.native_port, 0.5)
    finally:
        cassandra_node.resume()
    cassandra_node.wait_ready()


def test_a_second_start_of_a_running_node_is_refused(cassandra_node: CassandraNode) -> None:
    with pytest.raises(NodeError, match="running already"):
        cassandra_node.start()


def test_acknowledged_writes_survive_a_crash_and_nothing_is_left_after_the_end(
    private_cassandra_node: Callable[[], CassandraNode],
) -> None:
    node = private_cassandra_node()
    first = node.pid
    with session_of(node.settings) as session:
        session.execute(
            "CREATE KEYSPACE k WITH replication = "
            "{'class': 'SimpleStrategy', 'replication_factor': 1}"
        )
        session.execute("CREATE TABLE k.t (id int PRIMARY KEY, v int)")
        session.execute("INSERT INTO k.t (id, v) VALUES (1, 42)")
    node.kill()
    assert not process_exists(first)
    node.restart()
    second = node.pid
    with session_of(node.settings) as session:
        assert session.execute("SELECT v FROM k.t WHERE id = 1").one().v == 42
    # The hardest case: a paused process does not hear that it should stop.
    node.pause()
    node.stop()
    assert not process_exists(second)
    assert not node.running


def test_a_node_that_cannot_start_fails_with_the_tail_of_its_log(
    tmp_path: Path, cassandra_java: Path, cassandra_jars: Path
) -> None:
    too_small = msgspec.structs.replace(free_settings(tmp_path), heap_mebibytes=1)
    node = CassandraNode(too_small, java=cassandra_java, jars=cassandra_jars)
    node.start()
    with pytest.raises(NodeError, match="Too small maximum heap"):
        node.wait_ready()
    assert not node.running
