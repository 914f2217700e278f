"""Every setting of the exchange: typed, frozen, documented, with a useful default.

Values come from, in falling order: arguments of the command line, environment variables with the
prefix ``HEALTH_EXCHANGE_``, the TOML file named by ``HEALTH_EXCHANGE_SETTINGS``, the default.
"""

import os
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

PREFIX = "HEALTH_EXCHANGE_"
FILE_VARIABLE = f"{PREFIX}SETTINGS"


class Settings(BaseSettings):
    """Settings of one exchange process."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    data_dir: Path = Field(
        default=Path("var/exchange"),
        description="Directory of the embedded store, keys and certificates.",
    )
    store: Literal["sqlite", "cassandra"] = Field(
        default="sqlite",
        description="Where statements are kept: sqlite for one machine, cassandra for a country.",
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=7443, ge=0, le=65535, description="Port; 0 takes any free one.")
    workers: int = Field(
        default=0, ge=0, le=256, description="Worker processes; 0 starts one for each processor."
    )
    publishers: int = Field(
        default=0,
        ge=0,
        le=256,
        description="Processes that take in publication streams, behind the workers; 0 starts one "
        "for two workers, and one at least.",
    )
    metrics_port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="Port on 127.0.0.1 that Prometheus asks, of all workers together; 0 takes any "
        "free one; none is opened where this is not set.",
    )
    trace_endpoint: str = Field(
        default="",
        pattern=r"^(https?://.+)?$",
        description="Address of an OpenTelemetry collector (OTLP over HTTP, as "
        "http://127.0.0.1:4318) that is sent the spans of callers who record theirs; empty: none.",
    )
    drain_seconds: float = Field(
        default=25.0,
        gt=0,
        le=3600,
        description="Longest time that running calls have to finish after SIGTERM; less than an "
        "orchestrator waits before it kills (30 s as a rule).",
    )
    tls_authority_file: Path | None = Field(
        default=None,
        description="PEM file with the authorities whose callers are let in; default "
        "data_dir/certs/authority.pem.",
    )
    tls_certificate_file: Path | None = Field(
        default=None,
        description="PEM file with the server's certificate and those between it and its "
        "authority; default data_dir/certs/server.pem.",
    )
    tls_key_file: Path | None = Field(
        default=None,
        description="PEM file with the server's key; default data_dir/certs/server.key.",
    )
    connection_age_seconds: float = Field(
        default=600.0,
        ge=1,
        description="Age at which a connection is closed, give or take a tenth, so that callers "
        "spread over workers and renewed certificates are looked at.",
    )
    connection_age_grace_seconds: float = Field(
        default=3_900.0,
        ge=1,
        description="How long calls may go on when their connection has reached its age; more "
        "than stream_seconds_max.",
    )
    stream_seconds_max: float = Field(
        default=3_600.0, ge=1, description="Longest time that one stream may last."
    )
    handshake_seconds: float = Field(
        default=10.0, ge=0.1, description="A connection that is not ready by then is closed."
    )
    connections_max: int = Field(
        default=10_000, ge=1, description="Connections of one worker; more are closed at once."
    )
    limits_file: Path | None = Field(
        default=None,
        description="TOML file with the quotas of members, read again when it changes; without "
        "one there are none.",
    )
    overload_delay_seconds: float = Field(
        default=0.007,
        gt=0,
        description="Delay on the way to a handler that is borne for long; calls are shed while it "
        "is more.",
    )
    insecure_loopback: bool = Field(
        default=False,
        description="Serve plaintext on a loopback address, callers named in metadata.",
    )
    subject_key_file: Path | None = Field(
        default=None,
        description="File with the subject keys, a line GENERATION:HEX each; default "
        "data_dir/subject.key.",
    )
    format_keys_dir: Path | None = Field(
        default=None,
        description="Directory with one key file per format that needs keys, FORMAT.toml.",
    )
    retention_days: int = Field(
        default=180, ge=1, le=3650, description="Days a statement is kept after its as-of time."
    )
    quarantine_key_file: Path | None = Field(
        default=None,
        description="File with the keys that seal records no adapter could read, a line ID:HEX "
        "each; default data_dir/quarantine.key. Without that file nothing is set aside.",
    )
    quarantine_days: int = Field(
        default=7, ge=1, le=30, description="Days such a record is kept after its receipt."
    )
    quarantine_entries_max: int = Field(
        default=10_000, ge=0, le=100_000, description="Such records kept of one member."
    )
    quarantine_bytes_max: int = Field(
        default=32 << 20, ge=0, description="Bytes of such records kept of one member."
    )
    sqlite_mapped_mib: int = Field(
        default=0,
        ge=0,
        le=1 << 20,
        description="MiB of the embedded store's file that lookups may map into memory while "
        "little is handed in; 0: none. An error of the disk under a mapping ends the worker.",
    )
    cassandra_contact_points: tuple[str, ...] = Field(
        default=("127.0.0.1",), description="Addresses of Cassandra nodes to begin with."
    )
    cassandra_port: int = Field(default=9042, ge=1, le=65535, description="Its native port.")
    cassandra_username: str = Field(
        default="", description="User that the nodes know; empty: they ask for none."
    )
    cassandra_password_file: Path | None = Field(
        default=None, description="File that holds that user's password and nothing else."
    )
    cassandra_tls_authority_file: Path | None = Field(
        default=None,
        description="PEM file with the authorities of the nodes' certificates; without one "
        "connections to nodes are plain.",
    )
    cassandra_tls_certificate_file: Path | None = Field(
        default=None, description="PEM file with a certificate to show to nodes that ask for one."
    )
    cassandra_tls_key_file: Path | None = Field(
        default=None, description="PEM file with its key; without one it is in the same file."
    )
    cassandra_keyspace: str = Field(
        default="health_exchange", pattern=r"^[a-z][a-z0-9_]{0,47}$", description="Keyspace."
    )
    cassandra_datacenter: str = Field(default="datacenter1", description="The local data centre.")
    cassandra_replication_factor: int = Field(
        default=1, ge=1, le=7, description="Copies of each row when the keyspace is created."
    )
    cassandra_consistency: Literal["LOCAL_QUORUM", "QUORUM", "LOCAL_ONE", "ALL"] = Field(
        default="LOCAL_QUORUM", description="Consistency of reads and of writes."
    )
    cassandra_writes_in_flight: int = Field(
        default=32,
        ge=1,
        le=1_024,
        description="Batches of 50 rows that one process has on their way; more may write faster "
        "on a ring with much to spare, and lookups wait longer beside a file.",
    )
    store_timeout_seconds: float = Field(
        default=2.0, gt=0, le=60, description="Longest wait for one answer of the store."
    )
    log_format: Literal["console", "json"] = Field(
        default="console", description="Lines for people, or one JSON object a line."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least level that is logged."
    )
    check_log_sample: int = Field(
        default=1000, ge=1, description="Of so many single checks one is logged."
    )

    policy_notice_hours: int = Field(
        default=48,
        ge=0,
        le=24 * 30,
        description="Notice before a policy under which fewer people may be admitted is in force.",
    )
    decision_sample: int = Field(
        default=1000,
        ge=0,
        description="Of so many decisions one is recorded for dry runs, without the person; 0: "
        "none.",
    )

    @property
    def sqlite_path(self) -> Path:
        """The embedded store's file."""
        return self.data_dir / "exchange.sqlite"

    @property
    def subject_key_path(self) -> Path:
        """The file with the subject keys."""
        return self.subject_key_file or self.data_dir / "subject.key"

    @property
    def quarantine_key_path(self) -> Path:
        """The file with the keys of the quarantine."""
        return self.quarantine_key_file or self.data_dir / "quarantine.key"

    @property
    def certificates_dir(self) -> Path:
        """Where the development authority and what it issues are."""
        return self.data_dir / "certs"

    @property
    def tls_authority_path(self) -> Path:
        """The file with the authorities of callers."""
        return self.tls_authority_file or self.certificates_dir / "authority.pem"

    @property
    def tls_certificate_path(self) -> Path:
        """The file with the server's certificate."""
        return self.tls_certificate_file or self.certificates_dir / "server.pem"

    @property
    def tls_key_path(self) -> Path:
        """The file with the server's key."""
        return self.tls_key_file or self.certificates_dir / "server.key"

    @model_validator(mode="after")
    def _grace_covers_streams(self) -> Self:
        if self.connection_age_grace_seconds <= self.stream_seconds_max:
            message = "connection_age_grace_seconds must be more than stream_seconds_max."
            raise ValueError(message)
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - no .env files here.
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - nor secret ones.
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources; there is no file unless one is named."""
        path = os.environ.get(FILE_VARIABLE)
        sources = (init_settings, env_settings)
        if path is None:
            return sources
        return (*sources, TomlConfigSettingsSource(settings_cls, toml_file=path))
