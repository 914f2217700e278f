"""The stores that are measured: filled, behind a server, with Cassandra's nodes where asked for."""

import asyncio
import os
import random
import ssl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from exchange.cli.client import certificate_of
from exchange.cli.commands.certs import prepare as prepare_certificates
from exchange.operations.clock import system_clock
from exchange.settings import Settings
from loadtest.bulk import fill, prepare
from loadtest.population import people_of
from loadtest.serving import CALLER, CLIENT_CORE, SERVER_CORE, Server, hold_all_threads
from tools.cassandra.jars import JARS, fetch_jars
from tools.cassandra.java import find_java
from tools.cassandra.node import CassandraNode
from tools.cassandra.ports import free_ports
from tools.cassandra.settings import NodeSettings, ring

RULES_POLICY = "110000"
"""The shipped policy with the most rules, nine; published in every store that is measured."""
DEFAULT_DESTINATION = "310000"
"""Nothing is published for it, so that the national default decides."""


class Front(msgspec.Struct, frozen=True):
    """How a server meets its callers.

    Attributes:
        tls: How clients connect; None: plaintext, callers named in metadata.
        settings: Of the server alone.
    """

    tls: ssl.SSLContext | None = None
    settings: Mapping[str, object] = {}


USUAL = Front()
PATIENT = {"overload_delay_seconds": 5}
"""Where throughput is measured nothing is to be shed, however long the queue gets."""


STARTS_MAX = 3
START_PAUSE_SECONDS = 5.0


class StoreKind(msgspec.Struct, frozen=True):
    """An engine as it is measured.

    Attributes:
        name: As it stands in tables.
        nodes: Of Cassandra; 0: SQLite.
        share: One in so many of what others are asked at a time, and of the records.
    """

    name: str
    nodes: int = 0
    share: int = 1

    def scaled(self, count: int) -> int:
        """Return how many it gets where one processor would get so many."""
        return max(1, count // self.share)


KINDS = {
    "sqlite": StoreKind("sqlite"),
    "cassandra": StoreKind("cassandra", 1),
    # A row that a quorum reads costs three nodes a half millisecond of two processors.
    "ring": StoreKind("cassandra x 3", 3, share=8),
}


class World(msgspec.Struct):
    """One filled store and the server before it.

    Attributes:
        kind: The engine.
        statements: Rows that were loaded.
        people: Whom they are about.
        settings: Of the exchange, those that are not default.
        server: Serving it.
        fill_seconds: What loading took.
    """

    kind: StoreKind
    statements: int
    people: int
    settings: dict[str, Any]
    server: Server
    fill_seconds: float


@contextmanager
def nodes(kind: StoreKind, directory: Path, heap_mebibytes: int) -> Iterator[tuple[str, int]]:
    """Run Cassandra's nodes; give contact points and port.

    One node is held to the client's core, as it stands for machines elsewhere. Three do not fit
    there beside the client: they have both, so that what is measured of a ring says how its reads
    compare with the driver's and nothing of rates.
    """
    if not kind.nodes:
        yield "", 0
        return
    fetch_jars(os.environ)
    native, storage, jmx = free_ports(3, random.SystemRandom())
    first = NodeSettings(
        directory=directory.resolve() / f"ring{kind.nodes}",
        native_port=native,
        storage_port=storage,
        jmx_port=jmx,
        heap_mebibytes=heap_mebibytes,
    )
    cores = (CLIENT_CORE,) if kind.nodes == 1 else (SERVER_CORE, CLIENT_CORE)
    with ExitStack() as running:
        started = []
        for settings in ring(first, kind.nodes):
            node = CassandraNode(settings, java=find_java(os.environ), jars=JARS)
            # Nobody looks at its data afterwards, so it need not drain.
            running.callback(node.kill)
            node.start()
            # It would have this process's.
            hold_all_threads(node.pid, *cores)
            node.wait_ready()
            started.append(node)
        for node in started:
            hold_all_threads(node.pid, *cores)
        addresses = ",".join(f'"{node.address}"' for node in started)
        yield f"[{addresses}]", native


def make_certificates(directory: Path) -> ssl.SSLContext:
    """Make an authority and certificates; return how the load's client connects."""
    certificates = directory / "certs"
    prepare_certificates(certificates, [CALLER], system_clock())
    own = certificate_of(certificates, CALLER)
    context = ssl.create_default_context(cafile=str(certificates / "authority.pem"))
    context.load_cert_chain(own, own.with_suffix(".key"))
    context.set_alpn_protocols(["h2"])
    return context


async def make_world(
    kind: StoreKind,
    statements: int,
    directory: Path,
    contact: tuple[str, int],
    front: Front = USUAL,
) -> World:
    """Fill a store of a kind and start a server before it.

    Args:
        kind: The engine.
        statements: Rows to load.
        directory: For data.
        contact: Contact points and port of Cassandra.
        front: How the server meets its callers.
    """
    data_dir = directory / f"{kind.name.replace(' ', '')}-{statements}"
    settings: dict[str, Any] = {"data_dir": data_dir}
    if kind.nodes:
        settings |= {
            "store": "cassandra",
            "cassandra_contact_points": contact[0],
            "cassandra_port": contact[1],
            "cassandra_keyspace": f"bench_{statements}",
            "cassandra_replication_factor": min(3, kind.nodes),
            # A node that is being filled may take longer than a caller would wait.
            "store_timeout_seconds": 20.0,
        }
    typed = typed_settings(settings)
    await prepare(typed, (RULES_POLICY,))
    seconds = await fill(typed, statements, system_clock())
    own = settings
    if front.tls is not None:
        certificates = directory / "certs"
        own = settings | {
            "tls_authority_file": certificates / "authority.pem",
            "tls_certificate_file": certificates / "server.pem",
            "tls_key_file": certificates / "server.key",
        }
    server = await _started(own | dict(front.settings), front.tls)
    return World(kind, statements, people_of(statements), settings, server, seconds)


async def _started(settings: dict[str, Any], tls: ssl.SSLContext | None) -> Server:
    """Start a server; nodes that were just filled may not answer the first one in time."""
    for attempt in range(1, STARTS_MAX):
        try:
            return Server("exchange", settings, tls=tls)
        except RuntimeError:
            await asyncio.sleep(attempt * START_PAUSE_SECONDS)
    return Server("exchange", settings, tls=tls)


def typed_settings(settings: dict[str, Any]) -> Settings:
    """Return settings as a value; contact points stand as JSON, as in the environment."""
    points = settings.get("cassandra_contact_points")
    ready = (
        settings
        if points is None
        else settings | {"cassandra_contact_points": tuple(msgspec.json.decode(points))}
    )
    return Settings.model_validate(ready)
