"""The composition root: the only place that knows every class."""

import asyncio
import ipaddress
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path

import msgspec

from adapters.base import Keys
from adapters.registry import FORMATS
from exchange.core.errors import StartError
from exchange.core.policy import Policy
from exchange.core.rendering import RenderingTable
from exchange.core.subject import SubjectKeys, parse_key_file
from exchange.operations.check import Checker, Policies
from exchange.operations.clock import Clock, system_clock
from exchange.operations.environment import Environment
from exchange.operations.key_check import check_subject_keys
from exchange.operations.listing import Records
from exchange.operations.publish import Publisher
from exchange.operations.retention import DAY_MS, Retention
from exchange.server.identity import from_metadata
from exchange.server.server import ExchangeServer
from exchange.services.health_code_service import HealthCodeService
from exchange.services.member_service import MemberService
from exchange.services.recognition_service import RecognitionService
from exchange.settings import Settings
from exchange.stores.base import Store
from exchange.stores.sqlite import SqliteStore
from exchange.stores.sqlite.connection import SqliteSettings

STOP_GRACE_SECONDS = 10.0
"""Longer than the longest unary call is allowed to take."""


def make_store(settings: Settings) -> Store:
    """Return the store that the settings name, not yet connected."""
    if settings.store == "cassandra":
        return _cassandra(settings)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return SqliteStore(SqliteSettings(settings.sqlite_path))


def _cassandra(settings: Settings) -> Store:
    # The driver takes 0.4 s to import, which a server on the embedded store need not pay.
    from exchange.stores.cassandra import CassandraSettings, CassandraStore  # noqa: PLC0415

    return CassandraStore(
        CassandraSettings(
            contact_points=settings.cassandra_contact_points,
            port=settings.cassandra_port,
            keyspace=settings.cassandra_keyspace,
            datacenter=settings.cassandra_datacenter,
            replication_factor=settings.cassandra_replication_factor,
            consistency=settings.cassandra_consistency,
            request_timeout_seconds=settings.store_timeout_seconds,
        )
    )


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


def load_format_keys(directory: Path | None) -> Mapping[str, Keys]:
    """Read the keys of formats that sign or encrypt: one TOML file per format, names to hex.

    Raises:
        StartError: A file cannot be read or names no format.
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
    return found


def load_policies() -> Policies:
    """Read the shipped default policy and the rendering tables."""
    folder = files("exchange") / "policies" / "default"
    default = msgspec.json.decode((folder / "policy.json").read_bytes(), type=Policy)
    renderings = msgspec.json.decode(
        (folder / "renderings.json").read_bytes(), type=dict[str, RenderingTable]
    )
    return Policies(default, renderings)


class Exchange:
    """A server with everything it needs, from start to stop."""

    def __init__(self, settings: Settings, store: Store, clock: Clock = system_clock) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._intake = ThreadPoolExecutor(max_workers=1, thread_name_prefix="intake")
        self._server: ExchangeServer | None = None
        self.port = 0

    async def start(self) -> None:
        """Check everything, then open the port.

        Raises:
            StartError: A setting, a key or the address is wrong.
            StoreError: The store does not answer or its schema cannot be used.
        """
        if not self._settings.insecure_loopback:
            raise StartError("Transport security is not set up: serve with --insecure-loopback.")
        if not ipaddress.ip_address(self._settings.host).is_loopback:
            raise StartError("A plaintext server listens on a loopback address only.")
        keys = load_subject_keys(self._settings)
        await self._store.connect()
        await self._store.check()
        days = self._settings.retention_days
        retention = Retention(self._store, days, self._clock)
        await check_subject_keys(self._store, keys, self._clock(), days * DAY_MS)
        await retention.load()
        environment = Environment(self._store, keys, retention, self._clock)
        self._server = ExchangeServer(
            self._servicers(environment), from_metadata, self._settings.check_log_sample
        )
        self.port = await self._server.start(f"{self._settings.host}:{self._settings.port}")
        await self._server.set_serving(True)

    def _servicers(self, environment: Environment) -> dict[str, object]:
        format_keys = load_format_keys(self._settings.format_keys_dir)
        publisher = Publisher(environment, FORMATS, format_keys, self._intake)
        checker = Checker(environment, load_policies())
        return {
            "HealthCodeService": HealthCodeService(publisher, Records(environment), environment),
            "RecognitionService": RecognitionService(checker, environment),
            "MemberService": MemberService(FORMATS),
        }

    async def wait(self) -> None:
        """Wait until the server has stopped."""
        if self._server is not None:
            await self._server.wait()

    async def stop(self) -> None:
        """Drain: no new calls, those running finish, then the store is closed."""
        if self._server is not None:
            await self._server.set_serving(False)
            await self._server.stop(STOP_GRACE_SECONDS)
        await asyncio.to_thread(self._intake.shutdown)
        await self._store.close()
