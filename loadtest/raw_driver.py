"""Cassandra's driver alone: grouped reads and unlogged batches, with its own callbacks."""

import itertools
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from cassandra import ConsistencyLevel
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
from cassandra.policies import DCAwareRoundRobinPolicy, TokenAwarePolicy
from cassandra.query import BatchStatement, BatchType, tuple_factory

from exchange.core.statement import Entry
from exchange.settings import Settings

READ_GROUP, WRITE_BATCH = 100, 50
TIMEOUT_SECONDS = 30.0


class RawDriver:
    """A session with the two statements that matter, prepared."""

    def __init__(self, settings: Settings) -> None:
        profile = ExecutionProfile(
            load_balancing_policy=TokenAwarePolicy(
                DCAwareRoundRobinPolicy(settings.cassandra_datacenter), shuffle_replicas=False
            ),
            consistency_level=ConsistencyLevel.name_to_value[settings.cassandra_consistency],
            request_timeout=TIMEOUT_SECONDS,
            row_factory=tuple_factory,
        )
        self._cluster = Cluster(
            settings.cassandra_contact_points,
            port=settings.cassandra_port,
            protocol_version=5,
            execution_profiles={EXEC_PROFILE_DEFAULT: profile},
            compression=False,
        )
        self._session = self._cluster.connect()
        table = f"{settings.cassandra_keyspace}.statements"
        self._read = self._session.prepare(
            f"SELECT subject, issuer, via, value FROM {table} WHERE subject IN ?"  # noqa: S608
        )
        self._insert = self._session.prepare(
            f"INSERT INTO {table} (subject, issuer, via, value) "  # noqa: S608
            "VALUES (?, ?, ?, ?) USING TIMESTAMP ?"
        )

    def close(self) -> None:
        """End the session."""
        self._cluster.shutdown()

    def reads(
        self, subjects: Sequence[bytes], seconds: float, in_flight: int, times: list[float]
    ) -> None:
        """Read groups for some seconds; add the seconds each took to ``times``."""
        groups = [
            self._read.bind((list(subjects[place : place + READ_GROUP]),))
            for place in range(0, len(subjects), READ_GROUP)
        ]
        end = time.perf_counter() + seconds
        bounded = itertools.takewhile(lambda _: time.perf_counter() < end, itertools.cycle(groups))
        self._run(bounded, in_flight, times)

    def writes(self, rows: Sequence[Entry], in_flight: int) -> None:
        """Write all rows in unlogged batches of rows with the same replicas."""
        self._run(self._batches(rows), in_flight, [])

    def _batches(self, rows: Sequence[Entry]) -> Iterator[Any]:
        together: dict[tuple[Any, ...], list[Entry]] = {}
        many = len(self._cluster.metadata.all_hosts()) > 1
        keyspace = self._insert.keyspace
        for row in rows:
            owners: tuple[Any, ...] = ()
            if many:
                owners = tuple(self._cluster.metadata.get_replicas(keyspace, row.subject))
            group = together.setdefault(owners, [])
            group.append(row)
            if len(group) == WRITE_BATCH:
                yield self._batch(together.pop(owners))
        for group in together.values():
            yield self._batch(group)

    def _batch(self, rows: Sequence[Entry]) -> Any:
        batch = BatchStatement(batch_type=BatchType.UNLOGGED)
        for row in rows:
            values = (row.subject, row.issuer, row.via, row.value, row.write_time_us)
            batch.add(self._insert, values)
        return batch

    def _run(self, statements: Iterable[Any], in_flight: int, times: list[float]) -> None:
        slots, errors = threading.Semaphore(in_flight), list[BaseException]()

        def done(started: float) -> Callable[[object], None]:
            def note(_rows: object) -> None:
                times.append(time.perf_counter() - started)
                slots.release()

            return note

        def failed(error: BaseException) -> None:
            errors.append(error)
            slots.release()

        for statement in statements:
            slots.acquire()
            future = self._session.execute_async(statement)
            future.add_callbacks(done(time.perf_counter()), failed)
        for _ in range(in_flight):
            slots.acquire()
        if errors:
            raise errors[0]
