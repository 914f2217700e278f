"""``python -m loadtest.bench``: every path of the exchange beside its limit, in one run.

Servers are held to the first processor; the client and a single node of Cassandra to the second, a
ring's nodes to both. The client is written for this (``http2``): it sends encoded bytes and does
not parse the answers. Rounds are interleaved: a path, its limit, the next path, its limit, and
again from the start. Nodes of Cassandra are loaded before anything counts, until they get no
quicker (``warm``).

What fails costs a round, a row or a store, and never the run; what there is so far is written after
each store, and no round begins once the time is up.
"""

import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
import typer
import uvloop
from rich.console import Console

from loadtest.cases import Bench, Case, makers, policies
from loadtest.figures import Line, Round, Run, comparisons_of
from loadtest.measure import Alone
from loadtest.report import TABLE_CHARACTERS, comparison_text, machine, table_of, write_run
from loadtest.serving import CLIENT_CORE, Server, end_in_order, hold_to
from loadtest.warm import warm
from loadtest.world import KINDS, PATIENT, Front, World, make_certificates, make_world, nodes

STATEMENTS_MAX = {"cassandra": 1_000_000, "ring": 2_000}
"""More takes nodes on two shared cores longer than the rest of the run."""
LARGE = 10_000_000
RESULTS = Path("var/bench")
_Result = TypeVar("_Result")


class Options(msgspec.Struct, frozen=True):
    """What a run measures.

    Attributes:
        stores: Names in ``KINDS``.
        sizes: Statements in each store.
        rounds: Of each measurement.
        seconds: Of each measurement.
        records: Of a publication.
        only: Parts of names of paths; all where it is empty.
        tls: Whether calls use mutual TLS, the echo too.
        heap: Of each node, in MiB.
        minutes: After so many no round begins, but the first of each path.
        warm_seconds: A node is loaded for so long at most before anything counts.
    """

    stores: tuple[str, ...] = ("sqlite", "cassandra", "ring")
    sizes: tuple[int, ...] = (10_000, 1_000_000)
    rounds: int = 3
    seconds: float = 3.0
    records: int = 60_000
    only: str = ""
    tls: bool = False
    heap: int = 1024
    minutes: float = 18.0
    warm_seconds: float = 40.0


QUICK = {
    "sizes": (10_000, 100_000),
    "rounds": 2,
    "seconds": 0.8,
    "records": 20_000,
    "warm_seconds": 6.0,
}


class _Failures(msgspec.Struct):
    """Says what failed, and goes on."""

    say: Console
    seen: list[str] = []

    async def guard(self, what: str, work: Callable[[], Awaitable[_Result]]) -> _Result | None:
        """Return what work gives, or None where it fails."""
        try:
            return await work()
        except Exception as error:  # noqa: BLE001 - whatever it is, the other rows are wanted.
            self.seen.append(f"{what}: {type(error).__name__}")
            self.say.print(f"  FAILED {what}: {type(error).__name__}: {error}", markup=False)
            return None


async def run(
    options: Options,
    directory: Path,
    say: Console,
    keep: Callable[[Run], None] = lambda _: None,
) -> Run:
    """Measure everything that the options ask for.

    Args:
        options: What to measure.
        directory: For data.
        say: Tells how far it is.
        keep: Is given what there is after each store.
    """
    described = machine()
    shown = {k: str(v) for k, v in msgspec.structs.asdict(options).items()}
    failures = _Failures(say)
    end = time.monotonic() + options.minutes * 60
    tls = make_certificates(directory) if options.tls else None
    with ExitStack() as stack:
        echo = stack.enter_context(Server("echo", {"data_dir": directory}, tls=tls))
        alone = stack.enter_context(Alone())
        bench = Bench(echo, alone, options.seconds, options.records, directory)
        rounds = _Rounds(options, failures, end)
        lines = await rounds.of(list(policies(bench)))
        for name in options.stores:
            measured = await failures.guard(name, partial(_store, name, bench, options, rounds))
            lines += measured or []
            keep(Run(described, shown, tuple(lines), tuple(comparisons_of(lines))))
    failed = {"failed": "; ".join(failures.seen)} if failures.seen else {}
    return Run(described, shown | failed, tuple(lines), tuple(comparisons_of(lines)))


async def _store(name: str, bench: Bench, options: Options, rounds: "_Rounds") -> list[Line]:
    """Measure all sizes of one store together, so that sizes are compared in the same minute."""
    kind, say = KINDS[name], rounds.failures.say
    most = STATEMENTS_MAX.get(name, max(options.sizes))
    with ExitStack() as stack:
        contact = stack.enter_context(nodes(kind, bench.directory, options.heap))
        worlds: list[World] = []
        cases: list[Case] = []
        for statements in sorted({min(size, most) for size in options.sizes}):
            say.print(f"Filling {kind.name} with {statements:,} statements ...")
            front = Front(bench.echo.tls, PATIENT)
            what = f"{kind.name} {statements:,}"
            world = await rounds.failures.guard(
                what, partial(make_world, kind, statements, bench.directory, contact, front)
            )
            if world is None:
                continue
            stack.callback(world.server.stop)
            say.print(f"  {world.fill_seconds:.0f} s")
            worlds.append(world)
        # After all are filled: filling one takes minutes, in which the others would cool down.
        for world in worlds:
            what = f"{kind.name} {world.statements:,}"
            await rounds.failures.guard(
                f"warming {what}", partial(warm, bench, world, options.warm_seconds, say)
            )
            for make in makers(streams=bench.echo.tls is None):
                case = await rounds.failures.guard(what, partial(make, bench, world))
                cases += [] if case is None else [case]
        return await rounds.of(cases)


class _Rounds(msgspec.Struct):
    """Measures cases, one after the other, again and again."""

    options: Options
    failures: _Failures
    end: float

    async def of(self, cases: Sequence[Case]) -> list[Line]:
        """Return a line of each case of which at least one round was measured."""
        only = self.options.only
        chosen = [case for case in cases if not only or _matches(case, only)]
        pairs: list[list[tuple[Round, Round | None]]] = [[] for _ in chosen]
        for number in range(self.options.rounds):
            for place, case in enumerate(chosen):
                if number and time.monotonic() > self.end:
                    break
                pairs[place] += await self._round(case, number)
        return [
            case.line([own for own, _ in rounds], [limit for _, limit in rounds if limit])
            for case, rounds in zip(chosen, pairs, strict=True)
            if rounds
        ]

    async def _round(self, case: Case, number: int) -> list[tuple[Round, Round | None]]:
        """Measure a path and its limit; both or neither, as they are compared in pairs."""
        where = f"{case.world.kind.name} {case.world.statements:,}" if case.world else "-"
        what = f"{case.path}, {where}"
        own = await self.failures.guard(what, case.own)
        if own is None:
            return []
        self.failures.say.print(f"  round {number + 1}: {what}: {own.rate:,.0f} {case.unit}/s")
        if case.measure_limit is None:
            return [(own, None)]
        limit = await self.failures.guard(f"limit of {what}", case.measure_limit)
        return [] if limit is None else [(own, limit)]


def _matches(case: Case, only: str) -> bool:
    return any(part.strip() in case.path for part in only.split(","))


def main(  # noqa: PLR0913 - one argument an option.
    *,
    quick: Annotated[bool, typer.Option("--quick", help="About two minutes in all.")] = False,
    only: Annotated[str, typer.Option(help="Parts of names of paths, as `check,batch`.")] = "",
    large: Annotated[bool, typer.Option("--large", help="Ten million rows on SQLite too.")] = False,
    stores: Annotated[str, typer.Option(help="sqlite, cassandra, ring.")] = "sqlite,cassandra,ring",
    sizes: Annotated[str, typer.Option(help="Statements, as `10000,1000000`.")] = "",
    rounds: Annotated[int, typer.Option(min=1, max=50, help="Of each measurement.")] = 3,
    seconds: Annotated[float, typer.Option(min=0.1, max=60, help="Of a measurement.")] = 3.0,
    tls: Annotated[bool, typer.Option("--tls", help="Mutual TLS, the echo too.")] = False,
    minutes: Annotated[float, typer.Option(min=1, max=600, help="Begin no round after.")] = 18.0,
    results: Annotated[Path, typer.Option(help="Folder for table, JSON and chart.")] = RESULTS,
    directory: Annotated[Path | None, typer.Option(help="For data; default: temporary.")] = None,
) -> None:
    """Measure every path beside its limit; print a table with targets."""
    fields: dict[str, object] = {"rounds": rounds, "seconds": seconds, "minutes": minutes}
    fields |= QUICK if quick else {}
    if large:
        fields |= {"sizes": (*Options().sizes, LARGE), "minutes": max(minutes, 60.0)}
    if sizes:
        fields["sizes"] = tuple(int(one) for one in sizes.split(","))
    names = tuple(stores.split(","))
    if not set(names) <= KINDS.keys():
        raise typer.BadParameter(f"stores are {', '.join(KINDS)}")
    options = msgspec.convert(fields | {"stores": names, "only": only, "tls": tls}, Options)
    console = Console(width=TABLE_CHARACTERS)
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        hold_to(CLIENT_CORE)
        end_in_order()
        keep = partial(write_run, into=results)
        found = uvloop.run(run(options, Path(scratch), Console(stderr=True), keep))
    write_run(found, results)
    console.print(table_of(found))
    for one in found.comparisons:
        console.print(comparison_text(one), highlight=False)


if __name__ == "__main__":
    typer.run(main)
