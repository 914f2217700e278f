"""``python -m loadtest.run``: locust's mixed load without a window, against a server it starts.

Prints a table and leaves locust's report as HTML. ``loadtest/README.md`` tells how to load a real
deployment from several machines.
"""

import asyncio
import csv
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from loadtest.serving import CLIENT_CORE, end_in_order, hold_to
from loadtest.shapes import SHAPES
from loadtest.world import KINDS, make_world, nodes

STOP_SECONDS_MAX = 60.0
LOCUSTFILE = Path(__file__).with_name("locustfile.py")


class Options(msgspec.Struct, frozen=True):
    """What is run.

    Attributes:
        seconds: Length.
        users: Greatest number of users.
        shape: Name in ``SHAPES``.
        statements: In the store.
        store: Name in ``KINDS``.
        records: Of a publisher's file.
        report: Where locust's HTML goes.
    """

    seconds: float = 120.0
    users: int = 100
    shape: str = "morning-surge"
    statements: int = 100_000
    store: str = "sqlite"
    records: int = 5_000
    report: Path = Path("var/load.html")


class Row(msgspec.Struct, frozen=True):
    """One kind of call.

    Attributes:
        name: As locust calls it.
        calls: Made.
        failures: Of them.
        rate: Calls a second.
        p50_ms: Median.
        p99_ms: Ninety-ninth percentile.
    """

    name: str
    calls: int
    failures: int
    rate: float
    p50_ms: float
    p99_ms: float


def load(options: Options, port: int, people: int, directory: Path) -> list[Row]:
    """Run locust against a port and return what it counted.

    Raises:
        RuntimeError: It ended early, or never.
    """
    options.report.parent.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {
        "LOADTEST_SHAPE": options.shape,
        "LOADTEST_SECONDS": str(options.seconds),
        "LOADTEST_USERS": str(options.users),
        "LOADTEST_PEOPLE": str(people),
        "LOADTEST_RECORDS": str(options.records),
        "PYTHONPATH": str(LOCUSTFILE.parents[1]),
    }
    command = [
        sys.executable, "-m", "locust", "--locustfile", str(LOCUSTFILE), "--headless",
        "--host", f"127.0.0.1:{port}", "--html", str(options.report),
        "--csv", str(directory / "load"), "--only-summary", "--loglevel", "WARNING",
        "--exit-code-on-error", "0", "--stop-timeout", "10",
    ]  # fmt: skip
    limit = options.seconds + STOP_SECONDS_MAX
    finished = subprocess.run(  # noqa: S603 - arguments are ours, no shell.
        command, env=environment, timeout=limit, stdout=subprocess.DEVNULL, check=False
    )
    stats = directory / "load_stats.csv"
    if finished.returncode or not stats.exists():
        raise RuntimeError("locust ended early.")
    with stats.open(encoding="utf-8", newline="") as file:
        return [_row(one) for one in csv.DictReader(file)]


def _row(one: dict[str, str]) -> Row:
    return Row(
        one["Name"],
        int(one["Request Count"]),
        int(one["Failure Count"]),
        float(one["Requests/s"]),
        float(one["50%"].replace("N/A", "0")),
        float(one["99%"].replace("N/A", "0")),
    )


async def run(options: Options, directory: Path) -> list[Row]:
    """Fill a store, serve it with one worker on the first processor, load it from the second."""
    kind = KINDS[options.store]
    with nodes(kind, directory, 1024) as contact:
        world = await make_world(kind, options.statements, directory, contact)
        with world.server as server:
            return await asyncio.to_thread(load, options, server.port, world.people, directory)


def table_of(rows: list[Row]) -> Table:
    """Return what was counted as a table."""
    table = Table(title="Mixed load")
    for head in ("call", "calls", "failures", "calls/s", "p50 ms", "p99 ms"):
        table.add_column(head)
    for row in rows:
        table.add_row(
            row.name, f"{row.calls:,}", f"{row.failures:,}", f"{row.rate:,.1f}",
            f"{row.p50_ms:,.0f}", f"{row.p99_ms:,.0f}",
        )  # fmt: skip
    return table


def main(  # noqa: PLR0913 - one argument an option.
    *,
    seconds: Annotated[float, typer.Option(min=3, max=7 * 86_400)] = 120.0,
    users: Annotated[int, typer.Option(min=1, max=100_000, help="At the top.")] = 100,
    shape: Annotated[str, typer.Option(help=", ".join(SHAPES))] = "morning-surge",
    statements: Annotated[int, typer.Option(min=100, max=10_000_000)] = 100_000,
    store: Annotated[str, typer.Option(help="sqlite, cassandra or ring.")] = "sqlite",
    report: Annotated[Path, typer.Option(help="locust's HTML.")] = Path("var/load.html"),
) -> None:
    """Load a server that is started for it; print a table, leave a report."""
    if shape not in SHAPES or store not in KINDS:
        raise typer.BadParameter("see --help for shapes and stores")
    hold_to(CLIENT_CORE)
    end_in_order()
    options = Options(seconds, users, shape, statements, store, report=report)
    with tempfile.TemporaryDirectory() as directory:
        rows = asyncio.run(run(options, Path(directory)))
    console = Console()
    console.print(table_of(rows))
    console.print(f"Report: {report}", highlight=False)


if __name__ == "__main__":
    typer.run(main)
