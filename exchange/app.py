"""The composition root: the only place that knows every class."""

import asyncio
import contextlib
import ipaddress
import multiprocessing
import os
import secrets
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import cast

import msgspec

from adapters.base import Keys, KeySizeError, MissingKeyError, check_keys
from adapters.registry import FORMATS
from exchange.api.v1 import health_code_service_pb2 as pb
from exchange.core.compiled_policy import CompiledPolicy
from exchange.core.errors import StartError, StoreError
from exchange.core.members import MEMBERS, NATIONAL
from exchange.core.policy import DEFAULT_POLICY
from exchange.core.sealing import SealingKeys, parse_sealing_keys
from exchange.core.subject import SubjectKeys, parse_key_file
from exchange.core.times import HOUR_MS
from exchange.metrics import POLICY_REVISION
from exchange.operations.check import Checker
from exchange.operations.clock import Clock, system_clock
from exchange.operations.convert import Converter
from exchange.operations.drift import Drift
from exchange.operations.environment import Environment
from exchange.operations.formats import MemberFormats
from exchange.operations.key_check import check_subject_keys
from exchange.operations.listing import Records
from exchange.operations.policies import PoliciesInForce
from exchange.operations.policy_desk import PolicyDesk
from exchange.operations.policy_shelf import PolicyShelf
from exchange.operations.publish import Publisher
from exchange.operations.quarantine import Quarantine, QuarantineLimits
from exchange.operations.recording import Recorder
from exchange.operations.replay import Replayer
from exchange.operations.retention import DAY_MS, Retention
from exchange.operations.shipped import shipped_policy
from exchange.server.account import Account
from exchange.server.health import StoreLook
from exchange.server.identity import from_certificate, from_metadata
from exchange.server.limits import ConnectionLimits
from exchange.server.logs import configure_logs
from exchange.server.observe_process import Observation, gathered_figures
from exchange.server.parent import Parent, Spawn
from exchange.server.port import HeldPort
from exchange.server.publisher import PublisherServer
from exchange.server.publishers import Publishers
from exchange.server.quotas import Quotas, ReloadingLimits
from exchange.server.relay import (
    CALL_PATH,
    STREAM_PATH,
    CallBehaviour,
    StreamBehaviour,
    call_in_process,
    in_process,
)
from exchange.server.server import ExchangeServer, ServerOptions
from exchange.server.tls import ReloadingTls, TlsFiles
from exchange.server.worker import PUBLISHER, WORKER, call_process, give_way, run_worker
from exchange.services.health_code_service import HealthCodeService
from exchange.services.member_service import MemberService
from exchange.services.policy_service import PolicyService
from exchange.services.publications import Publications
from exchange.services.quarantine_service import QuarantineService
from exchange.services.recognition_service import RecognitionService
from exchange.settings import Settings
from exchange.stores.base import Store
from exchange.stores.gathering import GatheringSettings, GatheringStore
from exchange.stores.observed import ObservedStore
from exchange.stores.sqlite import SqliteStore
from exchange.stores.sqlite.connection import SqliteSettings


def make_store(settings: Settings) -> Store:
    """Return the store that the settings name, not yet connected.

    Raises:
        StartError: The directory of the embedded store cannot be made.
    """
    if settings.store == "cassandra":
        return _cassandra(settings)
    make_data_dir(settings)
    return SqliteStore(SqliteSettings(settings.sqlite_path))


def make_data_dir(settings: Settings) -> None:
    """Make the directory of the exchange's data, if it is not there.

    Raises:
        StartError: It cannot be made.
    """
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(
            f"The directory {settings.data_dir} of the setting data_dir cannot be made: "
            f"{error.strerror}."
        ) from error


def _cassandra(settings: Settings) -> Store:
    # The driver takes 0.4 s to import, which a server on the embedded store need not pay.
    from exchange.stores.cassandra import CassandraSettings, CassandraStore  # noqa: PLC0415

    store = CassandraStore(
        CassandraSettings(
            contact_points=settings.cassandra_contact_points,
            port=settings.cassandra_port,
            username=settings.cassandra_username,
            password_file=settings.cassandra_password_file,
            tls_authority_file=settings.cassandra_tls_authority_file,
            tls_certificate_file=settings.cassandra_tls_certificate_file,
            tls_key_file=settings.cassandra_tls_key_file,
            keyspace=settings.cassandra_keyspace,
            replication_strategy="NetworkTopologyStrategy",
            replication=((settings.cassandra_datacenter, settings.cassandra_replication_factor),),
            local_data_center=settings.cassandra_datacenter,
            consistency=settings.cassandra_consistency,
            request_timeout_seconds=settings.store_timeout_seconds,
        )
    )
    # A single lookup costs a request of its own; those that arrive while one is under way share the
    # next, each with its caller's deadline.
    limit = GatheringSettings(time_limit_seconds=settings.store_timeout_seconds * 2)
    return GatheringStore(store, limit)


def load_subject_keys(settings: Settings) -> SubjectKeys:
    """Read the subject keys.

    Raises:
        StartError: The file is missing, cannot be read or holds no usable key.
    """
    path = settings.subject_key_path
    try:
        return parse_key_file(path.read_text("ascii"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise StartError(
            f"The subject key file {path} cannot be read: name one in the setting "
            "subject_key_file, or make one with `health-exchange keys`."
        ) from error


def load_sealing_keys(settings: Settings) -> SealingKeys | None:
    """Read the keys of the quarantine; None where no file is named and none is at its place.

    Raises:
        StartError: The file cannot be read or holds no usable key.
    """
    path = settings.quarantine_key_path
    if settings.quarantine_key_file is None and not path.exists():
        return None
    try:
        return parse_sealing_keys(path.read_text("ascii"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise StartError(
            f"The key file {path} of the quarantine cannot be read: see the setting "
            "quarantine_key_file."
        ) from error


def load_format_keys(directory: Path | None) -> Mapping[str, Keys]:
    """Read the keys of formats that sign or encrypt: one TOML file per format, names to hex.

    Raises:
        StartError: A file cannot be read, names no format, or has not the keys that it needs.
    """
    if directory is None:
        return {}
    found: dict[str, Keys] = {}
    for path in sorted(directory.glob("*.toml")):
        if path.stem not in FORMATS:
            raise StartError(f"The key file {path.name} names no format of the catalogue.")
        try:
            texts = msgspec.toml.decode(path.read_bytes(), type=dict[str, str])
            found[path.stem] = {name: bytes.fromhex(text) for name, text in texts.items()}
        except (OSError, ValueError) as error:
            raise StartError(
                f'The key file {path.name} is not of the form NAME = "HEX" in each line.'
            ) from error
        try:
            check_keys(FORMATS[path.stem], found[path.stem])
        except (MissingKeyError, KeySizeError) as error:
            raise StartError(f"The key file {path.name} will not do: {error.args[0]}.") from error
    return found


async def open_environment(
    settings: Settings, keys: SubjectKeys, store: Store, clock: Clock
) -> Environment:
    """Connect a store and return what all operations work with.

    Raises:
        StartError: The subject keys are not those that the store was written with.
        StoreError: The store does not answer or its schema cannot be used.
    """
    await store.connect()
    await store.check()
    days = settings.retention_days
    retention = Retention(store, days, clock)
    await check_subject_keys(store, keys, clock(), days * DAY_MS)
    await retention.load()
    return Environment(store, keys, retention, clock)


class TakingIn:
    """What a process needs to take in what members hand in."""

    def __init__(self, settings: Settings, store: Store, clock: Clock) -> None:
        """Take what is used; keys are read when there is a publisher."""
        self._settings = settings
        self._store = store
        self._clock = clock
        self._intake = ThreadPoolExecutor(max_workers=1, thread_name_prefix="intake")
        self.drift = Drift(store, clock, secrets.token_hex(8))
        self._quarantine: Quarantine | None = None

    @property
    def quarantine(self) -> Quarantine:
        """Where goes what no adapter could read.

        Raises:
            StartError: Its keys cannot be used.
        """
        if self._quarantine is None:
            settings = self._settings
            limits = QuarantineLimits(
                settings.quarantine_days,
                settings.quarantine_entries_max,
                settings.quarantine_bytes_max,
            )
            keys = load_sealing_keys(settings)
            self._quarantine = Quarantine(
                self._store.quarantine, keys, limits, self._clock, secrets.token_bytes
            )
        return self._quarantine

    def publisher(self, environment: Environment) -> Publisher:
        """Return what takes in records.

        Raises:
            StartError: A key cannot be used.
        """
        formats = MemberFormats(FORMATS, load_format_keys(self._settings.format_keys_dir))
        return Publisher(environment, formats, self.quarantine, self.drift, self._intake)

    async def close(self, *, flush: bool) -> None:
        """Finish what was begun; the store is closed by whoever opened it."""
        await asyncio.to_thread(self._intake.shutdown)
        if flush:
            with contextlib.suppress(StoreError):
                await self.drift.flush()


class StreamsExchange:
    """A publisher: takes in streams that workers pass on, behind them; from start to stop."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        address: str,
        figures_dir: Path | None = None,
        clock: Clock = system_clock,
    ) -> None:
        """Take what is served with what.

        Args:
            settings: All of them.
            store: Not yet connected, or connected.
            address: Of the socket that workers know.
            figures_dir: Where to leave figures for the parent; None: nobody asks for them.
            clock: The instant now.
        """
        self._settings = settings
        self._store = ObservedStore(store, clock)
        self._address = address
        self._figures_dir = figures_dir
        self._clock = clock
        self._taking_in = TakingIn(settings, self._store, clock)
        self._server: PublisherServer | None = None
        self._following: asyncio.Task[None] | None = None
        self._observation: Observation | None = None

    async def start(self) -> None:
        """Check everything, then listen.

        Raises:
            StartError: A setting, a key or the address is wrong.
            StoreError: The store does not answer or its schema cannot be used.
        """
        settings = self._settings
        keys = load_subject_keys(settings)
        environment = await open_environment(settings, keys, self._store, self._clock)
        taking = Publications(self._taking_in.publisher(environment), self._clock)
        stream = cast("StreamBehaviour", taking.StreamingPublishHealthCodes)
        call = cast("CallBehaviour", taking.PublishHealthCodes)
        self._server = PublisherServer(
            {
                STREAM_PATH: in_process(stream, pb.StreamingPublishHealthCodesRequest),
                CALL_PATH: call_in_process(call, pb.PublishHealthCodesRequest),
            }
        )
        await self._server.start(self._address)
        self._following = asyncio.create_task(self._taking_in.drift.follow())
        self._observation = Observation(
            self._store.name, None, self._figures_dir, None, settings.trace_endpoint
        )

    async def stop(self) -> None:
        """Drain: no new streams, those running finish, then the store is closed."""
        if self._server is not None:
            await self._server.stop(self._settings.drain_seconds)
        if self._following is not None:
            self._following.cancel()
        await self._taking_in.close(flush=self._server is not None)
        await self._store.close()
        if self._observation is not None:
            await self._observation.close()


class Family(msgspec.Struct, frozen=True):
    """What a worker knows of the other processes of its server.

    Attributes:
        port: All workers listen on it.
        figures_dir: Where to leave figures for the parent; None: nobody asks for them.
        publishers: Addresses of the processes that take in streams.
    """

    port: int
    figures_dir: Path | None
    publishers: tuple[str, ...]


class Exchange:
    """A server with everything it needs, from start to stop."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Clock = system_clock,
        family: Family | None = None,
    ) -> None:
        """Take what is served with what.

        Args:
            settings: All of them.
            store: Not yet connected, or connected.
            clock: The instant now. The handshake goes by the machine's own.
            family: The other processes of the same server; None: there are none.
        """
        self._settings = settings
        self._store = ObservedStore(store, clock)
        self._policies = PoliciesInForce(PolicyShelf(self._store), clock)
        self._taking_in = TakingIn(settings, self._store, clock)
        self._family = family
        self._publishers: Publishers | None = None
        self._observation: Observation | None = None
        self._clock = clock
        self._quotas = Quotas()
        self._server: ExchangeServer | None = None
        self._background: list[asyncio.Task[None]] = []
        self.port = 0

    async def start(self) -> None:
        """Check everything, then open the port; health is NOT_SERVING until a first look.

        Raises:
            StartError: A setting, a key, a certificate or the address is wrong.
            StoreError: The store does not answer or its schema cannot be used.
        """
        settings = self._settings
        tls = make_tls(settings)
        keys = load_subject_keys(settings)
        limits = self._limits()
        environment = await open_environment(settings, keys, self._store, self._clock)
        await self._policies.load()
        family = self._family
        if family is not None:
            self._publishers = Publishers(family.publishers)
        recorder = Recorder(self._store, secrets.randbelow, settings.decision_sample)
        options = ServerOptions(
            identify=from_metadata if tls is None else from_certificate,
            clock=self._clock,
            limits=connection_limits(settings),
            check_log_sample=settings.check_log_sample,
            shared_port=family is not None,
            quotas=self._quotas,
            overload_delay_seconds=settings.overload_delay_seconds,
            relay_to=None if self._publishers is None else self._publishers.to,
        )
        self._server = ExchangeServer(self._servicers(environment, recorder), options)
        port = settings.port if family is None else family.port
        self.port = await self._server.start(
            f"{bracketed(settings.host)}:{port}", None if tls is None else tls.credentials()
        )
        self._observation = Observation(
            self._store.name,
            self._note_policies,
            None if family is None else family.figures_dir,
            settings.metrics_port,
            settings.trace_endpoint,
        )
        look = StoreLook(self._store.check, self._server.health.tell)
        self._background.append(asyncio.create_task(look.run()))
        self._background.append(asyncio.create_task(self._policies.follow()))
        self._background.append(asyncio.create_task(recorder.follow()))
        if tls is not None:
            self._background.append(asyncio.create_task(tls.follow()))
        if limits is not None:
            self._background.append(asyncio.create_task(limits.follow()))

    def _limits(self) -> ReloadingLimits | None:
        """Read the quotas; each worker enforces its share."""
        path = self._settings.limits_file
        workers = 1 if self._family is None else worker_count(self._settings)
        return None if path is None else ReloadingLimits(path, workers, self._quotas)

    def _servicers(self, environment: Environment, recorder: Recorder) -> dict[str, object]:
        taking_in = self._taking_in
        publisher = taking_in.publisher(environment)
        formats, quarantine = publisher.formats, taking_in.quarantine
        self._background.append(asyncio.create_task(quarantine.follow()))
        self._background.append(asyncio.create_task(taking_in.drift.follow()))
        policies = self._policies
        checker = Checker(environment, policies, recorder)
        desk = PolicyDesk(
            PolicyShelf(self._store),
            policies,
            self._clock,
            self._settings.policy_notice_hours * HOUR_MS,
        )
        # What was converted is shown long after the call: the national ages hold for it, and no
        # destination's own leniency.
        default = CompiledPolicy(shipped_policy(DEFAULT_POLICY), NATIONAL)
        converter = Converter(environment, formats, default.max_age_ms)
        return {
            "HealthCodeService": HealthCodeService(
                publisher, Records(environment, quarantine, formats), converter, environment
            ),
            "RecognitionService": RecognitionService(checker, environment),
            "MemberService": MemberService(FORMATS, taking_in.drift),
            "PolicyService": PolicyService(desk, policies, self._store, self._clock),
            "QuarantineService": QuarantineService(quarantine, Replayer(publisher, quarantine)),
        }

    def _note_policies(self) -> None:
        now_ms = self._clock()
        revisions: dict[tuple[str, ...], float] = {}
        for one in MEMBERS:
            with contextlib.suppress(StoreError):  # Of one that cannot be read nothing is in force.
                policy = self._policies.of(one.code, now_ms).policy
                revisions[one.code, policy.name] = policy.revision
        POLICY_REVISION.replace(revisions)

    @property
    def metrics_port(self) -> int:
        """Where this process serves its figures over HTTP; 0: it does not."""
        return 0 if self._observation is None else self._observation.port

    @property
    def account(self) -> Account:
        """How many lookups each caller made."""
        if self._server is None:
            raise StartError("The exchange has not been started.")
        return self._server.account

    async def wait(self) -> None:
        """Wait until the server has stopped."""
        if self._server is not None:
            await self._server.wait()

    async def stop(self) -> None:
        """Drain: no new calls, those running finish, then the store is closed."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        self._background.clear()
        if self._server is not None:
            await self._server.stop(self._settings.drain_seconds)
        if self._publishers is not None:
            await self._publishers.close()
        await self._taking_in.close(flush=self._server is not None)
        await self._store.close()
        if self._observation is not None:
            await self._observation.close()


def make_tls(settings: Settings) -> ReloadingTls | None:
    """Return the transport security that the settings ask for; None: plaintext on loopback.

    Raises:
        StartError: Plaintext elsewhere, or certificates that cannot be used.
    """
    if not settings.insecure_loopback:
        files = TlsFiles(
            settings.tls_authority_path, settings.tls_certificate_path, settings.tls_key_path
        )
        return ReloadingTls(files, system_clock)
    try:
        loopback = ipaddress.ip_address(settings.host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise StartError("A plaintext server listens on a loopback address only.")
    return None


def connection_limits(settings: Settings) -> ConnectionLimits:
    """Return the limits of connections that the settings name."""
    return ConnectionLimits(
        age_seconds=settings.connection_age_seconds,
        age_grace_seconds=settings.connection_age_grace_seconds,
        stream_seconds_max=settings.stream_seconds_max,
        handshake_seconds=settings.handshake_seconds,
        connections_max=settings.connections_max,
    )


def worker_count(settings: Settings) -> int:
    """Return how many workers serve together."""
    return settings.workers or len(os.sched_getaffinity(0))


def publisher_count(settings: Settings) -> int:
    """Return how many processes take in streams."""
    return settings.publishers or max(1, worker_count(settings) // 2)


def bracketed(host: str) -> str:
    """Return a host as it stands before a port: IPv6 addresses in brackets."""
    return f"[{host}]" if ":" in host else host


def serve(settings: Settings, announce: Callable[[int], None]) -> bool:
    """Serve with worker processes until SIGTERM or SIGINT; call it on the main thread.

    Args:
        settings: All of them.
        announce: Is given the port once all workers serve.

    Returns:
        Whether everything drained within its limit.

    Raises:
        StartError: A setting, key, certificate or the address is wrong; nothing is left running.
        StoreUnavailableError: The store does not answer.
    """
    make_tls(settings)
    load_subject_keys(settings)
    held = HeldPort(settings.host, settings.port)
    try:
        # Only the user that the server runs as can enter the directory: who does is believed.
        with (
            gathered_figures(settings.metrics_port) as figures_dir,
            tempfile.TemporaryDirectory(prefix="health-exchange-") as sockets,
        ):
            addresses = tuple(
                f"unix:{sockets}/{number}" for number in range(publisher_count(settings))
            )
            parent = Parent(
                _spawning(_work, settings, Family(held.port, figures_dir, addresses)),
                worker_count(settings),
                settings.drain_seconds,
                behind=[_spawning(_publish, settings, one, figures_dir) for one in addresses],
            )
            return parent.run(lambda: announce(held.port))
    finally:
        held.release()


def _spawning(target: Callable[..., None], *arguments: object) -> Spawn:
    """Return what starts a process that serves, and reports over a pipe."""
    # Not forked: a gRPC server has to be made in the process that serves.
    spawning = multiprocessing.get_context("spawn")

    def spawn() -> tuple[SpawnProcess, Connection]:
        ours, theirs = spawning.Pipe(duplex=False)
        process = spawning.Process(target=target, args=(theirs, *arguments))
        process.start()
        theirs.close()
        return process, ours

    return spawn


def _work(reports: Connection, settings: Settings, family: Family) -> None:
    """Be one worker; the whole of what runs in a worker process."""
    configure_logs(settings)
    call_process(WORKER)
    run_worker(lambda: Exchange(settings, make_store(settings), family=family), reports)


def _publish(
    reports: Connection, settings: Settings, address: str, figures_dir: Path | None
) -> None:
    """Be one publisher; the whole of what runs in a publisher process."""
    configure_logs(settings)
    call_process(PUBLISHER)
    give_way()
    run_worker(
        lambda: StreamsExchange(settings, make_store(settings), address, figures_dir), reports
    )
