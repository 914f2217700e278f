"""Real Cassandra nodes for tests: one shared by the session, private ones for faults.

A node is started only when a test asks for one, lives in a temporary directory of its own on ports
of its own, and is ended by its pid. Several test runs can go on at the same time.
"""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tools.cassandra.jars import JARS, fetch_jars
from tools.cassandra.java import find_java
from tools.cassandra.node import CassandraNode
from tools.cassandra.ports import free_ports
from tools.cassandra.settings import NodeSettings, ring


@pytest.fixture(scope="session")
def cassandra_jars() -> Path:
    """Cassandra's jars, fetched if they are absent."""
    fetch_jars(os.environ)
    return JARS


@pytest.fixture(scope="session")
def cassandra_java() -> Path:
    """The Java that runs the nodes."""
    return find_java(os.environ)


@pytest.fixture(scope="session")
def cassandra_node(
    tmp_path_factory: pytest.TempPathFactory, cassandra_java: Path, cassandra_jars: Path
) -> Iterator[CassandraNode]:
    """A node for the whole session, ready for clients.

    Tests share it: each uses a keyspace of its own and leaves the node as it was.
    A test that kills or restarts a node asks for a private one.
    """
    settings = free_settings(tmp_path_factory.mktemp("cassandra"))
    with CassandraNode(settings, java=cassandra_java, jars=cassandra_jars) as node:
        yield node


@pytest.fixture
def private_cassandra_ring(
    tmp_path_factory: pytest.TempPathFactory, cassandra_java: Path, cassandra_jars: Path
) -> Iterator[Callable[[int], tuple[CassandraNode, ...]]]:
    """A function that starts a ring of one to three nodes for this test alone."""
    with ExitStack() as started:

        def start(count: int) -> tuple[CassandraNode, ...]:
            first = free_settings(tmp_path_factory.mktemp("cassandra"))
            nodes = []
            for settings in ring(first, count):
                node = CassandraNode(settings, java=cassandra_java, jars=cassandra_jars)
                # Nobody looks at its data afterwards, so it need not drain.
                started.callback(node.kill)
                node.start()
                node.wait_ready()
                nodes.append(node)
            return tuple(nodes)

        yield start


@pytest.fixture
def private_cassandra_node(
    private_cassandra_ring: Callable[[int], tuple[CassandraNode, ...]],
) -> Callable[[], CassandraNode]:
    """A function that starts a node for this test alone, to be paused, killed and restarted."""

    def start() -> CassandraNode:
        (node,) = private_cassandra_ring(1)
        return node

    return start


def free_settings(directory: Path) -> NodeSettings:
    """Return settings for tests: small, quick to start, on ports that nobody uses."""
    native_port, storage_port, jmx_port = free_ports(3, random.SystemRandom())
    return NodeSettings(
        directory=directory,
        native_port=native_port,
        storage_port=storage_port,
        jmx_port=jmx_port,
        short_lived=True,
    )
