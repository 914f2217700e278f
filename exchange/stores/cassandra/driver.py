"""The seam to cassandra-driver: statements in, rows or the store's own errors out.

The driver works with threads and callbacks; here each request becomes a future of the caller's
event loop, which serves the connections too (``connection``). Nothing that may block runs on that
loop: connecting, preparing and schema changes have a thread of their own.
"""

import asyncio
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from cassandra import AuthenticationFailed, ConsistencyLevel, DriverException, InvalidRequest
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import (
    EXEC_PROFILE_DEFAULT,
    Cluster,
    ExecutionProfile,
    NoHostAvailable,
    ResultSet,
    Session,
)
from cassandra.connection import ConnectionException
from cassandra.policies import (
    ConstantReconnectionPolicy,
    ConstantSpeculativeExecutionPolicy,
    DCAwareRoundRobinPolicy,
    FallthroughRetryPolicy,
    HostDistance,
    TokenAwarePolicy,
)
from cassandra.protocol import ErrorMessage
from cassandra.query import (
    BatchStatement,
    BatchType,
    BoundStatement,
    PreparedStatement,
    SimpleStatement,
    tuple_factory,
)

from exchange.core.errors import SchemaError, StartError, StoreError, StoreUnavailableError
from exchange.stores.cassandra.connection import LoopConnection, connection_class
from exchange.stores.cassandra.credentials import read_password, tls_context
from exchange.stores.cassandra.settings import CassandraSettings

PROTOCOL_VERSION = 5
"""Of Cassandra 4 and 5: frames with checksums. Stated, as negotiating costs two connections."""
SCHEMA_CHANGE_SECONDS_MAX = 30.0
"""A schema change waits until all nodes agree; rings need seconds for that."""

Rows = list[tuple[Any, ...]]
Statement = Any
"""A statement made by ``Driver``, to be handed back to it and not to be looked into."""


class Page(NamedTuple):
    """A page of rows, and where the next one starts (None: this was the last)."""

    rows: Rows
    place: bytes | None


class _ReadOfMany(BoundStatement):  # type: ignore[misc]  # The driver has no types.
    """``WHERE subject IN ?`` with one of its subjects as the routing key.

    A bound IN has none of its own, so that any node might be asked, which then asks a replica. The
    list is encoded here, each element behind its length, in a third of the time of the driver.
    """

    def __init__(self, prepared: PreparedStatement, subjects: Sequence[bytes]) -> None:
        super().__init__(prepared)
        self._first = subjects[0]
        self.raw_values = (subjects,)
        sized = [len(one).to_bytes(4) + one for one in subjects]
        self.values = [len(sized).to_bytes(4) + b"".join(sized)]

    @property
    def routing_key(self) -> bytes:
        return self._first


class _Batch(BatchStatement):  # type: ignore[misc]  # The driver has no types.
    """Rows of one prepared statement, which all have the replicas of the first.

    The driver's own batch binds a statement for each row, of which only the encoded values travel:
    to encode them and make nothing else takes a third of the time.
    """

    def __init__(self, prepared: PreparedStatement, rows: Sequence[Sequence[Any]]) -> None:
        super().__init__(BatchType.UNLOGGED)
        columns = prepared.column_metadata
        encoders = [column.type.serialize for column in columns]
        query, version = prepared.query_id, prepared.protocol_version
        self._statements_and_parameters = [
            (True, query, [encode(one, version) for encode, one in zip(encoders, row, strict=True)])
            for row in rows
        ]
        (subject,) = prepared.routing_key_indexes
        self.routing_key, self.keyspace = rows[0][subject], columns[subject].keyspace_name
        self.is_idempotent = prepared.is_idempotent

    def let_go(self, _answer: object) -> None:
        """Forget the rows of a request that was answered; a repetition is a batch of its own.

        The driver keeps each request until its time-out would have come, and in the seconds until
        then a large file would fill a worker's memory.
        """
        self.clear()


class _NoBatchWarning(logging.Filter):
    """Drops one warning: nodes dislike unlogged batches over partitions that are far apart.

    Ours share their replicas, which is what the warning is about and does not look at.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        return "Unlogged batch covering" not in record.getMessage()


_NO_BATCH_WARNING = _NoBatchWarning()


def store_error(error: BaseException) -> StoreError:
    """Return what an error of the driver means to callers, with the driver's as its cause."""
    meaning: StoreError
    if isinstance(error, InvalidRequest):
        # Our statements never change, so a node refuses one only for want of a table or column.
        message = "The store lacks a table of the exchange: run `health-exchange migrate`."
        meaning = SchemaError(message, found=0, wanted=0)
    else:
        meaning = StoreUnavailableError("The store does not answer.")
    meaning.__cause__ = error
    return meaning


_DRIVER_ERRORS = (
    DriverException,  # What a node reports, and OperationTimedOut.
    ErrorMessage,  # What a node reports and the driver passes on as it came.
    NoHostAvailable,
    ConnectionException,
    OSError,
)


class _Call:
    """One request under way: collects its pages and settles its future on the caller's loop."""

    def __init__(self, *, whole: bool) -> None:
        self.loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[Page] = self.loop.create_future()
        self._thread = threading.get_ident()
        self._whole = whole
        self._rows: Rows = []
        self._response: Any = None

    def follow(self, response: Any) -> None:
        self._response = response
        response.add_callbacks(self._on_rows, self._on_error)

    def _on_rows(self, rows: Rows | None) -> None:
        """Run when a page is there; None is the answer of a write."""
        response = self._response
        if rows:
            self._rows = self._rows + rows if self._rows else rows
        if not response.has_more_pages:
            self._settle(Page(self._rows, None), None)
        elif self._whole:
            response.start_fetching_next_page()
        else:
            self._settle(Page(self._rows, ResultSet(response, []).paging_state), None)

    def _on_error(self, error: BaseException) -> None:
        self._settle(None, store_error(error))

    def _settle(self, page: Page | None, error: StoreError | None) -> None:
        if threading.get_ident() == self._thread:
            self._settle_on_loop(page, error)
            return
        try:
            self.loop.call_soon_threadsafe(self._settle_on_loop, page, error)
        except RuntimeError:
            return  # The caller's loop is closed: nobody waits any more.

    def _settle_on_loop(self, page: Page | None, error: StoreError | None) -> None:
        if self.answer.done():
            return  # The caller has gone.
        if error is not None:
            self.answer.set_exception(error)
        elif page is not None:
            self.answer.set_result(page)


class Driver:
    """A connection to the ring. All its methods raise the store's own errors only."""

    def __init__(self, settings: CassandraSettings) -> None:
        self._settings = settings
        self._cluster: Cluster | None = None
        self._session: Session | None = None
        self._threads: ThreadPoolExecutor | None = None
        self._prepared: dict[str, PreparedStatement] = {}
        self._near = DCAwareRoundRobinPolicy(settings.local_data_center or "")
        self._retry_never = FallthroughRetryPolicy()

    async def connect(self) -> None:
        """Reach the ring. Without effect where it is reached already.

        Raises:
            StoreUnavailableError: No contact point answers.
            StartError: Every one that does refuses who we are or is not who it should be, or a
                file of ours cannot be used.
        """
        if self._session is not None:
            return
        if self._threads is None:
            # Two: a statement can be prepared while a schema change waits for agreement.
            self._threads = ThreadPoolExecutor(2, thread_name_prefix="cassandra-store")
        connections = connection_class(asyncio.get_running_loop())
        try:
            await self._in_thread(lambda: self._connect(connections))
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Let go of the ring and end all threads of this connection. Safe to call twice."""
        threads, cluster = self._threads, self._cluster
        self._threads = self._cluster = self._session = None
        self._prepared = {}
        if threads is not None:
            if cluster is not None:
                await asyncio.get_running_loop().run_in_executor(threads, cluster.shutdown)
            threads.shutdown()

    async def change_schema(self, cql: str) -> None:
        """Run a statement that changes the schema, and wait until the nodes agree."""
        session = self._connected()
        await self._in_thread(lambda: session.execute(cql, timeout=SCHEMA_CHANGE_SECONDS_MAX))

    async def prepare(self, cql: str, *, idempotent: bool = True) -> PreparedStatement:
        """Prepare a statement once; a node that forgets it is taught again by the driver."""
        prepared = self._prepared.get(cql)
        if prepared is None:
            session = self._connected()
            prepared = await self._in_thread(lambda: session.prepare(cql))
            prepared.is_idempotent = idempotent
            if not idempotent:
                prepared.retry_policy = self._retry_never
            self._prepared[cql] = prepared
        return prepared

    def send(self, statement: Statement) -> "asyncio.Future[Page]":
        """Send a statement; the future gets all its rows, as one page."""
        return self._send(statement, whole=True, place=None)

    def send_for_page(self, statement: Statement, place: bytes | None) -> "asyncio.Future[Page]":
        """Send a statement; the future gets one page, from the place an earlier page gave."""
        return self._send(statement, whole=False, place=place)

    def simple(self, cql: str, values: tuple[Any, ...] = ()) -> Statement:
        """Make a statement that is not worth preparing, as tables may be missing."""
        statement = SimpleStatement(cql, is_idempotent=True)
        return (statement, values)

    def read_of_many(self, prepared: PreparedStatement, subjects: Sequence[bytes]) -> Statement:
        """Make a grouped read that goes to a replica of its first subject."""
        return (_ReadOfMany(prepared, subjects), None)

    def bound(
        self, prepared: PreparedStatement, values: Sequence[Any], *, page_rows: int | None = None
    ) -> Statement:
        """Bind values to a prepared statement; None leaves the page size to the driver."""
        statement = prepared.bind(values)
        if page_rows is not None:
            statement.fetch_size = page_rows
        return (statement, None)

    def conditional(self, prepared: PreparedStatement, values: Sequence[Any]) -> Statement:
        """Bind a conditional write or a linearizable read, at the serial consistency."""
        statement = prepared.bind(values)
        statement.serial_consistency_level = _level(self._settings.serial_consistency)
        return (statement, None)

    def serial_read(self, prepared: PreparedStatement, values: Sequence[Any]) -> Statement:
        """Bind a read that sees every conditional write that was decided before it."""
        statement = prepared.bind(values)
        statement.consistency_level = _level(self._settings.serial_consistency)
        return (statement, None)

    def batch(self, prepared: PreparedStatement, rows: Sequence[Sequence[Any]]) -> Statement:
        """Put several rows of the same replicas into one request; each keeps its own timestamp."""
        return (_Batch(prepared, rows), None)

    def replicas_of(self) -> Callable[[bytes], tuple[str, ...]] | None:
        """Return a function from a subject to its nearby replicas, first owner first.

        None where the ring has one node, so that there is nothing to choose.
        """
        metadata = self._connected().cluster.metadata
        if len(metadata.all_hosts()) <= 1:
            return None
        keyspace, near = self._settings.keyspace, self._near

        # The driver gives the same list for all subjects of a range. Held, so that no other list
        # can take its identity.
        known: dict[int, tuple[list[Any], tuple[str, ...]]] = {}

        def replicas(subject: bytes) -> tuple[str, ...]:
            hosts = metadata.get_replicas(keyspace, subject)
            found = known.get(id(hosts))
            if found is None:
                found = (hosts, tuple(h.endpoint.address for h in hosts if _is_near(near, h)))
                known[id(hosts)] = found
            return found[1]

        return replicas

    def _connected(self) -> Session:
        if self._session is None:
            raise StoreUnavailableError("The store is not connected.")
        return self._session

    def _connect(self, connections: type[LoopConnection]) -> None:
        settings = self._settings
        logging.getLogger("cassandra.protocol").addFilter(_NO_BATCH_WARNING)
        self._cluster = Cluster(
            settings.contact_points,
            port=settings.port,
            protocol_version=PROTOCOL_VERSION,
            connection_class=connections,
            execution_profiles={EXEC_PROFILE_DEFAULT: _profile(settings, self._near)},
            reconnection_policy=ConstantReconnectionPolicy(
                settings.reconnect_delay_seconds, max_attempts=None
            ),
            connect_timeout=settings.connect_timeout_seconds,
            control_connection_timeout=settings.connect_timeout_seconds,
            idle_heartbeat_interval=settings.heartbeat_seconds,
            idle_heartbeat_timeout=settings.heartbeat_seconds,
            compression=False,  # Rows of 50 random bytes do not shrink.
            auth_provider=_auth_provider(settings),
            ssl_context=tls_context(settings),
            sockopts=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )
        try:
            self._session = self._cluster.connect()
        except NoHostAvailable as error:
            raise _refusal(error) or error from error

    async def _in_thread(self, work: Callable[[], Any]) -> Any:
        if self._threads is None:
            raise StoreUnavailableError("The store is not connected.")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except _DRIVER_ERRORS as error:
            raise store_error(error) from error

    def _send(
        self, statement: Statement, *, whole: bool, place: bytes | None
    ) -> "asyncio.Future[Page]":
        call = _Call(whole=whole)
        query, values = statement
        try:
            call.follow(self._connected().execute_async(query, values, paging_state=place))
        except _DRIVER_ERRORS as error:
            raise store_error(error) from error
        if isinstance(query, _Batch):
            call.answer.add_done_callback(query.let_go)
        return call.answer


def _auth_provider(settings: CassandraSettings) -> PlainTextAuthProvider | None:
    if not settings.username:
        return None
    return PlainTextAuthProvider(settings.username, read_password(settings))


def _refusal(error: NoHostAvailable) -> StartError | None:
    """Tell what no waiting will mend from an outage; None: it is one."""
    causes = list(error.errors.values())
    if causes and all(isinstance(cause, AuthenticationFailed) for cause in causes):
        return StartError("Cassandra refuses the user or its password: see cassandra_username.")
    # The driver makes an OSError of a failed handshake and keeps the number: EPERM, as it looks.
    if causes and all(getattr(cause, "errno", None) == ssl.SSL_ERROR_SSL for cause in causes):
        return StartError(
            "The secure connection to Cassandra fails: see the settings cassandra_tls_..., the "
            "authority of the nodes' certificates and the addresses that they name."
        )
    return None


def _is_near(near: DCAwareRoundRobinPolicy, host: Any) -> bool:
    return bool(near.distance(host) == HostDistance.LOCAL)


def _level(name: str) -> int:
    level: int = ConsistencyLevel.name_to_value[name]
    return level


def _profile(settings: CassandraSettings, near: DCAwareRoundRobinPolicy) -> ExecutionProfile:
    return ExecutionProfile(
        # Replicas in ring order: a group of subjects goes to the node that owns all of them.
        load_balancing_policy=TokenAwarePolicy(near, shuffle_replicas=False),
        consistency_level=_level(settings.consistency),
        request_timeout=settings.request_timeout_seconds,
        row_factory=tuple_factory,
        speculative_execution_policy=ConstantSpeculativeExecutionPolicy(
            settings.speculative_delay_seconds, max_attempts=1
        ),
    )
