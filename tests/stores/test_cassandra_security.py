"""Nodes that ask for a password and a certificate, and exchanges that have or lack them."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from exchange.core.errors import StartError, StoreError, StoreUnavailableError
from exchange.operations.clock import system_clock
from exchange.server.certificates import issue, issue_server, make_authority
from exchange.stores.cassandra import CassandraSettings, CassandraStore
from tests.cassandra_fixture import free_settings
from tests.contracts.place import entry, seen, subjects_of
from tools.cassandra.node import CassandraNode
from tools.cassandra.settings import NodeSecurity

CALLER = "urn:health-exchange:operator:store"
FIRST_USER = "cassandra"
"""Every new node knows this user by this password, until an operator makes another."""

pytestmark = pytest.mark.cassandra


def _in_one_file(path: Path, *parts: Path) -> Path:
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


@pytest.fixture(scope="module")
def let_in(
    tmp_path_factory: pytest.TempPathFactory, cassandra_java: Path, cassandra_jars: Path
) -> Iterator[CassandraSettings]:
    """Settings with which a node lets a store in that asks everybody who comes."""
    directory = tmp_path_factory.mktemp("security")
    authority = make_authority(directory, system_clock())
    node_pair = issue_server(directory, system_clock())
    ours = issue(directory, CALLER, system_clock())
    security = NodeSecurity(
        authority_file=authority.certificate,
        node_file=_in_one_file(directory / "node.both", node_pair.key, node_pair.certificate),
        client_file=_in_one_file(directory / "client.both", ours.key, ours.certificate),
    )
    password_file = directory / "password"
    password_file.write_text(f"{FIRST_USER}\n")
    settings = msgspec.structs.replace(free_settings(directory / "node"), security=security)
    with CassandraNode(settings, java=cassandra_java, jars=cassandra_jars) as node:
        yield CassandraSettings(
            contact_points=(node.address,),
            port=node.native_port,
            keyspace="secured",
            username=FIRST_USER,
            password_file=password_file,
            tls_authority_file=authority.certificate,
            tls_certificate_file=ours.certificate,
            tls_key_file=ours.key,
            connect_timeout_seconds=10.0,
            request_timeout_seconds=10.0,
        )


async def _connect(settings: CassandraSettings) -> CassandraStore:
    store = CassandraStore(settings)
    try:
        await store.connect()
    except StoreError:
        await store.close()
        raise
    return store


async def test_a_store_with_password_and_certificate_keeps_and_reads_statements(
    let_in: CassandraSettings,
) -> None:
    store = await _connect(let_in)
    try:
        await store.migrate()
        subject = subjects_of("secured")(0)
        await store.write([entry(subject)])
        assert await seen(store, subject) == {("510000", "510000", b"value")}
    finally:
        await store.close()


@pytest.mark.parametrize("password", ["wrong", None])
async def test_a_wrong_or_missing_password_is_named_as_the_cause(
    let_in: CassandraSettings, tmp_path: Path, password: str | None
) -> None:
    other = msgspec.structs.replace(let_in, username="")
    if password is not None:
        (tmp_path / "password").write_text(password)
        other = msgspec.structs.replace(let_in, password_file=tmp_path / "password")
    with pytest.raises(StartError, match="cassandra_username"):
        await _connect(other)


async def test_a_node_of_a_foreign_authority_is_not_trusted(
    let_in: CassandraSettings, tmp_path: Path
) -> None:
    foreign = make_authority(tmp_path / "foreign", system_clock())
    other = msgspec.structs.replace(let_in, tls_authority_file=foreign.certificate)
    with pytest.raises(StartError, match="cassandra_tls_"):
        await _connect(other)


async def test_a_store_without_a_certificate_is_not_let_in(let_in: CassandraSettings) -> None:
    other = msgspec.structs.replace(let_in, tls_certificate_file=None, tls_key_file=None)
    with pytest.raises((StartError, StoreUnavailableError)):
        await _connect(other)


@pytest.mark.parametrize(
    ("field", "content"),
    [
        ("password_file", None),
        ("password_file", ""),
        ("tls_authority_file", None),
        ("tls_authority_file", "no certificate"),
        ("tls_certificate_file", None),
        ("tls_certificate_file", "no certificate"),
    ],
)
async def test_a_file_that_cannot_be_used_is_named(
    let_in: CassandraSettings, tmp_path: Path, field: str, content: str | None
) -> None:
    path = tmp_path / "file"
    if content is not None:
        path.write_text(content)
    with pytest.raises(StartError, match=field):
        await _connect(msgspec.structs.replace(let_in, **{field: path}))
