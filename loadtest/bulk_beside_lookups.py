"""``python -m loadtest.bulk_beside_lookups``: a file of a million rows beside lookups that go on.

`health-exchange publish` hands the file in with mutual TLS while single checks arrive at a steady
rate, which they did before too. The server is held to one core; what asks it, and Cassandra's node,
to the other. Times of checks count from when they were due, so that waiting shows. Who hands the
file in goes behind who looks up on the core that they share: they are two machines elsewhere, and
the server is what is measured.

On SQLite the p99 beside the file is that alone, since publishers are of the kernel's idle class. On
Cassandra it is up to twice as long: the node has one core here, together with all clients.
"""

import asyncio
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
import psutil
import typer
import uvloop
from rich.console import Console
from rich.table import Table

from exchange.operations.clock import system_clock
from loadtest.callers import steady
from loadtest.faults import LINES, Client, Published
from loadtest.figures import Comparison
from loadtest.measure import target_of
from loadtest.memory import peak_mebibytes
from loadtest.population import HOUR_MS
from loadtest.report import comparison_text
from loadtest.requests import checks, native_file
from loadtest.serving import CHECK, CLIENT_CORE, Server, end_in_order, hold_to
from loadtest.timeline import Bucket, Totals, totals
from loadtest.world import (
    DEFAULT_DESTINATION,
    KINDS,
    Front,
    World,
    make_certificates,
    make_world,
    nodes,
)

P99_FACTOR_MAX = 1.5
MEMORY_MIB_MAX = 200.0
WORKER_MIB_MAX = 150.0
SECONDS_MAX = 3_600.0
"""A million rows go in within minutes."""


class Options(msgspec.Struct, frozen=True):
    """How much of both.

    Attributes:
        store: Name in ``KINDS``.
        statements: In the store before.
        rows: Of the file.
        rate: Lookups a second.
        before_seconds: How long lookups are measured alone.
    """

    store: str = "sqlite"
    statements: int = 100_000
    rows: int = 1_000_000
    rate: float = 200.0
    before_seconds: float = 10.0


class Found(msgspec.Struct, frozen=True):
    """What a run showed.

    Attributes:
        before: Lookups alone.
        during: Lookups beside the file.
        published: What the client said.
        worker_mib: Most memory of the server's largest process.
        cpu_us: Of the server for a record, the lookups' included.
    """

    before: Totals
    during: Totals
    published: Published
    worker_mib: float
    cpu_us: float

    def comparisons(self) -> list[Comparison]:
        """Return what has to hold of issues 6 and 8, each as a bound from above."""
        slower = self.during.p99_ms / max(self.before.p99_ms, 1e-9)
        return [
            Comparison("p99 of lookups, times that alone", slower, P99_FACTOR_MAX),
            Comparison(
                "memory of the client, MiB", self.published.memory_mebibytes, MEMORY_MIB_MAX
            ),
            Comparison("memory of a worker, MiB", self.worker_mib, WORKER_MIB_MAX),
        ]


async def run(options: Options, directory: Path) -> Found:
    """Measure lookups alone, then beside a file."""
    kind = KINDS[options.store]
    tls = make_certificates(directory)
    with nodes(kind, directory, 1024) as contact:
        world = await make_world(kind, options.statements, directory, contact, Front(tls))
        with world.server as server:
            path = directory / "rows.csv"
            people = max(world.people, options.rows)
            path.write_bytes(native_file(people, options.rows, system_clock() - HOUR_MS))
            before = await _lookups(world, options.rate, options.before_seconds)
            client = Client(LINES, path, f"127.0.0.1:{server.port}", directory / "certs")
            used = server.cpu_seconds()
            client.start(behind=True)
            during, published = await _beside(world, options, client)
            used = server.cpu_seconds() - used
            worker = _peak(server)
    cpu_us = used / options.rows * 1e6
    return Found(totals(before), totals(during), published, worker, cpu_us)


async def _lookups(
    world: World, rate: float, seconds: float, goes_on: Callable[[], bool] = lambda: True
) -> list[Bucket]:
    bodies = checks(world.people, 5_000, DEFAULT_DESTINATION)
    timeline = await steady(target_of(world.server, CHECK), bodies, rate, seconds, goes_on=goes_on)
    return timeline.buckets


async def _beside(world: World, options: Options, client: Client) -> tuple[list[Bucket], Published]:
    found: list[Published] = []
    waiting = threading.Thread(target=lambda: found.append(client.finish()))
    waiting.start()
    try:
        # Over the same connections from beginning to end: the server still greets new ones when
        # the first calls are due.
        buckets = await _lookups(world, options.rate, SECONDS_MAX, waiting.is_alive)
    finally:
        client.kill()
        await asyncio.to_thread(waiting.join)
    return buckets, found[0]


def _peak(server: Server) -> float:
    parent = psutil.Process(server.pid)
    tree = [parent, *parent.children(recursive=True)]
    return max(peak_mebibytes(one.pid) or 0.0 for one in tree)


def table_of(found: Found) -> Table:
    """Return both phases as a table."""
    done = found.published
    rate = (done.accepted_count + done.failed_count) / done.seconds
    table = Table(
        title=f"{done.accepted_count:,} records accepted, {rate:,.0f}/s, {found.cpu_us:.1f} us of "
        f"CPU each, lookups included"
    )
    for head in ("lookups", "answered/s", "refused/s", "failed", "p50 ms", "p99 ms"):
        table.add_column(head)
    for name, one in (("alone", found.before), ("beside the file", found.during)):
        table.add_row(
            name, f"{one.goodput:,.0f}", f"{one.refused_rate:,.0f}", str(one.failed),
            f"{one.p50_ms:.2f}", f"{one.p99_ms:.2f}",
        )  # fmt: skip
    return table


def main(
    *,
    store: Annotated[str, typer.Option(help="sqlite, cassandra or ring.")] = "sqlite",
    statements: Annotated[int, typer.Option(min=100, max=10_000_000)] = 100_000,
    rows: Annotated[int, typer.Option(min=1_000, max=10_000_000)] = 1_000_000,
    rate: Annotated[float, typer.Option(min=1, max=5_000, help="Lookups a second.")] = 200.0,
    before: Annotated[float, typer.Option(min=1, max=600, help="Seconds of them alone.")] = 10.0,
) -> None:
    """Measure what a large file costs those who look up."""
    if store not in KINDS:
        raise typer.BadParameter("see --help for stores")
    hold_to(CLIENT_CORE)
    end_in_order()
    options = Options(store, statements, rows, rate, before)
    with tempfile.TemporaryDirectory() as directory:
        found = uvloop.run(run(options, Path(directory)))
    console = Console()
    console.print(table_of(found))
    for one in found.comparisons():
        console.print(comparison_text(one), highlight=False)


if __name__ == "__main__":
    typer.run(main)
