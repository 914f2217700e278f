"""``python -m loadtest.surge``: ten times too much, and what is left of throughput and patience.

First the capacity is looked for (calls in flight are doubled until that brings no more), then the
p99 at eighty per cent of it; then ten times as many callers as saturation needs ask at once, over
many connections, and when they have gone the eighty per cent have to be served well again.
"""

import tempfile
from pathlib import Path
from typing import Annotated

import msgspec
import typer
import uvloop
from rich.console import Console
from rich.table import Table

from loadtest.callers import closed, steady
from loadtest.figures import Comparison
from loadtest.http2 import Target
from loadtest.measure import target_of
from loadtest.report import comparison_text, machine
from loadtest.requests import checks
from loadtest.serving import CHECK, CLIENT_CORE, SERVER_CORE, end_in_order, hold_to
from loadtest.timeline import Bucket, Totals, drawn, recovery_seconds, totals
from loadtest.world import DEFAULT_DESTINATION, KINDS, World, make_world, nodes

DEADLINE = ("grpc-timeout", "10S")
"""Callers wait no longer; the exchange may drop what nobody waits for."""
IN_FLIGHT_START, IN_FLIGHT_MAX = 8, 256
SATURATED_GAIN = 1.05
"""Twice the calls that bring less than a twentieth more: saturated."""
LOAD_PART = 0.8
RECOVERY_SECONDS_MAX = 5.0
MEMORY_GROWTH_MIB_MAX = 10.0


class Surge(msgspec.Struct, frozen=True):
    """One surge and what came before and after.

    Attributes:
        callers: ``honour`` (they wait as RetryInfo says) or ``at-once``.
        in_flight: Calls at once that saturate the server.
        capacity: Calls a second then.
        usual: At eighty per cent of capacity.
        during: With ten times the calls in flight.
        recovery_seconds: Until eighty per cent were served well again; None: never.
        memory_mib: Of the server before and after.
        timeline: All buckets, surge and recovery, for the chart.
    """

    callers: str
    in_flight: int
    capacity: float
    usual: Totals
    during: Totals
    recovery_seconds: float | None
    memory_mib: tuple[float, float]
    timeline: tuple[Bucket, ...]

    def comparisons(self) -> list[Comparison]:
        """Return the targets of issue 8, part 5, each as a bound from above."""
        least = 0.9 if self.callers == "honour" else 0.7
        lost = 1 - self.during.goodput / self.capacity
        recovered = float("inf") if self.recovery_seconds is None else self.recovery_seconds
        slower = self.during.p99_ms / max(self.usual.p99_ms, 1e-9)
        grown = self.memory_mib[1] - self.memory_mib[0]
        return [
            Comparison("goodput lost, part of capacity", lost, 1 - least),
            Comparison("p99 of the admitted, times that at 80 % load", slower, 2.0),
            Comparison("recovery, s", recovered, RECOVERY_SECONDS_MAX),
            Comparison("memory grown, MiB", grown, MEMORY_GROWTH_MIB_MAX),
        ]


class Options(msgspec.Struct, frozen=True):
    """How hard and how long.

    Attributes:
        store: Name in ``KINDS``.
        statements: In the store.
        seconds: Of the surge.
        steps_seconds: Of each step in the search for the capacity, and of the usual load.
        factor: Times the calls in flight that saturate.
    """

    store: str = "sqlite"
    statements: int = 100_000
    seconds: float = 60.0
    steps_seconds: float = 4.0
    factor: int = 10


async def capacity(target: Target, bodies: list[bytes], seconds: float) -> tuple[int, float]:
    """Return how many calls in flight saturate a server, and its rate then."""
    in_flight, best = IN_FLIGHT_START, 0.0
    while True:
        timeline = await closed(target, bodies, in_flight, seconds, honour=True)
        found = totals(timeline.buckets[:-1] or timeline.buckets)
        if found.goodput < best * SATURATED_GAIN:
            return in_flight // 2, max(best, found.goodput)
        best = found.goodput
        if in_flight >= IN_FLIGHT_MAX:
            return in_flight, best
        in_flight *= 2


def surge_target(world: World) -> tuple[Target, list[bytes]]:
    """Return the method that is asked, with a deadline, and what is asked."""
    target = target_of(world.server, CHECK)
    target = msgspec.structs.replace(target, metadata=(*target.metadata, DEADLINE))
    return target, checks(world.people, 20_000, DEFAULT_DESTINATION)


async def surge(world: World, options: Options, callers: str, say: Console) -> Surge:
    """Find the capacity, exceed it, and see what is left and when it is well again."""
    target, bodies = surge_target(world)
    in_flight, rate = await capacity(target, bodies, options.steps_seconds)
    say.print(f"Capacity {rate:,.0f} calls/s with {in_flight} in flight.")
    before = await steady(target, bodies, rate * LOAD_PART, options.steps_seconds)
    usual = totals(before.buckets[1:-1] or before.buckets)
    memory = world.server.rss_mib()
    many = in_flight * options.factor
    say.print(f"{many} callers for {options.seconds:.0f} s, {callers} ...")
    timeline = await closed(target, bodies, many, options.seconds, honour=callers == "honour")
    seconds = RECOVERY_SECONDS_MAX + options.steps_seconds
    after = await steady(target, bodies, rate * LOAD_PART, seconds)
    return Surge(
        callers=callers,
        in_flight=in_flight,
        capacity=rate,
        usual=usual,
        during=totals(timeline.buckets[: int(options.seconds * 2)]),
        recovery_seconds=recovery_seconds(after.buckets[:-1], usual.p99_ms * 2),
        memory_mib=(memory, world.server.rss_mib()),
        timeline=(*timeline.buckets, *after.buckets),
    )


async def run(
    options: Options, modes: tuple[str, ...], directory: Path, say: Console
) -> list[Surge]:
    """Run a surge of each kind of callers against one server."""
    kind = KINDS[options.store]
    with nodes(kind, directory, 1024) as contact:
        world = await make_world(kind, options.statements, directory, contact)
        with world.server:
            return [await surge(world, options, mode, say) for mode in modes]


def table_of(found: list[Surge]) -> Table:
    """Return the surges as a table."""
    table = Table(title="A surge of ten times too much")
    for head in (
        "callers", "capacity/s", "in flight", "offered/s", "goodput/s", "of capacity",
        "refused/s", "failed", "p99 ms at 80 %", "p99 ms admitted", "recovery s", "MiB",
    ):  # fmt: skip
        table.add_column(head)
    for one in found:
        during = one.during
        table.add_row(
            one.callers, f"{one.capacity:,.0f}", str(one.in_flight), f"{during.offered_rate:,.0f}",
            f"{during.goodput:,.0f}", f"{during.goodput / one.capacity:.2f}",
            f"{during.refused_rate:,.0f}", str(during.failed), f"{one.usual.p99_ms:.1f}",
            f"{during.p99_ms:.1f}",
            "never" if one.recovery_seconds is None else f"{one.recovery_seconds:.1f}",
            f"{one.memory_mib[0]:.0f} to {one.memory_mib[1]:.0f}",
        )  # fmt: skip
    return table


def main(  # noqa: PLR0913 - one argument an option.
    *,
    store: Annotated[str, typer.Option(help="sqlite, cassandra or ring.")] = "sqlite",
    statements: Annotated[int, typer.Option(min=100, max=10_000_000)] = 100_000,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="Of the surge.")] = 60.0,
    factor: Annotated[int, typer.Option(min=1, max=50, help="Times too many callers.")] = 10,
    callers: Annotated[str, typer.Option(help="honour, at-once or both.")] = "both",
    quick: Annotated[bool, typer.Option("--quick", help="Under a minute.")] = False,
    json: Annotated[Path | None, typer.Option(help="Write the figures here.")] = None,
    chart: Annotated[Path | None, typer.Option(help="Folder for a chart of each surge.")] = None,
) -> None:
    """Measure a surge; print goodput, p99, refusals and recovery beside their targets."""
    modes = ("honour", "at-once") if callers == "both" else (callers,)
    if store not in KINDS or not set(modes) <= {"honour", "at-once"}:
        raise typer.BadParameter("see --help for stores and callers")
    options = Options(store, statements, seconds, factor=factor)
    if quick:
        options = Options(store, 10_000, 5.0, 1.0, factor)
    hold_to(CLIENT_CORE)
    end_in_order()
    console = Console(width=200)
    with tempfile.TemporaryDirectory() as directory:
        found = uvloop.run(run(options, modes, Path(directory), Console(stderr=True)))
    console.print(table_of(found))
    for one in found:
        for target in one.comparisons():
            console.print(f"{one.callers}: {comparison_text(target)}", highlight=False)
    if json is not None:
        content = {"machine": machine(), "server_core": SERVER_CORE, "surges": found}
        json.write_bytes(msgspec.json.encode(content, enc_hook=list))
    if chart is not None:
        chart.mkdir(parents=True, exist_ok=True)
        for one in found:
            title = f"Surge: {one.callers}, {one.in_flight * options.factor} callers"
            (chart / f"surge-{one.callers}.svg").write_text(drawn(title, one.timeline), "utf-8")


if __name__ == "__main__":
    typer.run(main)
