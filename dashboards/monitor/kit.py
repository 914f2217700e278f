"""All of it together: store, exchange, load and Prometheus in one context."""

import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from dashboards.monitor.processes import (
    Running,
    Watching,
    running_exchange,
    running_prometheus,
    wait_until_scraped,
)
from tools.cassandra.jars import JARS, fetch_jars
from tools.cassandra.java import find_java
from tools.cassandra.node import CassandraNode
from tools.cassandra.ports import free_ports
from tools.cassandra.settings import NodeSettings

WATCHING = Watching()
LIMITS = "[default]\nrecords = { per_second = 10000, burst = 50000 }\n"
"""Quotas that no member of the load comes near."""


@contextmanager
def running_kit(
    directory: Path, store: str, environment: dict[str, str], watching: Watching = WATCHING
) -> Iterator[Running]:
    """Run an exchange with two workers on a store, watched by a real Prometheus.

    Args:
        directory: Everything is written below it.
        store: ``sqlite`` or ``cassandra``; a node is started for the latter.
        environment: To find Java and the jars by.
        watching: How Prometheus watches.

    Raises:
        ProgramMissingError: Prometheus is not installed.
        NotReadyError: Something did not start in time.
    """
    metrics, *ports = free_ports(5, random.SystemRandom())
    targets = {"health-exchange": metrics}
    if store == "cassandra":
        targets["cassandra"] = ports[-1]
    with ExitStack() as stack:
        # First, as it takes its time to look.
        prometheus = stack.enter_context(
            running_prometheus(directory / "prometheus", targets, watching)
        )
        home = directory / "exchange"
        home.mkdir(parents=True, exist_ok=True)
        limits = home / "limits.toml"
        limits.write_text(LIMITS)
        settings: dict[str, object] = {
            "store": store,
            "limits_file": limits,
            "metrics_port": metrics,
        }
        node = None
        if store == "cassandra":
            node = stack.enter_context(_node(directory / "node", environment, ports))
            settings |= {
                "cassandra_port": node.native_port,
                "cassandra_contact_points": (node.address,),
            }
        address, _ = stack.enter_context(running_exchange(home, **settings))
        wait_until_scraped(prometheus, targets)
        yield Running(address, f"http://127.0.0.1:{metrics}", prometheus, node)


def _node(directory: Path, environment: dict[str, str], ports: Sequence[int]) -> CassandraNode:
    fetch_jars(environment)
    native, storage, jmx, metrics = ports
    settings = NodeSettings(
        directory=directory.resolve(),
        native_port=native,
        storage_port=storage,
        jmx_port=jmx,
        metrics_port=metrics,
        short_lived=True,
    )
    directory.mkdir(parents=True, exist_ok=True)
    return CassandraNode(settings, java=find_java(environment), jars=JARS)
