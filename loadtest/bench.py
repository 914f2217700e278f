"""``python -m loadtest.bench``: every path of the exchange beside its limit, in one run.

Servers are held to the first processor; the client and Cassandra's nodes to the second. The client
is written for this (``http2``): it sends encoded bytes and does not parse the answers. Rounds are
interleaved: a path, its limit, the next path, its limit, and again from the start.
"""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import msgspec
import typer
import uvloop
from rich.console import Console

from loadtest.cases import Bench, Case, cases_of, policies
from loadtest.chart import bars
from loadtest.figures import Line, Round, Run, comparisons_of
from loadtest.measure import Alone
from loadtest.report import TABLE_CHARACTERS, comparison_text, machine, markdown_of, table_of
from loadtest.serving import CLIENT_CORE, Server, end_in_order, hold_to
from loadtest.world import KINDS, PATIENT, Front, StoreKind, make_certificates, make_world, nodes

CASSANDRA_STATEMENTS_MAX = 1_000_000
"""More takes a node on two shared cores longer than the rest of the run."""


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
    """

    stores: tuple[str, ...] = ("sqlite", "cassandra")
    sizes: tuple[int, ...] = (10_000, 1_000_000)
    rounds: int = 3
    seconds: float = 3.0
    records: int = 60_000
    only: str = ""
    tls: bool = False
    heap: int = 1024


QUICK = {"sizes": (10_000, 100_000), "rounds": 2, "seconds": 0.8, "records": 20_000}


async def run(options: Options, directory: Path, say: Console) -> Run:
    """Measure everything that the options ask for."""
    described = machine()
    tls = make_certificates(directory) if options.tls else None
    echo_settings = {"data_dir": directory}
    with ExitStack() as stack:
        echo = stack.enter_context(Server("echo", echo_settings, tls=tls))
        alone = stack.enter_context(Alone())
        bench = Bench(echo, alone, options.seconds, options.records, directory)
        lines = await _rounds(list(policies(bench)), options, say)
        for name in options.stores:
            lines += await _store(KINDS[name], bench, options, say)
    shown = {k: str(v) for k, v in msgspec.structs.asdict(options).items()}
    return Run(described, shown, tuple(lines), tuple(comparisons_of(lines)))


async def _store(kind: StoreKind, bench: Bench, options: Options, say: Console) -> list[Line]:
    """Measure all sizes of one store together, so that sizes are compared in the same minute."""
    limit = CASSANDRA_STATEMENTS_MAX if kind.nodes else max(options.sizes)
    with ExitStack() as stack:
        contact = stack.enter_context(nodes(kind, bench.directory, options.heap))
        cases: list[Case] = []
        for statements in sorted({min(size, limit) for size in options.sizes}):
            say.print(f"Filling {kind.name} with {statements:,} statements ...")
            front = Front(bench.echo.tls, PATIENT)
            world = await make_world(kind, statements, bench.directory, contact, front)
            stack.callback(world.server.stop)
            say.print(f"  {world.fill_seconds:.0f} s")
            cases += await cases_of(bench, world, streams=bench.echo.tls is None)
        return await _rounds(cases, options, say)


async def _rounds(cases: Sequence[Case], options: Options, say: Console) -> list[Line]:
    chosen = [case for case in cases if not options.only or _matches(case, options.only)]
    own: list[list[Round]] = [[] for _ in chosen]
    limits: list[list[Round]] = [[] for _ in chosen]
    for number in range(options.rounds):
        for place, case in enumerate(chosen):
            own[place].append(await case.own())
            if case.measure_limit is not None:
                limits[place].append(await case.measure_limit())
            where = f"{case.world.kind.name} {case.world.statements:,}" if case.world else "-"
            rate = own[place][-1].rate
            say.print(f"  round {number + 1}: {case.path}, {where}: {rate:,.0f} {case.unit}/s")
    return [case.line(*both) for case, *both in zip(chosen, own, limits, strict=True)]


def _matches(case: Case, only: str) -> bool:
    return any(part.strip() in case.path for part in only.split(","))


def main(  # noqa: PLR0913 - one argument an option.
    *,
    quick: Annotated[bool, typer.Option("--quick", help="About two minutes in all.")] = False,
    only: Annotated[str, typer.Option(help="Parts of names of paths, as `check,batch`.")] = "",
    stores: Annotated[str, typer.Option(help="sqlite, cassandra, ring.")] = "sqlite,cassandra",
    sizes: Annotated[str, typer.Option(help="Statements, as `10000,1000000`.")] = "",
    rounds: Annotated[int, typer.Option(min=1, max=50, help="Of each measurement.")] = 3,
    seconds: Annotated[float, typer.Option(min=0.1, max=60, help="Of a measurement.")] = 3.0,
    tls: Annotated[bool, typer.Option("--tls", help="Mutual TLS, the echo too.")] = False,
    json: Annotated[Path | None, typer.Option(help="Write the run here as JSON.")] = None,
    chart: Annotated[Path | None, typer.Option(help="Write a chart here as SVG.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write the table here.")] = None,
    directory: Annotated[Path | None, typer.Option(help="For data; default: temporary.")] = None,
) -> None:
    """Measure every path beside its limit; print a table with targets."""
    fields: dict[str, object] = {"rounds": rounds, "seconds": seconds} | (QUICK if quick else {})
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
        found = uvloop.run(run(options, Path(scratch), Console(stderr=True)))
    _write(found, json, chart, markdown)
    console.print(table_of(found))
    for one in found.comparisons:
        console.print(comparison_text(one), highlight=False)


def _write(found: Run, json: Path | None, chart: Path | None, markdown: Path | None) -> None:
    if json is not None:
        json.write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    if chart is not None:
        chart.write_text(bars(found.lines), "utf-8")
    if markdown is not None:
        markdown.write_text(markdown_of(found), "utf-8")


if __name__ == "__main__":
    typer.run(main)
