"""What one node needs to know, as a frozen value."""

from pathlib import Path

import msgspec

SEED_ADDRESS = "127.0.0.1"
"""The first node of every ring; the others learn of each other through it."""


class NodeSecurity(msgspec.Struct, frozen=True, kw_only=True):
    """PEM files with which a node and its clients show who they are."""

    authority_file: Path
    """Of the certificates of both sides."""

    node_file: Path
    """The node's certificate and its key, in one file."""

    client_file: Path
    """A client's certificate and its key, with which the launcher asks whether the node serves."""


class NodeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One node: where it lives, where it listens, how much it may take."""

    directory: Path
    """Everything the node writes: configuration, data, commit log, logs. Its own, never shared.
    An absolute path."""

    address: str = SEED_ADDRESS
    """Loopback address for clients and for other nodes. Nodes of a ring differ in it."""

    native_port: int = 9042
    """CQL, for clients. The same for all nodes of a ring, as drivers expect."""

    storage_port: int = 7000
    """Between nodes. The same for all nodes of a ring."""

    jmx_port: int = 7199
    """Management, always on 127.0.0.1, so each node of a ring needs its own."""

    metrics_port: int | None = None
    """Prometheus metrics over HTTP on `address`; none are served where this is None."""

    cluster_name: str = "exchange"
    """A node refuses to join a cluster, or to open data, of another name."""

    heap_mebibytes: int = 512
    """Java heap. The process takes roughly 400 MiB more (code, memtables, mapped files)."""

    ring_delay_ms: int = 1000
    """How long a node listens before it takes tokens. The first of a ring has nobody to hear."""

    security: "NodeSecurity | None" = None
    """Whom the node lets in: None, everybody; else who has a password and a certificate."""

    short_lived: bool = False
    """Start and stop sooner: right for minutes of tests, wrong for load.

    Java is compiled quickly rather than well, the heap starts small, and a node that ends
    does not wait for others to hear of it.
    """


def ring(first: NodeSettings, count: int) -> tuple[NodeSettings, ...]:
    """Return the settings of `count` nodes (1 to 3) on 127.0.0.1 to 127.0.0.3.

    They share the two ports that have to be equal and take JMX and metrics ports one apart;
    the directory of each is a folder of the first one's.

    Raises:
        ValueError: `count` is not 1, 2 or 3.
    """
    if count not in NODE_COUNTS:
        raise ValueError("a ring on loopback has one to three nodes")
    return tuple(
        msgspec.structs.replace(
            first,
            directory=first.directory / f"node{index + 1}",
            address=f"127.0.0.{index + 1}",
            jmx_port=first.jmx_port + index,
            ring_delay_ms=JOIN_DELAY_MS if index else first.ring_delay_ms,
            metrics_port=None if first.metrics_port is None else first.metrics_port + index,
        )
        for index in range(count)
    )


JOIN_DELAY_MS = 4_000
"""A node that has not heard of its ring by then ends. Cassandra's 30 s allow for gossip across data
centres; on loopback a round takes one second, and some where the processors are busy."""

NODE_COUNTS = (1, 2, 3)
"""More would share two cores to no purpose; three is what a quorum needs."""
