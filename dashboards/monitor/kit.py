"""All of it together: store, exchange, load and Prometheus in one context."""

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from dashboards.monitor.processes import Running, running_exchange, running_prometheus
from tools.cassandra.jars import JARS, fetch_jars
from tools.cassandra.java import find_java
from tools.cassandra.node import CassandraNode
from tools.cassandra.ports import free_ports
from tools.cassandra.settings import NodeSettings

LIMITS = "[default]\nrecords = { per_second = 10000, burst = 50000 }\n"
"""Quotas that no member of the load comes near."""


@contextmanager
def running_kit(
    directory: Path, store: str, environment: dict[str, str], prometheus_port: int = 0
) -> Iterator[Running]:
    """Run an exchange with two workers on a store, watched by a real Prometheus.

    Args:
        directory: Everything is written below it.
        store: ``sqlite`` or ``cassandra``; a node is started for the latter.
        environment: To find Java and the jars by.
        prometheus_port: Of Prometheus; 0 for any.

    Raises:
        ProgramMissingError: Prometheus is not installed.
        NotReadyError: Something did not start in time.
    """
    with ExitStack() as stack:
        targets: dict[str, int] = {}
        settings: dict[str, object] = {"store": store}
        if store == "cassandra":
            node = stack.enter_context(_running_node(directory / "node", environment))
            assert node.metrics_port is not None  # noqa: S101 - it was asked for.
            targets["cassandra"] = node.metrics_port
            settings |= {
                "cassandra_port": node.native_port,
                "cassandra_contact_points": (node.address,),
            }
        home = directory / "exchange"
        home.mkdir(parents=True, exist_ok=True)
        limits = home / "limits.toml"
        limits.write_text(LIMITS)
        settings["limits_file"] = limits
        address, port = stack.enter_context(running_exchange(home, **settings))
        targets["health-exchange"] = port
        prometheus = stack.enter_context(
            running_prometheus(directory / "prometheus", targets, port=prometheus_port)
        )
        yield Running(address, f"http://127.0.0.1:{port}", prometheus)


@contextmanager
def _running_node(directory: Path, environment: dict[str, str]) -> Iterator[NodeSettings]:
    fetch_jars(environment)
    native, storage, jmx, metrics = free_ports(4, random.SystemRandom())
    settings = NodeSettings(
        directory=directory.resolve(),
        native_port=native,
        storage_port=storage,
        jmx_port=jmx,
        metrics_port=metrics,
        short_lived=True,
    )
    directory.mkdir(parents=True, exist_ok=True)
    with CassandraNode(settings, java=find_java(environment), jars=JARS):
        yield settings
