"""How the Cassandra store is reached and what it promises."""

import re
from pathlib import Path

import msgspec

from exchange.core.errors import StartError

_KEYSPACE = re.compile(r"[a-z][a-z0-9_]{0,47}")
_DATA_CENTER = re.compile(r"[A-Za-z0-9_.-]{1,64}")
STRATEGIES = ("NetworkTopologyStrategy", "SimpleStrategy")


class CassandraSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the ring is reached and what is asked of it.

    The default is right for one node on this machine. A country wants NetworkTopologyStrategy,
    three replicas in each data centre, and the name of the data centre that is near.
    """

    contact_points: tuple[str, ...] = ("127.0.0.1",)
    """Addresses to learn the ring from; two or three are enough."""

    port: int = 9042
    """CQL port, the same on every node."""

    keyspace: str = "health_exchange"
    """Where the tables are. Lower case, digits and underscores, as it stands in statements."""

    replication_strategy: str = "SimpleStrategy"
    """Used when `migrate` makes the keyspace; a keyspace that is there keeps what it has."""

    replication: tuple[tuple[str, int], ...] = (("replication_factor", 1),)
    """Options of the strategy: ``replication_factor``, or copies by data centre."""

    local_data_center: str | None = None
    """The data centre whose nodes are asked; None: the one of the contact points."""

    username: str = ""
    """Whom the nodes know; ``""``: they ask nobody."""

    password_file: Path | None = None
    """File that holds the user's password and nothing else."""

    tls_authority_file: Path | None = None
    """PEM file with the authorities of the nodes' certificates; None: connections are plain."""

    tls_certificate_file: Path | None = None
    """PEM file with a certificate to show, where nodes ask for one."""

    tls_key_file: Path | None = None
    """PEM file with its key; None: it is in the same file."""

    consistency: str = "LOCAL_QUORUM"
    """For reads and writes alike, so that a read sees what was acknowledged."""

    serial_consistency: str = "LOCAL_SERIAL"
    """For marks. SERIAL where several data centres set marks of one exchange."""

    connect_timeout_seconds: float = 5.0
    """For a connection, its handshake included."""

    request_timeout_seconds: float = 2.0
    """For one attempt at one request. A node's own limits are 5 s (read) and 2 s (write)."""

    speculative_delay_seconds: float = 0.5
    """After this long without an answer the next replica is asked too; far above a healthy p99."""

    reconnect_delay_seconds: float = 1.0
    """Between two attempts to reach a node that is down. Constant: an outage ends at once."""

    heartbeat_seconds: float = 5.0
    """An idle connection is tried this often, so that a silent node is noticed."""

    writes_in_flight: int = 32
    """Batches of one process on their way. A node works on all at once, and a read stands beside
    them: with 64 a file went in no faster beside lookups, which took twice as long (decision 69).
    """

    sweep_range_count: int = 4_096
    """Parts of the ring that a sweep reads one after the other.

    A part should hold fewer than 100,000 rows: a node refuses to read past as many tombstones.
    With 600 million rows a part has 150,000 of which a daily sweep leaves 1,000 tombstones.
    """


def check_settings(settings: CassandraSettings) -> None:
    """Refuse what could not stand in a statement.

    Raises:
        StartError: A name or a strategy is malformed; the text names the setting.
    """
    if not _KEYSPACE.fullmatch(settings.keyspace):
        raise StartError(
            "keyspace: a lower-case letter, then at most 47 lower-case letters, digits or _."
        )
    if settings.replication_strategy not in STRATEGIES:
        raise StartError(f"replication_strategy: one of {', '.join(STRATEGIES)}.")
    if not settings.replication or not all(
        _DATA_CENTER.fullmatch(name) and factor > 0 for name, factor in settings.replication
    ):
        raise StartError("replication: names of data centres with at least one copy each.")
