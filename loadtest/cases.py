"""The paths that are measured, each beside its limit.

Checks, alone and in batches, are about people as they were loaded, with 1.2 statements each, of
which nine in ten are green. Publications are about other people, so that it does not matter which
is measured first: a yellow or red statement more about each person cost batches a third of their
rate (70,000 lookups a second instead of 102,000 to 110,000).
"""

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from exchange.operations.clock import system_clock
from exchange.operations.shipped import shipped_policy
from loadtest.alone import Task
from loadtest.figures import Line, Round, Target
from loadtest.measure import Alone, Load, answer_bytes, calls, publication
from loadtest.population import HOUR_MS
from loadtest.requests import batches, checks, native_file, stream_of
from loadtest.serving import BATCH_CHECK, CHECK, ECHO_SERVICE, Server
from loadtest.world import DEFAULT_DESTINATION, RULES_POLICY, World

SINGLE_IN_FLIGHT = 64
"""Twice what saturates one core, so that lookups gather as they do in a busy hour."""
BATCH_SIZES = (10, 100, 1_000)
READS_IN_FLIGHT, WRITES_IN_FLIGHT = 32, 64
"""Of the driver alone: groups of a hundred, and batches of fifty."""
_BATCHES_IN_FLIGHT = {10: 32, 100: 32, 1_000: 4}
SINGLE_BODIES = 20_000
BATCH_ITEMS = 40_000
GROUP = 100
RULES = f"{len(shipped_policy(RULES_POLICY).rules)} rules"

Measured = Callable[[], Awaitable[Round]]


class Case(msgspec.Struct):
    """One path and its limit, to be measured one after the other in every round.

    Attributes:
        path: Name, also for ``--only``.
        own: Measures the path.
        unit: What rates count.
        world: The store, or None.
        limit: Name of the limit.
        measure_limit: Measures the limit, or None.
        target: What has to be reached.
    """

    path: str
    own: Measured
    unit: str
    world: World | None = None
    limit: str = ""
    measure_limit: Measured | None = None
    target: Target | None = None

    def line(self, rounds: list[Round], limits: list[Round]) -> Line:
        """Return the line of the table."""
        return Line(
            path=self.path,
            store="-" if self.world is None else self.world.kind.name,
            statements=0 if self.world is None else self.world.statements,
            unit=self.unit,
            rounds=tuple(rounds),
            limit=self.limit,
            limit_rounds=tuple(limits),
            target=self.target,
        )


class Bench(msgspec.Struct):
    """What cases are made of.

    Attributes:
        echo: The bare echo server.
        alone: Measures what needs no server.
        seconds: Of one measurement.
        records: Of a publication.
        directory: For native files.
        as_of_ms: Of the last native file.
    """

    echo: Server
    alone: Alone
    seconds: float
    records: int
    directory: Path
    as_of_ms: int = 0

    def newer_ms(self) -> int:
        """Return an instant after that of every file so far: older rows would not be written."""
        self.as_of_ms = max(self.as_of_ms + 1_000, system_clock() - HOUR_MS)
        return self.as_of_ms


async def _beside_echo(
    bench: Bench, world: World, path: str, load: Load, target: Target | None
) -> Case:
    size = await answer_bytes(world.server, load.path, load.bodies[0])
    echo = msgspec.structs.replace(load, path=f"{ECHO_SERVICE}{size}")
    return Case(
        path=path,
        own=lambda: calls(world.server, load, bench.seconds),
        unit="calls" if load.units == 1 else "lookups",
        world=world,
        limit="bare echo" if load.units == 1 else "batch echo",
        measure_limit=lambda: calls(bench.echo, echo, bench.seconds),
        target=target,
    )


async def single(bench: Bench, world: World) -> Case:
    """A single check against a bare echo of its size."""
    bodies = checks(world.people, SINGLE_BODIES, DEFAULT_DESTINATION)
    least = 0.75 if world.kind.nodes else 0.85
    load = Load(CHECK, bodies, world.kind.scaled(SINGLE_IN_FLIGHT))
    return await _beside_echo(bench, world, "check", load, Target(least))


def batch_load(world: World, size: int, destination: str) -> Load:
    """Return a load of batches."""
    bodies = batches(world.people, size, max(8, BATCH_ITEMS // size // 4), destination)
    return Load(BATCH_CHECK, bodies, world.kind.scaled(_BATCHES_IN_FLIGHT[size]), size)


async def batch(bench: Bench, world: World, size: int) -> Case:
    """Batches of a size against an echo of theirs, or the driver's grouped reads."""
    load = batch_load(world, size, DEFAULT_DESTINATION)
    target = None if world.kind.nodes or size != max(BATCH_SIZES) else Target(100_000, True)
    case = await _beside_echo(bench, world, f"batch of {size:,}", load, target)
    if world.kind.nodes and size == GROUP:
        case.limit, case.target = "driver, IN of 100", Target(0.7)
        case.measure_limit = lambda: group_reads(bench, world, bench.seconds)
    return case


async def group_reads(bench: Bench, world: World, seconds: float) -> Round:
    """Read groups of a hundred with the driver alone."""
    settings = plain(world.settings)
    task = Task(
        kind="reads",
        settings=settings,
        people=world.people,
        seconds=seconds,
        in_flight=world.kind.scaled(READS_IN_FLIGHT),
    )
    return await bench.alone.measure(task)


async def batch_with_rules(bench: Bench, world: World) -> Case:
    """Batches of a thousand under the shipped policy with the most rules."""
    size = max(BATCH_SIZES)
    load = batch_load(world, size, RULES_POLICY)
    target = None if world.kind.nodes else Target(60_000, True)
    return await _beside_echo(bench, world, f"batch of {size:,}, {RULES}", load, target)


class _Files:
    """Native files, made before they are timed, about the people after those that were loaded."""

    def __init__(self, bench: Bench, world: World, records: int) -> None:
        self._bench, self._people, self._records = bench, world.people, records
        self.path = bench.directory / f"publication-{world.kind.nodes}-{world.statements}.csv"

    def newer(self) -> bytes:
        """Return a file newer than all before it, and leave it at its place."""
        records = self._records
        data = native_file(records, records, self._bench.newer_ms(), first=self._people)
        self.path.write_bytes(data)
        return data


def raw_writes(bench: Bench, world: World, records: int) -> Measured:
    """Return what writes the rows of a file with the driver alone."""
    files = _Files(bench, world, records)

    async def raw() -> Round:
        files.newer()
        settings = plain(world.settings)
        now_ms = system_clock()
        in_flight = world.kind.scaled(WRITES_IN_FLIGHT)
        task = Task(
            kind="writes",
            settings=settings,
            file=str(files.path),
            now_ms=now_ms,
            in_flight=in_flight,
        )
        return await bench.alone.measure(task)

    return raw


async def streaming(bench: Bench, world: World) -> Case:
    """A native file until it is durable, against raw writes of the same rows."""
    records = world.kind.scaled(bench.records)
    files = _Files(bench, world, records)

    async def own() -> Round:
        return await publication(world.server, stream_of(files.newer()), records)

    await own()  # The first puts rows there; from then on both overwrite.
    return Case(
        path="publication",
        own=own,
        unit="records",
        world=world,
        limit="driver, batches of 50" if world.kind.nodes else "executemany, 1,000 a commit",
        measure_limit=raw_writes(bench, world, records),
        target=Target(0.5) if world.kind.nodes else Target(40_000, True),
    )


async def decoding(bench: Bench, world: World) -> Case:
    """Publication against decoding its file and nothing else."""
    records = world.kind.scaled(bench.records)
    case, files = await streaming(bench, world), _Files(bench, world, records)
    files.path = bench.directory / "decode.csv"
    files.newer()
    task = Task(kind="decode", file=str(files.path), now_ms=system_clock())
    case.path, case.limit, case.target = "publication", "decode alone", None
    case.measure_limit = lambda: bench.alone.measure(task)
    return case


def policies(bench: Bench) -> Iterator[Case]:
    """Deciding alone, under the default and under the most rules."""
    for name, title in (("default", "default policy"), (RULES_POLICY, RULES)):
        task = Task(kind="policy", policy=name, seconds=bench.seconds, now_ms=system_clock())
        yield Case(
            path=f"decide, {title}",
            own=lambda task=task: bench.alone.measure(task),  # type: ignore[misc]
            unit="decisions",
        )


Make = Callable[[Bench, World], Awaitable[Case]]


def makers(*, streams: bool) -> list[Make]:
    """Return what makes the cases of a store; streams only where there is no TLS."""
    found: list[Make] = [single]
    found += [partial(batch, size=size) for size in BATCH_SIZES]
    found.append(batch_with_rules)
    return [*found, streaming, decoding] if streams else found


def plain(settings: dict[str, Any]) -> dict[str, Any]:
    """Return settings for another process: contact points as a list."""
    points = settings.get("cassandra_contact_points")
    changed = settings | {"data_dir": str(settings["data_dir"])}
    if points is None:
        return changed
    return changed | {"cassandra_contact_points": msgspec.json.decode(points)}
