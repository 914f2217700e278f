"""``python -m loadtest.profile``: where a server's time goes on one path, by module and function.

The exchange runs in one process under cProfile, which makes small Python functions look dearer than
they are: read the shares, and take rates from ``bench``. Only the event loop's thread is counted:
decoding of publications and SQLite's writer have threads of their own.
"""

import pstats
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Annotated

import msgspec
import typer
import uvloop
from rich.console import Console
from rich.table import Table

from exchange.operations.clock import system_clock
from loadtest.cases import batch_load
from loadtest.measure import Load, calls, publication
from loadtest.population import HOUR_MS
from loadtest.requests import checks, native_file, stream_of
from loadtest.serving import CHECK, CLIENT_CORE, PROFILE_VARIABLE, end_in_order, hold_to
from loadtest.world import (
    DEFAULT_DESTINATION,
    KINDS,
    PATIENT,
    RULES_POLICY,
    Front,
    World,
    make_world,
    nodes,
)

PATHS = ("check", "batch", "rules", "publication")
TOP = 25
_SITE = "site-packages"


class Place(msgspec.Struct, frozen=True):
    """A function or a part of the program.

    Attributes:
        name: Of it.
        part: Of all time spent in it itself.
        calls: Of it.
    """

    name: str
    part: float
    calls: int


async def _load(world: World, path: str, seconds: float) -> None:
    if path == "publication":
        records = 60_000
        file = native_file(world.people, records, system_clock() - HOUR_MS // 2)
        await publication(world.server, stream_of(file), records)
        return
    load = (
        Load(CHECK, checks(world.people, 20_000, DEFAULT_DESTINATION), 64)
        if path == "check"
        else batch_load(world, 1_000, RULES_POLICY if path == "rules" else DEFAULT_DESTINATION)
    )
    await calls(world.server, load, seconds)


async def profile(
    path: str, store: str, statements: int, seconds: float, directory: Path
) -> pstats.Stats:
    """Load one path of a server that counts, and return what it counted."""
    kind, into = KINDS[store], directory / "profile"
    with nodes(kind, directory, 1024) as contact:
        front = Front(settings=PATIENT | {PROFILE_VARIABLE: into})
        world = await make_world(kind, statements, directory, contact, front)
        with world.server:
            await _load(world, path, seconds)
    return pstats.Stats(str(into))


def places(stats: pstats.Stats, *, by_module: bool) -> list[Place]:
    """Return where the time went, most first; waiting for events is left out."""
    times: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    raw: dict[tuple[str, int, str], tuple[int, int, float, float, object]] = stats.stats  # type: ignore[attr-defined]
    for (file, line, name), (_, count, own, _, _) in raw.items():
        where = _short(file)
        key = where if by_module else f"{where}:{line} {name}" if line else name
        times[key][0] += own
        times[key][1] += count
    whole = sum(own for own, _ in times.values())
    found = [Place(name, own / whole, int(count)) for name, (own, count) in times.items()]
    return sorted(found, key=lambda one: -one.part)


def _short(file: str) -> str:
    """Return a file as part of the program: below the repository, or the package it belongs to."""
    if _SITE in file:
        return file.partition(f"{_SITE}/")[2]
    for root in ("exchange/", "adapters/"):
        if f"/{root}" in file:
            return root + file.rpartition(f"/{root}")[2]
    return Path(file).name if file != "~" else "built in"


def main(
    *,
    path: Annotated[str, typer.Option(help=", ".join(PATHS))] = "check",
    store: Annotated[str, typer.Option(help="sqlite, cassandra or ring.")] = "sqlite",
    statements: Annotated[int, typer.Option(min=100)] = 100_000,
    seconds: Annotated[float, typer.Option(min=0.5, max=60)] = 5.0,
) -> None:
    """Show what dominates a path."""
    if path not in PATHS or store not in KINDS:
        raise typer.BadParameter("see --help for paths and stores")
    hold_to(CLIENT_CORE)
    end_in_order()
    with tempfile.TemporaryDirectory() as directory:
        stats = uvloop.run(profile(path, store, statements, seconds, Path(directory)))
    console = Console()
    for title, by_module in (("By module", True), ("By function", False)):
        table = Table(title=f"{title}: {path}, {store}")
        for head in ("", "own time", "calls"):
            table.add_column(head)
        for one in places(stats, by_module=by_module)[:TOP]:
            table.add_row(one.name, f"{one.part:.1%}", f"{one.calls:,}")
        console.print(table)


if __name__ == "__main__":
    typer.run(main)
