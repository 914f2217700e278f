"""Limits that need no server: the driver alone, decoding alone, policies alone, on one core.

``python -m loadtest.alone CORE`` answers tasks, one JSON object a line, until its input ends. Every
answer is a Round.
"""

import asyncio
import itertools
import resource
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from adapters.registry import FORMATS
from exchange.core.compiled_policy import CompiledPolicy
from exchange.core.outcome import Translated
from exchange.core.recognition import decide
from exchange.core.statement import Entry, Statement, decode_value, entry
from exchange.operations.shipped import default_for, shipped_policy
from exchange.settings import Settings
from exchange.stores.sqlite.connection import SqliteSettings, open_connection
from loadtest.figures import Round, percentiles
from loadtest.memory import peak_mebibytes
from loadtest.population import KEYS, document, entries
from loadtest.requests import CHUNK_BYTES, FILE_FORMAT, FILE_MEMBER
from loadtest.serving import hold_to

READ_GROUP = 100
ROWS_PER_COMMIT = 1_000
_UPSERT = """
INSERT INTO statements (subject, issuer, via, write_time_us, value) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (subject, issuer, via) DO UPDATE
SET write_time_us = excluded.write_time_us, value = excluded.value
WHERE (excluded.write_time_us, excluded.value) > (write_time_us, value)
"""


class Task(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What to measure.

    Attributes:
        kind: ``reads``, ``writes``, ``decode`` or ``policy``.
        settings: Of the store.
        people: In the store.
        seconds: For how long, where the work has no end of its own.
        file: The native file to decode or to write the rows of.
        policy: A destination, or ``default``.
        now_ms: The instant now.
        in_flight: Requests of the driver at a time.
    """

    kind: str
    settings: dict[str, Any] = {}
    people: int = 0
    seconds: float = 1.0
    file: str = ""
    policy: str = "default"
    now_ms: int = 0
    in_flight: int = 1


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _round(units: int, calls: int, seconds: float, cpu: float, times: Sequence[float]) -> Round:
    p50, p99, p999 = percentiles(times)
    mib = peak_mebibytes() or 0.0
    unit_us = cpu / max(units, 1) * 1e6
    return Round(units / seconds, p50, p99, p999, cpu / max(calls, 1) * 1e6, unit_us, mib)


def _decoded(path: str, now_ms: int) -> tuple[list[Entry], float, float]:
    """Return a file's rows as the exchange would keep them, and wall and CPU of decoding alone."""
    data, rows = Path(path).read_bytes(), []
    outcomes: list[Any] = []
    began, cpu = time.perf_counter(), _cpu()
    reader = FORMATS[FILE_FORMAT].reader(now_ms)
    for place in range(0, len(data), CHUNK_BYTES):
        outcomes += reader.feed(data[place : place + CHUNK_BYTES])
    outcomes += reader.finish()
    took, used = time.perf_counter() - began, _cpu() - cpu
    for outcome in outcomes:
        assert isinstance(outcome, Translated)  # noqa: S101 - the measurement is void otherwise.
        subject = KEYS.subject(outcome.document)
        rows.append(entry(subject, FILE_MEMBER, FILE_MEMBER, outcome.health_code, now_ms))
    return rows, took, used


async def decode(task: Task) -> Round:
    """Decode a file and do nothing with it."""
    rows, took, used = _decoded(task.file, task.now_ms)
    return _round(len(rows), len(rows), took, used, ())


async def writes(task: Task) -> Round:
    """Write the rows of a file with the driver, as fast as it goes."""
    rows, _, _ = _decoded(task.file, task.now_ms)
    settings = Settings.model_validate(task.settings)
    began, cpu = 0.0, 0.0
    if settings.store == "sqlite":
        connection = open_connection(SqliteSettings(settings.sqlite_path))
        tuples = [msgspec.structs.astuple(row) for row in rows]
        began, cpu = time.perf_counter(), _cpu()
        for place in range(0, len(tuples), ROWS_PER_COMMIT):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(_UPSERT, tuples[place : place + ROWS_PER_COMMIT])
            connection.execute("COMMIT")
        took, used = time.perf_counter() - began, _cpu() - cpu
        connection.close()
    else:
        took, used = await _with_driver(
            settings, lambda driver: driver.writes(rows, task.in_flight)
        )
    return _round(len(rows), len(rows), took, used, ())


async def reads(task: Task) -> Round:
    """Read groups with the driver, many in flight, for some seconds."""
    settings = Settings.model_validate(task.settings)
    subjects = [
        KEYS.subject(document(index * 7919 % task.people)) for index in range(READ_GROUP * 400)
    ]
    times: list[float] = []
    took, used = await _with_driver(
        settings, lambda driver: driver.reads(subjects, task.seconds, task.in_flight, times)
    )
    return _round(len(times) * READ_GROUP, len(times), took, used, times)


async def _with_driver(settings: Settings, work: Callable[[Any], None]) -> tuple[float, float]:
    # Only here: the driver takes 0.4 s to import, which SQLite alone need not pay.
    from loadtest.raw_driver import RawDriver  # noqa: PLC0415

    driver = RawDriver(settings)
    try:
        began, cpu = time.perf_counter(), _cpu()
        await asyncio.to_thread(work, driver)
        return time.perf_counter() - began, _cpu() - cpu
    finally:
        driver.close()


async def policy(task: Task) -> Round:
    """Decide cases of the population under one policy, statements decoded before."""
    cases = _cases(task.now_ms)
    found = default_for(FILE_MEMBER) if task.policy == "default" else shipped_policy(task.policy)
    compiled = CompiledPolicy(found, FILE_MEMBER if task.policy == "default" else task.policy)
    times: list[float] = []
    began, cpu = time.perf_counter(), _cpu()
    end = began + task.seconds
    for case in itertools.cycle(cases):
        start = time.perf_counter()
        decide(case, compiled, task.now_ms)
        now = time.perf_counter()
        times.append(now - start)
        if now > end:
            break
    took, used = time.perf_counter() - began, _cpu() - cpu
    return _round(len(times), len(times), took, used, times)


def _cases(now_ms: int) -> list[tuple[Statement, ...]]:
    by_subject: dict[bytes, list[Statement]] = {}
    for row in entries(2_000, now_ms):
        statement = decode_value(row.issuer, row.via, row.value)
        by_subject.setdefault(row.subject, []).append(statement)
    return [tuple(one) for one in by_subject.values()]


TASKS = {one.__name__: one for one in (reads, writes, decode, policy)}


def serve(lines: Iterable[bytes]) -> None:
    """Answer tasks until there are no more."""
    for line in lines:
        task = msgspec.json.decode(line, type=Task)
        try:
            found = asyncio.run(TASKS[task.kind](task))
        except Exception as error:  # noqa: BLE001 - one round is lost, not the run.
            sys.stderr.write(f"{task.kind}: {type(error).__name__}\n")
            found = Round(0.0, errors=1)
        sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    hold_to(int(sys.argv[1]))
    serve(sys.stdin.buffer)
