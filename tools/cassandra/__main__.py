"""`python -m tools.cassandra`: one to three nodes in the foreground, until Ctrl-C."""

import os
import re
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from tools.cassandra.errors import LauncherError
from tools.cassandra.jars import HOME, JARS, fetch_jars
from tools.cassandra.java import find_java
from tools.cassandra.node import CassandraNode
from tools.cassandra.settings import NODE_COUNTS, NodeSettings, ring

_MEBIBYTES_OF_UNIT: Final = {"M": 1, "G": 1024}
_HEAP_MEBIBYTES_MIN: Final = 256
"""Below this a node spends its time collecting garbage."""


def _heap_mebibytes(heap: str) -> int:
    stated = re.fullmatch(r"(\d{1,5})([MG])", heap.upper())
    mebibytes = int(stated[1]) * _MEBIBYTES_OF_UNIT[stated[2]] if stated else 0
    if mebibytes < _HEAP_MEBIBYTES_MIN:
        raise typer.BadParameter(f"say at least {_HEAP_MEBIBYTES_MIN}M, for example 512M or 1G")
    return mebibytes


def main(  # noqa: PLR0913 - one argument an option
    *,
    nodes: Annotated[
        int, typer.Option(min=NODE_COUNTS[0], max=NODE_COUNTS[-1], help="Size of the ring.")
    ] = 1,
    data: Annotated[
        Path, typer.Option(help="Where data stay from one run to the next.", file_okay=False)
    ] = HOME / "data",
    heap: Annotated[str, typer.Option(help="Java heap of each node.")] = "1G",
    native_port: Annotated[int, typer.Option(help="CQL port of every node.")] = 9042,
    storage_port: Annotated[int, typer.Option(help="Port between the nodes.")] = 7000,
    jmx_port: Annotated[
        int, typer.Option(help="JMX, on 127.0.0.1; node 2 and 3 use the next ports.")
    ] = 7199,
    metrics_port: Annotated[
        int | None,
        typer.Option(help="Serve Prometheus metrics here; node 2 and 3 use the next ports."),
    ] = None,
    fetch: Annotated[bool, typer.Option("--fetch", help="Only bring the jars.")] = False,
) -> None:
    """Run a real Cassandra on loopback until Ctrl-C; data stay for the next time."""
    console = Console(stderr=True)
    first = NodeSettings(
        directory=data.resolve(),
        native_port=native_port,
        storage_port=storage_port,
        jmx_port=jmx_port,
        metrics_port=metrics_port,
        heap_mebibytes=_heap_mebibytes(heap),
    )
    # A terminal that closes or a `kill` ends the nodes as orderly as Ctrl-C, and Ctrl-C itself
    # has to be asked for: a shell without job control starts background jobs deaf to it.
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.default_int_handler)
    try:
        _fetch(console)
        if not fetch:
            _serve(ring(first, nodes), console)
    except LauncherError as error:
        console.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        console.print("Stopped.")


def _fetch(console: Console) -> None:
    with console.status("Fetching Cassandra's jars (once, about 70 MB) ..."):
        fetched = fetch_jars(os.environ)
    console.print(f"Jars {'fetched' if fetched else 'present'}: {JARS}", highlight=False)


def _serve(settings: tuple[NodeSettings, ...], console: Console) -> None:
    """Start the nodes one after the other, wait for Ctrl-C, stop them last first."""
    java = find_java(os.environ)
    with ExitStack() as running:
        nodes = [
            _start(running, CassandraNode(one, java=java, jars=JARS), console) for one in settings
        ]
        addresses = ",".join(node.address for node in nodes)
        console.print(
            f"[bold green]Cassandra is ready.[/] Contact points {addresses}, "
            f"port {settings[0].native_port}.\n"
            "Ctrl-C stops it; the data stay.",
            highlight=False,
        )
        _wait(nodes)


def _start(running: ExitStack, node: CassandraNode, console: Console) -> CassandraNode:
    with console.status(f"Starting a node on {node.address} ..."):
        # Nodes join one at a time: two at once could choose the same tokens.
        running.enter_context(node)
    running.callback(console.print, f"Stopping the node on {node.address} ...", highlight=False)
    console.print(
        f"Node on {node.address}: pid {node.pid}, "
        f"{node.resident_bytes >> 20} MiB, log {node.log_path}",
        highlight=False,
        soft_wrap=True,
    )
    return node


def _wait(nodes: list[CassandraNode]) -> None:
    """Return when Ctrl-C comes (as KeyboardInterrupt); fail when a node ends by itself."""
    while True:
        for node in nodes:
            node.check_running(within_seconds=1.0 / len(nodes))


if __name__ == "__main__":
    typer.run(main)
