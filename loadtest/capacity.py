"""``python -m loadtest.capacity``: nodes, disks and cores for a country, from measured figures.

``measure`` fills a real node and writes what a statement costs it; ``compute`` does the arithmetic
of ``docs/capacity.md`` from that file. Everything is a figure that was measured, a demand, or a
choice, and each stands in the table under its own name.
"""

import math
import tempfile
from pathlib import Path
from typing import Annotated

import msgspec
import typer
import uvloop
from rich.console import Console
from rich.table import Table

from loadtest.figures import Run, median
from loadtest.node_figures import NodeFigures, measure as measure_node
from loadtest.report import machine

MEASURED = Path(__file__).with_name("measured.json")
STATEMENTS = (623_000_000, 1_400_000_000, 10_000_000_000)
"""What was gathered in half a year; one for everybody; seven for everybody."""


class ServerFigures(msgspec.Struct, frozen=True):
    """What one core of a server does, from ``loadtest.bench`` on Cassandra.

    Attributes:
        checks: Single checks a second.
        batch_lookups: Lookups a second in batches of a hundred.
        publication: Records a second, native bytes until durable.
    """

    checks: float
    batch_lookups: float
    publication: float


class Measured(msgspec.Struct, frozen=True):
    """All measured figures.

    Attributes:
        machine: Its class.
        node: One Cassandra node.
        server: One worker of the exchange.
    """

    machine: dict[str, str]
    node: NodeFigures
    server: ServerFigures


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for and what was chosen.

    Attributes:
        statements: Kept at once.
        writes: Records a second at the peak of a full refresh.
        checks: Checks a second at the peak of a morning.
        single_part: Part of them that comes alone; the rest comes in batches of a hundred.
        replicas: Copies in a data centre.
        centres: Data centres, each with all the data.
        node_cores: Of one node.
        node_memory_gib: Of one node.
        busy_part: Part of a node's and a server's cores that is used at the peak.
        full_part: Part of a disk that may be full; compaction needs room.
        superseded_part: Rows on disk that a newer one has outdone and compaction not yet removed.
        node_terabytes: Of one node's disk.
    """

    statements: int
    writes: float = 7_200
    checks: float = 60_000
    single_part: float = 0.2
    replicas: int = 3
    centres: int = 1
    node_cores: int = 16
    node_memory_gib: int = 64
    busy_part: float = 0.5
    full_part: float = 0.5
    superseded_part: float = 0.2
    node_terabytes: float = 2.0


class Plan(msgspec.Struct, frozen=True):
    """What that comes to, in one data centre.

    Attributes:
        data_gb: One copy, compacted.
        disk_gb: All copies with what compaction has not removed yet.
        node_cores_used: At the peak: writes on every replica, reads on a quorum.
        nodes_for_cpu: That many cores, busy as far as they may be, with one node lost.
        nodes_for_disk: The same for disks.
        nodes: The larger, and at least as many as there are replicas.
        memory_part: Part of all data that fits the nodes' memory (half of it).
        server_cores: For checks and publication.
        refresh_hours: How long a full refresh takes at the rate of writes.
        between_mbit: Of writes to each further data centre.
    """

    data_gb: float
    disk_gb: float
    node_cores_used: float
    nodes_for_cpu: int
    nodes_for_disk: int
    nodes: int
    memory_part: float
    server_cores: int
    refresh_hours: float
    between_mbit: float


MESSAGE_BYTES = 100
"""What a row of a batch takes between data centres beside its value: key, names, time, frames."""


def plan(measured: Measured, demand: Demand) -> Plan:
    """Do the arithmetic."""
    node, server = measured.node, measured.server
    data = demand.statements * node.disk_bytes
    disk = data * demand.replicas * (1 + demand.superseded_part)
    quorum = demand.replicas // 2 + 1
    # Every write reaches all replicas of every centre; a read asks a quorum of its own centre.
    node_cores = (
        demand.writes * demand.replicas * node.write_cpu_us
        + demand.checks * quorum * node.read_cpu_us
    ) / 1e6
    per_node = demand.node_cores * demand.busy_part
    for_cpu = math.ceil(node_cores / per_node) + 1
    for_disk = math.ceil(disk / (demand.node_terabytes * 1e12 * demand.full_part)) + 1
    nodes = max(for_cpu, for_disk, demand.replicas)
    alone, grouped = demand.checks * demand.single_part, demand.checks * (1 - demand.single_part)
    busy_cores = (
        alone / server.checks + grouped / server.batch_lookups + demand.writes / server.publication
    )
    memory = nodes * demand.node_memory_gib * 2**30 / 2
    return Plan(
        data_gb=data / 1e9,
        disk_gb=disk / 1e9,
        node_cores_used=node_cores,
        nodes_for_cpu=for_cpu,
        nodes_for_disk=for_disk,
        nodes=nodes,
        memory_part=min(1.0, memory / (data * demand.replicas)),
        server_cores=math.ceil(busy_cores / demand.busy_part),
        refresh_hours=demand.statements / demand.writes / 3600,
        between_mbit=demand.writes * (node.value_bytes + MESSAGE_BYTES) * 8 / 1e6,
    )


def read_measured(path: Path) -> Measured:
    """Read measured figures."""
    return msgspec.json.decode(path.read_bytes(), type=Measured)


def _texts(found: Plan) -> dict[str, str]:
    """Return a plan's figures as they stand in the table."""
    return {
        "one copy, compacted, GB": f"{found.data_gb:,.0f}",
        "all copies on disk, GB": f"{found.disk_gb:,.0f}",
        "node cores in use at the peak": f"{found.node_cores_used:.1f}",
        "nodes for CPU, one lost": f"{found.nodes_for_cpu}",
        "nodes for disk, one lost": f"{found.nodes_for_disk}",
        "nodes": f"{found.nodes}",
        "part of the data in their memory": f"{found.memory_part:.0%}",
        "cores for the exchange": f"{found.server_cores}",
        "hours of a full refresh": f"{found.refresh_hours:,.0f}",
        "Mbit/s to each further centre": f"{found.between_mbit:.0f}",
    }


def table_of(measured: Measured, demands: list[Demand]) -> Table:
    """Return plans side by side, of one data centre each."""
    table = Table(title="In each data centre")
    table.add_column("")
    columns = []
    for demand in demands:
        table.add_column(f"{demand.statements / 1e6:,.0f} M", justify="right")
        columns.append(_texts(plan(measured, demand)))
    for name in columns[0]:
        table.add_row(name, *(column[name] for column in columns))
    return table


app = typer.Typer(no_args_is_help=False, add_completion=False)


@app.callback(invoke_without_command=True)
def default(context: typer.Context) -> None:
    """Compute, where nothing else is asked for."""
    if context.invoked_subcommand is None:
        compute()


@app.command()
def compute(  # noqa: PLR0913 - one argument an option.
    *,
    measured: Annotated[Path, typer.Option(help="Measured figures, JSON.")] = MEASURED,
    writes: Annotated[float, typer.Option(help="Records a second.")] = 7_200,
    checks: Annotated[float, typer.Option(help="Checks a second.")] = 60_000,
    single_part: Annotated[float, typer.Option(min=0, max=1, help="Of them alone.")] = 0.2,
    node_cores: Annotated[int, typer.Option(min=1)] = 16,
    node_terabytes: Annotated[float, typer.Option(min=0.1)] = 2.0,
) -> None:
    """Print nodes, disks and cores for 623 M, 1.4 bn and 10 bn statements."""
    if not measured.exists():
        raise typer.BadParameter("there are no measured figures yet: run `measure` first")
    demands = [
        Demand(
            statements=statements,
            writes=writes,
            checks=checks,
            single_part=single_part,
            node_cores=node_cores,
            node_terabytes=node_terabytes,
        )
        for statements in STATEMENTS
    ]
    Console().print(table_of(read_measured(measured), demands))


@app.command()
def measure(
    *,
    bench: Annotated[Path, typer.Option(help="JSON of a run of loadtest.bench on Cassandra.")],
    statements: Annotated[int, typer.Option(min=1_000)] = 1_000_000,
    into: Annotated[Path, typer.Option(help="Where the figures go.")] = MEASURED,
) -> None:
    """Measure a real node, take the server's figures from a benchmark, and write both."""
    server = server_figures(bench)
    with tempfile.TemporaryDirectory() as directory:
        node = uvloop.run(measure_node(statements, Path(directory)))
    found = Measured(machine(), node, server)
    into.write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    Console().print(found)


def server_figures(bench: Path) -> ServerFigures:
    """Take a core's figures from a benchmark, by CPU a unit; the largest store counts.

    By CPU and not by rate, so that neighbours on the machine that was measured do not count.
    """
    run = msgspec.json.decode(bench.read_bytes(), type=Run)
    lines = sorted(
        (line for line in run.lines if line.store == "cassandra"),
        key=lambda line: line.statements,
    )
    rates = {line.path: 1e6 / median(line.rounds).cpu_unit_us for line in lines}
    return ServerFigures(rates["check"], rates["batch of 100"], rates["publication"])


if __name__ == "__main__":
    app()
