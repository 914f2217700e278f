"""``python -m loadtest.neighbours``: what members notice of one that takes more than its share.

Some members and their checkpoints ask single checks at a steady rate, a part of what the server can
do, beside one member that floods, without a quota and with one, or that holds slow streams, and
alone before and after each, as the machine is not equally quick all the time. Times count from when
a check was due. The bad neighbour is a process of its own that has the processor only while the one
that measures leaves it: they are two machines elsewhere.
"""

import asyncio
import tempfile
from pathlib import Path
from statistics import mean
from typing import Annotated

import msgspec
import typer
import uvloop
from rich.console import Console
from rich.table import Table

from exchange.core.caller import URN_PREFIX
from exchange.server.identity import CALLER_METADATA
from loadtest.bad_neighbour import BadNeighbour, Offence
from loadtest.callers import steady
from loadtest.figures import Comparison
from loadtest.http2 import Target
from loadtest.report import comparison_text, machine
from loadtest.requests import FILE_MEMBER, checks
from loadtest.serving import CHECK, CLIENT_CORE, SERVER_CORE, end_in_order, hold_to
from loadtest.surge import DEADLINE, capacity, surge_target
from loadtest.timeline import Bucket, Totals, merged, totals
from loadtest.world import KINDS, Front, World, make_world, nodes

MEMBERS = ("320000", "420000", "440000", "510000")
"""Who asks at a steady rate, each as itself and as a checkpoint of its own."""
FLOODS, LIMITED = "330000", "340000"
"""Who floods: without a quota, and with one."""
P99_FACTOR_MAX = 1.5
ALONE = "alone"
ALONE_PART = 0.5
"""Of a phase's length, that of one alone: there is one on either side."""
CALM_SECONDS = 3.0
"""Between phases, asked at the steady rate and not counted: what was shed is let in again."""
BURSTS_PER_SECOND = 10
"""Others wait for all of a quota's burst, as it is answered at once: 500 of them took 65 ms."""
PRELUDE_BUCKETS = 2
"""Buckets of the first second, in which nothing is shed yet; left out of the settled p99."""


class Kind(msgspec.Struct, frozen=True):
    """A way to be a bad neighbour.

    Attributes:
        deed: Kind of ``Offence``.
        member: Who does it.
        honour: Whether a flood waits as RetryInfo says.
    """

    deed: str
    member: str
    honour: bool = False


BAD = {
    "flood, asks at once": Kind("flood", FLOODS),
    "flood, honours RetryInfo": Kind("flood", FLOODS, honour=True),
    "flood with a quota": Kind("flood", LIMITED),
    "slow streams": Kind("slow", FILE_MEMBER),
    "greedy stream": Kind("greedy", FILE_MEMBER),
}


class Options(msgspec.Struct, frozen=True):
    """How much of both, and how long.

    Attributes:
        store: Name in ``KINDS``.
        statements: In the store.
        part: Of the capacity that the others ask for together.
        factor: Times the calls in flight that saturate, of a flood.
        quota: Lookups a second of the member that has a quota.
        streams: Slow ones.
        seconds: Of each phase with a bad neighbour.
        steps_seconds: Of each step in the search for the capacity.
        only: Part of the names of bad neighbours; all where it is empty.
    """

    store: str = "sqlite"
    statements: int = 100_000
    part: float = 0.3
    factor: int = 10
    quota: int = 500
    streams: int = 48
    seconds: float = 60.0
    steps_seconds: float = 2.0
    only: str = ""


class Phase(msgspec.Struct, frozen=True):
    """What the others saw, and what the bad neighbour did meanwhile.

    Attributes:
        name: Of the bad neighbour; ``ALONE`` for none.
        others: All of them.
        settled: The same without the first second.
        offender: What it asked (messages of streams) and got; None: there was none.
        memory_mib: Of the server before and after.
    """

    name: str
    others: Totals
    settled: Totals
    offender: Totals | None
    memory_mib: tuple[float, float]


class Found(msgspec.Struct, frozen=True):
    """A whole run.

    Attributes:
        capacity: Calls a second that the server can do.
        rate: What the others asked a second.
        phases: The others alone, and beside each bad neighbour by turns; the last is alone, too.
    """

    capacity: float
    rate: float
    phases: tuple[Phase, ...]

    def slower(self, place: int) -> float:
        """Return the p99 of a phase as times that alone, the mean of those on either side."""
        sides = self.phases[max(0, place - 1) : place + 2]
        alone = [one.others.p99_ms for one in sides if one.offender is None]
        return self.phases[place].others.p99_ms / max(mean(alone), 1e-9)

    def comparisons(self) -> list[Comparison]:
        """Return what has to hold of issue 8, part 5, each as a bound from above."""
        found = []
        for place, one in enumerate(self.phases):
            if one.offender is None:
                continue
            lost = one.others.refused_rate + one.others.failed / one.others.seconds
            found += [
                Comparison(
                    f"{one.name}: p99 of the others, times that alone",
                    self.slower(place),
                    P99_FACTOR_MAX,
                ),
                Comparison(f"{one.name}: others refused or failed, a second", lost, 0.0),
            ]
        return found


class _Others:
    """The members that ask at a steady rate, whatever comes back."""

    def __init__(self, world: World, rate: float) -> None:
        self._rate = rate
        self._callers: list[tuple[Target, list[bytes]]] = []
        for member in MEMBERS:
            bodies = checks(world.people, 5_000, member)
            for name in (f"member:{member}", f"checkpoint:{member}:gate-1"):
                metadata = ((CALLER_METADATA, URN_PREFIX + name), DEADLINE)
                self._callers.append((Target(world.server.port, CHECK, metadata), bodies))

    async def ask(self, seconds: float) -> list[Bucket]:
        """Ask for some seconds, each caller over a connection of its own."""
        each = self._rate / len(self._callers)
        timelines = await asyncio.gather(
            *(steady(target, bodies, each, seconds, 1) for target, bodies in self._callers)
        )
        return merged(timelines, seconds)


async def run(options: Options, directory: Path, say: Console) -> Found:
    """Measure the others alone, and beside each bad neighbour that is asked for."""
    kind = KINDS[options.store]
    limits = directory / "limits.toml"
    burst = max(1, options.quota // BURSTS_PER_SECOND)
    quota = f"per_second = {options.quota}\nburst = {burst}"
    limits.write_text(f'[members."{LIMITED}".lookups]\n{quota}\n', "utf-8")
    front = Front(settings={"limits_file": limits})
    with nodes(kind, directory, 1024) as contact:
        world = await make_world(kind, options.statements, directory, contact, front)
        with world.server:
            return await _phases(world, options, say)


async def _phases(world: World, options: Options, say: Console) -> Found:
    target, bodies = surge_target(world)
    in_flight, most = await capacity(target, bodies, options.steps_seconds)
    rate = most * options.part
    say.print(f"Capacity {most:,.0f} calls/s with {in_flight} in flight; others ask {rate:,.0f}/s.")
    others = _Others(world, rate)
    chosen = {name: bad for name, bad in BAD.items() if options.only in name}
    alone = options.seconds * ALONE_PART
    phases = []

    async def phase(name: str, seconds: float, offence: Offence | None = None) -> None:
        await others.ask(min(CALM_SECONDS, seconds))
        say.print(f"{name}, {seconds:.0f} s ...")
        phases.append(await _phase(world, others, name, offence, seconds))

    await phase(ALONE, alone)
    for name, bad in chosen.items():
        await phase(name, options.seconds, _offence(bad, world, options, in_flight))
        await phase(ALONE, alone)
    return Found(most, rate, tuple(phases))


def _offence(bad: Kind, world: World, options: Options, in_flight: int) -> Offence:
    counts = {"flood": in_flight * options.factor, "slow": options.streams, "greedy": 1}
    return Offence(
        kind=bad.deed,
        port=world.server.port,
        member=bad.member,
        count=counts[bad.deed],
        seconds=options.seconds,
        people=world.people,
        honour=bad.honour,
    )


async def _phase(
    world: World, others: _Others, name: str, offence: Offence | None, seconds: float
) -> Phase:
    memory = world.server.rss_mib()
    offender = None
    if offence is None:
        buckets = await others.ask(seconds)
    else:
        with BadNeighbour(offence) as bad:
            bad.begin()
            buckets = await others.ask(seconds)
            offender = await bad.finish()
    return Phase(
        name=name,
        others=totals(buckets),
        settled=totals(buckets[PRELUDE_BUCKETS:]),
        offender=offender,
        memory_mib=(memory, world.server.rss_mib()),
    )


def table_of(found: Found) -> Table:
    """Return all phases as a table: the others, and below them the bad neighbour."""
    table = Table(
        title=f"Others at {found.rate:,.0f} checks/s of {found.capacity:,.0f}, "
        "beside one bad neighbour"
    )
    for head in (
        "who", "asked/s", "answered/s", "refused/s", "failed", "p50 ms", "p99 ms",
        "times alone", "p99 after 1 s", "MiB",
    ):  # fmt: skip
        table.add_column(head)
    for place, one in enumerate(found.phases):
        table.add_row(
            f"others: {one.name}" if one.offender else one.name,
            *_cells(one.others),
            f"{found.slower(place):.2f}" if one.offender else "",
            f"{one.settled.p99_ms:.2f}",
            f"{one.memory_mib[0]:.0f} to {one.memory_mib[1]:.0f}",
        )
        if one.offender is not None:
            table.add_row(f"  {one.name}", *_cells(one.offender), "", "", "")
    return table


def _cells(one: Totals) -> tuple[str, ...]:
    return (
        f"{one.offered_rate:,.0f}", f"{one.goodput:,.0f}", f"{one.refused_rate:,.0f}",
        str(one.failed), f"{one.p50_ms:.2f}", f"{one.p99_ms:.2f}",
    )  # fmt: skip


def main(  # noqa: PLR0913 - one argument an option.
    *,
    store: Annotated[str, typer.Option(help="sqlite, cassandra or ring.")] = "sqlite",
    statements: Annotated[int, typer.Option(min=100, max=10_000_000)] = 100_000,
    part: Annotated[float, typer.Option(min=0.01, max=1, help="Of capacity, the others.")] = 0.3,
    factor: Annotated[int, typer.Option(min=1, max=50, help="Times too much, a flood.")] = 10,
    quota: Annotated[int, typer.Option(min=1, help="Lookups/s of who has a quota.")] = 500,
    streams: Annotated[int, typer.Option(min=1, max=1000, help="Slow ones.")] = 48,
    seconds: Annotated[
        float, typer.Option(min=1, max=600, help="Beside each bad neighbour.")
    ] = 60.0,
    only: Annotated[str, typer.Option(help="Part of names, as `flood` or `stream`.")] = "",
    quick: Annotated[bool, typer.Option("--quick", help="About a minute.")] = False,
    json: Annotated[Path | None, typer.Option(help="Write the figures here.")] = None,
) -> None:
    """Measure what others notice of a flood and of slow streams of one member."""
    if store not in KINDS or not any(only in name for name in BAD):
        raise typer.BadParameter(f"stores are {', '.join(KINDS)}; names: {'; '.join(BAD)}")
    options = Options(store, statements, part, factor, quota, streams, seconds, only=only)
    if quick:
        options = msgspec.structs.replace(options, statements=10_000, seconds=4, steps_seconds=0.5)
    hold_to(CLIENT_CORE)
    end_in_order()
    console = Console(width=200)
    with tempfile.TemporaryDirectory() as directory:
        found = uvloop.run(run(options, Path(directory), Console(stderr=True)))
    console.print(table_of(found))
    for one in found.comparisons():
        console.print(comparison_text(one), highlight=False)
    if json is not None:
        content = {"machine": machine(), "server_core": SERVER_CORE, "found": found}
        json.write_bytes(msgspec.json.encode(content, enc_hook=list))


if __name__ == "__main__":
    typer.run(main)
