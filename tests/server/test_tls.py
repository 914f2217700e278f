"""Transport security: handshakes that fail, refusals to start, and files that change."""

from collections.abc import Callable
from pathlib import Path

import grpc
import grpc.aio
import pytest

from exchange.api.v1 import member_service_pb2
from exchange.core.caller import URN_PREFIX
from exchange.core.errors import StartError, UnauthenticatedError
from exchange.metrics import CERTIFICATE_EXPIRY
from exchange.operations.clock import system_clock
from exchange.server.certificates import issue, issue_server, make_authority
from exchange.server.tls import ReloadingTls, TlsFiles, load_tls
from tests.server.conftest import SecureExchange
from tests.server_fixture import SICHUAN, Client, StartExchange
from tests.tls_fixture import DAY_MS, LOCAL_POOL, Authority, Pair, read_pair
from tests.waiting import until

PATIENCE_SECONDS = 10


async def members(channel: grpc.aio.Channel) -> int:
    request = member_service_pb2.ListMembersRequest()
    answer = await Client(channel, "").members.ListMembers(request, timeout=PATIENCE_SECONDS)
    return len(answer.members)


async def handshake_fails(channel: grpc.aio.Channel) -> None:
    """Expect the connection to fail: gRPC says UNAVAILABLE, whatever the reason."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await members(channel)
    assert caught.value.code() == grpc.StatusCode.UNAVAILABLE


async def connects(secure: SecureExchange, channel: grpc.aio.Channel) -> bool:
    secure.channels.append(channel)
    try:
        return await members(channel) > 0
    except grpc.aio.AioRpcError:
        return False


async def test_a_caller_with_a_certificate_of_the_authority_is_served(
    secure: SecureExchange,
) -> None:
    assert await members(secure.channel(SICHUAN)) > 0


async def test_a_caller_without_a_certificate_fails_in_the_handshake(
    secure: SecureExchange,
) -> None:
    await handshake_fails(secure.channel(None))


async def test_a_certificate_of_another_authority_fails_in_the_handshake(
    secure: SecureExchange, tmp_path: Path
) -> None:
    await handshake_fails(secure.channel(Authority(tmp_path / "other").caller(SICHUAN)))


async def test_an_expired_certificate_fails_in_the_handshake(secure: SecureExchange) -> None:
    await handshake_fails(secure.channel(secure.authority.expired_caller(SICHUAN)))


async def test_the_servers_own_certificate_does_not_serve_as_a_callers(
    secure: SecureExchange,
) -> None:
    await handshake_fails(secure.channel(read_pair(secure.authority.server)))


async def test_a_callers_certificate_with_anothers_key_cannot_be_used(
    secure: SecureExchange,
) -> None:
    certificate = secure.authority.caller(SICHUAN).certificate
    other_key = secure.authority.caller("urn:health-exchange:operator:other").key
    await handshake_fails(secure.channel(Pair(certificate, other_key)))


async def test_a_plaintext_caller_gets_nothing_from_a_server_with_certificates(
    secure: SecureExchange,
) -> None:
    channel = grpc.aio.insecure_channel(f"127.0.0.1:{secure.port}", options=LOCAL_POOL)
    secure.channels.append(channel)
    await handshake_fails(channel)


async def test_a_caller_finds_out_a_server_that_is_not_of_the_authority(
    secure: SecureExchange, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path / "other")
    channel = stranger.channel(secure.port, secure.authority.caller(SICHUAN))
    secure.channels.append(channel)
    await handshake_fails(channel)


async def test_a_new_certificate_of_a_new_authority_is_used_without_a_restart(
    secure: SecureExchange, tmp_path: Path
) -> None:
    open_before = secure.channel(SICHUAN)
    assert await members(open_before) > 0
    old, new = secure.authority, Authority(tmp_path / "new")
    (tmp_path / "both.pem").write_bytes(old.pem + new.pem)
    (tmp_path / "both.pem").replace(old.files.certificate)
    new.server.key.replace(old.server.key)
    new.server.certificate.replace(old.server.certificate)
    caller = new.caller(SICHUAN)
    await until(lambda: connects(secure, new.channel(secure.port, caller)))
    assert await members(open_before) > 0, "a connection that is open goes on"
    by_old = secure.authority.caller(SICHUAN)
    assert await connects(secure, new.channel(secure.port, by_old)), "both authorities count"


async def test_an_authority_that_is_taken_out_lets_nobody_in_any_more(
    secure: SecureExchange, tmp_path: Path
) -> None:
    caller, old_pem = secure.authority.caller(SICHUAN), secure.authority.pem
    new = Authority(tmp_path / "new")
    secure.authority.files.certificate.write_bytes(new.pem)

    async def shut_out() -> bool:
        credentials = grpc.ssl_channel_credentials(old_pem, caller.key, caller.certificate)
        channel = grpc.aio.secure_channel(
            f"127.0.0.1:{secure.port}", credentials, options=LOCAL_POOL
        )
        return not await connects(secure, channel)

    await until(shut_out)


def test_files_that_cannot_be_used_leave_the_old_ones_in_use(authority: Authority) -> None:
    tls = ReloadingTls(files_of(authority), system_clock)
    authority.server.certificate.write_text("half of a certifi")
    assert (tls.reload(), tls.take_next()) == (False, None)
    issue_server(authority.directory, system_clock())
    assert tls.reload()
    assert tls.take_next() is not None


def test_files_are_read_again_only_when_they_have_changed(authority: Authority) -> None:
    tls = ReloadingTls(files_of(authority), system_clock)
    assert (tls.reload(), tls.take_next()) == (False, None)
    issue_server(authority.directory, system_clock())
    assert (tls.reload(), tls.reload()) == (True, False)
    assert tls.take_next() is not None
    assert tls.take_next() is None, "what was taken is in use"


async def test_when_certificates_end_is_a_metric(secure: SecureExchange) -> None:
    ends = {name: CERTIFICATE_EXPIRY.values[name,] for name in ("server", "authority")}
    now = system_clock() / 1000
    assert ends["server"] == pytest.approx(now + 365 * 86_400, abs=600)
    assert ends["authority"] == pytest.approx(now + 3_650 * 86_400, abs=600)
    assert await members(secure.channel(SICHUAN)) > 0


def files_of(authority: Authority) -> TlsFiles:
    return TlsFiles(authority.files.certificate, authority.server.certificate, authority.server.key)


def no_authority(authority: Authority) -> None:
    authority.files.certificate.unlink()


def no_certificate(authority: Authority) -> None:
    authority.server.certificate.unlink()


def no_key(authority: Authority) -> None:
    authority.server.key.unlink()


def expired_certificate(authority: Authority) -> None:
    issue_server(authority.directory, system_clock() - 3 * DAY_MS, days=1)


def future_certificate(authority: Authority) -> None:
    issue_server(authority.directory, system_clock() + 3 * DAY_MS)


def expired_authority(authority: Authority) -> None:
    past = authority.directory / "past"
    make_authority(past, system_clock() - 3 * DAY_MS, days=1)
    (past / "authority.pem").replace(authority.files.certificate)


def a_leaf_as_authority(authority: Authority) -> None:
    authority.files.certificate.write_bytes(authority.server.certificate.read_bytes())


def key_of_another(authority: Authority) -> None:
    issue(authority.directory, SICHUAN, system_clock()).key.replace(authority.server.key)


def certificate_of_a_caller(authority: Authority) -> None:
    issued = issue(authority.directory, SICHUAN, system_clock())
    issued.key.replace(authority.server.key)
    issued.certificate.replace(authority.server.certificate)


def garbage_certificate(authority: Authority) -> None:
    authority.server.certificate.write_bytes(b"\x00\xffgarbage")


def garbage_key(authority: Authority) -> None:
    authority.server.key.write_text("garbage")


Spoil = Callable[[Authority], None]
SPOILERS: dict[Spoil, str] = {
    no_authority: "authority .* cannot be read: make certificates",
    no_certificate: "server certificate .* cannot be read: make certificates",
    no_key: "server key .* cannot be read: make certificates",
    expired_certificate: "server certificate .* has expired at .*: put a new one in place",
    future_certificate: "server certificate .* is valid from .* on only: is the clock right",
    expired_authority: "authority .* has expired at .*: put a new one in place",
    a_leaf_as_authority: "holds a certificate that is no authority's",
    key_of_another: "key .* does not belong to the certificate",
    certificate_of_a_caller: "is a caller's, not a server's",
    garbage_certificate: "server certificate .* holds no PEM certificate",
    garbage_key: "server key .* is no PEM key",
}


@pytest.mark.parametrize("spoil", list(SPOILERS), ids=lambda spoil: spoil.__name__)
async def test_a_server_refuses_to_start_with_a_sentence_that_says_what_to_mend(
    start_exchange: StartExchange, authority: Authority, spoil: Spoil
) -> None:
    spoil(authority)
    with pytest.raises(StartError, match=SPOILERS[spoil]):
        await start_exchange(insecure_loopback=False)


async def test_a_plaintext_server_is_refused_beyond_loopback(start_exchange: StartExchange) -> None:
    with pytest.raises(StartError, match="loopback address only"):
        await start_exchange(host="0.0.0.0")  # noqa: S104 - that is the point.


def test_of_several_authorities_an_expired_one_is_left_out(authority: Authority) -> None:
    past = authority.directory / "past"
    make_authority(past, system_clock() - 3 * DAY_MS, days=1)
    both = (past / "authority.pem").read_bytes() + authority.pem
    authority.files.certificate.write_bytes(both)
    material = load_tls(files_of(authority), system_clock())
    assert material.authority_expires.timestamp() > system_clock() / 1000


def test_an_authority_is_never_replaced(authority: Authority) -> None:
    with pytest.raises(StartError, match="never replaced"):
        make_authority(authority.directory, system_clock())


def test_no_certificate_is_issued_without_an_authority(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="make one with"):
        issue(tmp_path, SICHUAN, system_clock())


def test_no_certificate_is_issued_to_who_does_not_take_part(authority: Authority) -> None:
    with pytest.raises(UnauthenticatedError, match="does not take part"):
        issue(authority.directory, f"{URN_PREFIX}member:999999", system_clock())


def test_keys_can_be_read_by_their_owner_only(authority: Authority) -> None:
    keys = (authority.files.key, authority.server.key)
    assert [oct(key.stat().st_mode & 0o777) for key in keys] == ["0o600", "0o600"]
