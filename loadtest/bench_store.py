"""Compare the Cassandra store with the bare driver: grouped reads and streamed writes.

``python -m loadtest.bench_store --port 9042`` prints one line for each operation. Both sides send
the same statements through the same connection, so the ratio is what the store itself costs.
"""

import asyncio
import itertools
import os
import statistics
import threading
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from exchange.core.statement import Entry
from exchange.stores.cassandra import CassandraSettings, CassandraStore
from exchange.stores.gathering import GatheringStore

GROUP = 100
BATCH = 50
SUBMISSION = 1_000
READS_IN_FLIGHT = 32
WRITES_IN_FLIGHT = 64
LOOKUPS_IN_FLIGHT = 64
VALUE = bytes(50)

Work = Callable[[], Coroutine[Any, Any, None]]


def entries_of(count: int, turn: int) -> list[Entry]:
    """Return entries about the same subjects, newer in each turn."""
    as_of_us = (1_648_771_200_000 + turn) * 1000
    return [
        Entry(index.to_bytes(17, "big"), "510000", "510000", as_of_us, VALUE)
        for index in range(count)
    ]


def pieces(items: Sequence[Any], size: int) -> Iterable[Sequence[Any]]:
    """Cut a sequence into pieces of a size."""
    return (items[start : start + size] for start in range(0, len(items), size))


def send_raw(session: Any, statements: Iterable[Any], in_flight: int) -> None:
    """Keep so many statements under way with the driver's own callbacks."""
    slots = threading.Semaphore(in_flight)
    errors: list[BaseException] = []

    def failed(error: BaseException) -> None:
        errors.append(error)
        slots.release()

    for statement in statements:
        slots.acquire()
        session.execute_async(statement).add_callbacks(lambda _: slots.release(), failed)
    for _ in range(in_flight):
        slots.acquire()
    if errors:
        raise errors[0]


async def all_of(calls: Sequence[Callable[[], Coroutine[Any, Any, Any]]], in_flight: int) -> None:
    """Run calls, so many at once."""
    left = iter(calls)

    async def worker() -> None:
        for call in left:
            await call()

    await asyncio.gather(*(worker() for _ in range(in_flight)))


class Bench:
    """The operations, each over all rows once."""

    def __init__(self, store: CassandraStore, count: int) -> None:
        self.store = store
        self.driver = store._driver  # noqa: SLF001 - the same connection, that is the point
        self.subjects = [entry.subject for entry in entries_of(count, 0)]
        self.count = count
        self.turns = itertools.count(1)

    async def raw_reads(self) -> None:
        prepared = await self.driver.prepare(self.store._cql.read_many)  # noqa: SLF001
        statements = (prepared.bind((group,)) for group in pieces(self.subjects, GROUP))
        session = self.driver._session  # noqa: SLF001
        await asyncio.to_thread(send_raw, session, statements, READS_IN_FLIGHT)

    async def reads(self) -> None:
        read = self.store.read
        groups = list(pieces(self.subjects, GROUP))
        await all_of([lambda g=g: read(g) for g in groups], READS_IN_FLIGHT)  # type: ignore[misc]

    async def raw_writes(self) -> None:
        prepared = await self.driver.prepare(self.store._cql.insert)  # noqa: SLF001
        batches = pieces(entries_of(self.count, next(self.turns)), BATCH)
        statements = (
            self.driver.batch(
                prepared, [(e.subject, e.issuer, e.via, e.value, e.write_time_us) for e in batch]
            )[0]
            for batch in batches
        )
        session = self.driver._session  # noqa: SLF001
        await asyncio.to_thread(send_raw, session, statements, WRITES_IN_FLIGHT)

    async def writes(self) -> None:
        write = self.store.write
        parts = list(pieces(entries_of(self.count, next(self.turns)), SUBMISSION))
        await all_of([lambda p=p: write(p) for p in parts], 4)  # type: ignore[misc]

    async def single_reads(self) -> None:
        read = self.store.read
        some = self.subjects[: self.count // 4]
        await all_of([lambda s=s: read([s]) for s in some], LOOKUPS_IN_FLIGHT)  # type: ignore[misc]

    async def gathered_reads(self) -> None:
        read = GatheringStore(self.store).read
        some = self.subjects[: self.count // 4]
        await all_of([lambda s=s: read([s]) for s in some], LOOKUPS_IN_FLIGHT)  # type: ignore[misc]


async def rate(work: Work, rows: int, runs: int) -> tuple[float, float]:
    """Return the median of rows a second, and of client CPU in us a row."""
    rates, costs = [], []
    for _ in range(runs):
        start, cpu = time.perf_counter(), time.process_time()
        await work()
        rates.append(rows / (time.perf_counter() - start))
        costs.append((time.process_time() - cpu) / rows * 1e6)
    return statistics.median(rates), statistics.median(costs)


async def measure(settings: CassandraSettings, count: int, runs: int) -> Table:
    """Run everything once to warm up, then measure."""
    store = CassandraStore(settings)
    await store.connect()
    await store.migrate()
    bench = Bench(store, count)
    pairs = [
        (f"write, batches of {BATCH}", bench.raw_writes, bench.writes, count),
        (f"read, IN of {GROUP}", bench.raw_reads, bench.reads, count),
        ("single lookups: alone, gathered", bench.single_reads, bench.gathered_reads, count // 4),
    ]
    columns = ("operation", "raw rows/s", "us/row", "store rows/s", "us/row", "store / raw")
    table = Table(*columns)
    for name, raw, ours, rows in pairs:
        await raw()
        await ours()
        # One after the other, so that both meet the machine in the same mood.
        both = [(await rate(raw, rows, 1), await rate(ours, rows, 1)) for _ in range(runs)]
        raws, owns = zip(*both, strict=True)
        figures = [
            statistics.median(one[i] for one in side) for side in (raws, owns) for i in (0, 1)
        ]
        ratio = figures[2] / figures[0]
        cells = (
            f"{figures[0]:,.0f}",
            f"{figures[1]:.1f}",
            f"{figures[2]:,.0f}",
            f"{figures[3]:.1f}",
        )
        table.add_row(name, *cells, f"{ratio:.2f}")
    await store.close()
    return table


def main(
    port: Annotated[int, typer.Option(help="CQL port of a node.")] = 9042,
    address: Annotated[str, typer.Option(help="Address of a node.")] = "127.0.0.1",
    rows: Annotated[int, typer.Option(help="Rows of each run.")] = 20_000,
    runs: Annotated[int, typer.Option(help="Runs; the median counts.")] = 3,
) -> None:
    """Measure the store against the bare driver, in a keyspace of its own."""
    keyspace = f"bench_{os.urandom(4).hex()}"
    settings = CassandraSettings(
        contact_points=(address,), port=port, keyspace=keyspace, request_timeout_seconds=30.0
    )
    Console().print(asyncio.run(measure(settings, rows, runs)))


if __name__ == "__main__":
    typer.run(main)
