"""What statements cost a real node: bytes on disk after compaction, CPU a row written and read."""

import os
import random
import subprocess
from pathlib import Path

import msgspec
import psutil

from exchange.operations.clock import system_clock
from exchange.settings import Settings
from loadtest.alone import Task
from loadtest.bulk import fill, prepare
from loadtest.cases import READS_IN_FLIGHT, plain
from loadtest.measure import Alone
from loadtest.population import entries, people_of
from loadtest.serving import CLIENT_CORE, hold_all_threads
from loadtest.world import typed_settings
from tools.cassandra.arguments import node_command
from tools.cassandra.jars import JARS, fetch_jars
from tools.cassandra.java import find_java
from tools.cassandra.node import CassandraNode
from tools.cassandra.ports import free_ports
from tools.cassandra.settings import NodeSettings

KEYSPACE = "capacity"
NODETOOL = "org.apache.cassandra.tools.NodeTool"
NODETOOL_SECONDS_MAX = 600.0
READ_SECONDS = 5.0


class NodeFigures(msgspec.Struct, frozen=True):
    """What one node was measured at.

    Attributes:
        statements: Rows that were written.
        value_bytes: Stored value, on average.
        disk_bytes: A row on disk after a full compaction, all files of the table counted.
        write_cpu_us: CPU of the node a row written, flushes and compactions included.
        read_cpu_us: CPU of the node a row of a grouped read.
    """

    statements: int
    value_bytes: float
    disk_bytes: float
    write_cpu_us: float
    read_cpu_us: float


def nodetool(settings: NodeSettings, *arguments: str) -> None:
    """Run a command of Cassandra's own tool against a node.

    Raises:
        subprocess.CalledProcessError: It failed.
    """
    java = find_java(os.environ)
    modules = [
        one for one in node_command(settings, java, JARS) if one.startswith(("--add-e", "--add-o"))
    ]
    command = [
        str(java), *modules, f"-Duser.home={settings.directory}", "-cp", f"{JARS}/*", NODETOOL,
        "-p", str(settings.jmx_port), *arguments,
    ]  # fmt: skip
    subprocess.run(  # noqa: S603 - arguments are ours, no shell.
        command, check=True, timeout=NODETOOL_SECONDS_MAX, stdout=subprocess.DEVNULL
    )


def table_bytes(settings: NodeSettings) -> int:
    """Return what the table of statements takes on disk, snapshots left out."""
    found = [
        one
        for one in settings.directory.rglob("statements-*/*")
        if one.is_file() and one.parent.parent.name == KEYSPACE
    ]
    return sum(one.stat().st_size for one in found)


def _cpu_seconds(node: CassandraNode) -> float:
    times = psutil.Process(node.pid).cpu_times()
    return float(times.user + times.system)


async def measure(statements: int, directory: Path) -> NodeFigures:
    """Fill a fresh node, read from it, compact it, and count."""
    fetch_jars(os.environ)
    native, storage, jmx = free_ports(3, random.SystemRandom())
    settings = NodeSettings(
        directory=(directory / "node").resolve(),
        native_port=native,
        storage_port=storage,
        jmx_port=jmx,
        heap_mebibytes=1024,
    )
    with CassandraNode(settings, java=find_java(os.environ), jars=JARS) as node:
        hold_all_threads(node.pid, CLIENT_CORE)
        return await _measured(node, _exchange_settings(directory, native), statements)


def _exchange_settings(directory: Path, port: int) -> dict[str, object]:
    return {
        "data_dir": directory / "data",
        "store": "cassandra",
        "cassandra_contact_points": '["127.0.0.1"]',
        "cassandra_port": port,
        "cassandra_keyspace": KEYSPACE,
        "store_timeout_seconds": 20.0,
    }


async def _measured(
    node: CassandraNode, settings: dict[str, object], statements: int
) -> NodeFigures:
    typed: Settings = typed_settings(settings)
    await prepare(typed)
    # A first part to let the JVM compile what it runs.
    warm = max(1, statements // 10)
    now_ms = system_clock()
    await fill(typed, warm, now_ms - 1_000)
    before = _cpu_seconds(node)
    await fill(typed, statements, now_ms)
    nodetool(node.settings, "flush", KEYSPACE)
    nodetool(node.settings, "compact", KEYSPACE)
    write_us = (_cpu_seconds(node) - before) / statements * 1e6
    size = table_bytes(node.settings)
    with Alone() as alone:
        task = Task(
            kind="reads",
            settings=plain(settings),
            people=people_of(statements),
            seconds=READ_SECONDS,
            in_flight=READS_IN_FLIGHT,
        )
        await alone.measure(task)
        before = _cpu_seconds(node)
        found = await alone.measure(task)
        used = _cpu_seconds(node) - before
    rows = found.rate * READ_SECONDS
    return NodeFigures(
        statements=statements,
        value_bytes=_value_bytes(now_ms),
        disk_bytes=size / statements,
        write_cpu_us=write_us,
        read_cpu_us=used / rows * 1e6,
    )


def _value_bytes(now_ms: int) -> float:
    sizes = [len(row.value) for row in entries(2_000, now_ms)]
    return sum(sizes) / len(sizes)
