"""Who may call what, behind mutual TLS: the table walked, and certificates that name nobody."""

import asyncio
import socket
import ssl
import struct
from collections.abc import Iterator
from pathlib import Path

import grpc
import grpc.aio
import pytest
from cryptography import x509
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from exchange.api.v1 import recognition_service_pb2
from exchange.core.caller import CallerKind, parse_urn
from exchange.server.access import ACCESS, OPEN
from exchange.server.account import LOOKUPS, Account
from exchange.server.identity import CALLER_METADATA
from exchange.server.server import SERVICES
from tests.server import raw_http2 as raw
from tests.server.conftest import SecureExchange
from tests.server_fixture import (
    CHECKPOINT,
    NOW_MS,
    OPERATOR,
    SHANGHAI,
    SICHUAN,
    Client,
    document,
    refused,
)
from tests.tls_fixture import dns, uri

ALL_SERVICES: tuple[ServiceDescriptor, ...] = (
    *SERVICES,
    health_pb2.DESCRIPTOR.services_by_name["Health"],
    reflection_pb2.DESCRIPTOR.services_by_name["ServerReflection"],
)
CALLERS = {
    CallerKind.MEMBER: SICHUAN,
    CallerKind.CHECKPOINT: CHECKPOINT,
    CallerKind.OPERATOR: OPERATOR,
}
AS_IT_IS = bytes
"""Messages go over the channel as the bytes that they are."""
GARBAGE = b"\xff\xff\xff"
"""No message of any kind: who is refused for it was let through to the method."""
METHODS = {
    f"/{service.full_name}/{method.name}": method
    for service in ALL_SERVICES
    for method in service.methods
}


async def code_of(channel: grpc.aio.Channel, path: str, method: MethodDescriptor) -> str:
    """Send garbage to a method and return the code it is answered with."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await send(channel, path, method)
    return caught.value.code().name


async def send(channel: grpc.aio.Channel, path: str, method: MethodDescriptor) -> None:
    if method.client_streaming:
        streams = channel.stream_stream(path, AS_IT_IS, AS_IT_IS)
        await anext(aiter(streams(_once(GARBAGE), timeout=10)))
    elif method.server_streaming:
        await anext(aiter(channel.unary_stream(path, AS_IT_IS, AS_IT_IS)(GARBAGE, timeout=10)))
    else:
        await channel.unary_unary(path, AS_IT_IS, AS_IT_IS)(GARBAGE, timeout=10)


def _once(message: bytes) -> Iterator[bytes]:
    yield message


def test_every_method_of_every_service_has_its_place_in_the_table() -> None:
    assert set(METHODS) == set(ACCESS) | OPEN
    assert not set(ACCESS) & OPEN


def test_every_method_that_looks_persons_up_is_counted() -> None:
    asks = {path for path, method in METHODS.items() if "document" in fields(method)}
    writes = {path for path in asks if "Publish" in path or "Erase" in path}
    assert set(LOOKUPS) == asks - writes


def fields(method: MethodDescriptor) -> list[str]:
    names = []
    for field in method.input_type.fields:
        names.append(field.name)
        if field.message_type is not None:
            names += [inner.name for inner in field.message_type.fields]
    return names


@pytest.mark.parametrize("kind", list(CALLERS))
async def test_each_kind_of_caller_gets_where_the_table_lets_it_and_nowhere_else(
    secure: SecureExchange, kind: CallerKind
) -> None:
    channel = secure.channel(CALLERS[kind])
    found = {path: await code_of(channel, path, method) for path, method in METHODS.items()}
    refused_paths = {path for path, code in found.items() if code == "PERMISSION_DENIED"}
    assert refused_paths == {path for path, kinds in ACCESS.items() if kind not in kinds}
    let_through = {path: found[path] for path in set(ACCESS) - refused_paths}
    assert set(let_through.values()) == {"INVALID_ARGUMENT"}


async def test_a_certificate_that_names_nobody_gets_nowhere_but_to_health_and_reflection(
    secure: SecureExchange,
) -> None:
    channel = secure.channel(secure.authority.odd_caller("probe"))
    found = {path: await code_of(channel, path, method) for path, method in METHODS.items()}
    assert {found[path] for path in ACCESS} == {"UNAUTHENTICATED"}
    assert not {found[path] for path in OPEN} & {"UNAUTHENTICATED", "PERMISSION_DENIED"}


@pytest.mark.parametrize(
    ("common_name", "names"),
    [
        pytest.param(SICHUAN, (), id="the common name does not count"),
        pytest.param("x", (dns(SICHUAN),), id="a host name does not count"),
        pytest.param("x", (uri("spiffe://example.org/member/510000"),), id="a foreign URI"),
        pytest.param("x", (uri("urn:health-exchange:member:999999"),), id="no such member"),
        pytest.param("x", (uri("urn:health-exchange:member:51000"),), id="a short code"),
        pytest.param("x", (uri("urn:health-exchange:visitor:510000"),), id="no such kind"),
        pytest.param("x", (uri(SICHUAN), uri(SHANGHAI)), id="two callers at once"),
        pytest.param("x", (uri(SICHUAN), uri(OPERATOR)), id="a member that is also an operator"),
    ],
)
async def test_a_certificate_that_names_nobody_known_is_unauthenticated(
    secure: SecureExchange, common_name: str, names: tuple[x509.GeneralName, ...]
) -> None:
    client = Client(secure.channel(secure.authority.odd_caller(common_name, names)), "")
    with refused() as refusal:
        await client.check("510102190402290011")
    assert (refusal().code, refusal().reason) == (
        grpc.StatusCode.UNAUTHENTICATED,
        "CALLER_UNKNOWN",
    )


async def test_one_name_of_ours_among_others_is_enough(secure: SecureExchange) -> None:
    names = (uri("spiffe://example.org/gate"), dns("gate.example.org"), uri(SICHUAN), uri(SICHUAN))
    client = Client(secure.channel(secure.authority.odd_caller("x", names)), "")
    assert (await client.publish_records("510000")).accepted_count == 0


async def test_what_a_call_says_of_itself_does_not_count_beside_a_certificate(
    secure: SecureExchange,
) -> None:
    client = Client(secure.channel(CHECKPOINT), SICHUAN)
    assert client.metadata == ((CALLER_METADATA, SICHUAN),)
    with refused() as refusal:
        await client.listed("510102190402290011")
    assert refusal().code == grpc.StatusCode.PERMISSION_DENIED


async def test_a_port_that_the_next_caller_uses_again_does_not_lend_it_the_last_ones_name(
    secure: SecureExchange, tmp_path: Path
) -> None:
    source_port = 0
    for urn, text in ((SICHUAN, b"parent"), (OPERATOR, b"may not call")):
        pair = secure.authority.caller(urn)
        (tmp_path / "caller.pem").write_bytes(pair.certificate + pair.key)
        context = ssl.create_default_context(cafile=str(secure.authority.files.certificate))
        context.load_cert_chain(tmp_path / "caller.pem")
        context.set_alpn_protocols(["h2"])
        used, answer = await asyncio.to_thread(list_from, source_port, secure.port, context, text)
        assert text in answer
        assert source_port in {0, used}
        source_port = used


def list_from(
    source_port: int, port: int, context: ssl.SSLContext, text: bytes
) -> tuple[int, bytes]:
    """Call from a given port until a text is in the answer; return the port and the answer."""
    path = "/exchange.api.v1.HealthCodeService/ListHealthCodes"
    with socket.socket() as plain:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Closed without lingering, so that the port can be used again at once.
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        plain.settimeout(10)
        plain.bind(("127.0.0.1", source_port))
        plain.connect(("127.0.0.1", port))
        used: int = plain.getsockname()[1]
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as secured:
            secured.sendall(raw.opening() + raw.call(1, path, b""))
            answer = b""
            while text not in answer and (part := secured.recv(65_536)):
                answer += part
    return used, answer


async def test_every_lookup_is_counted_for_the_caller_who_made_it(secure: SecureExchange) -> None:
    member, checkpoint = Client(secure.channel(SICHUAN), ""), Client(secure.channel(CHECKPOINT), "")
    one = recognition_service_pb2.CheckHealthCodeRequest(
        document=document("510102190402290011"), destination="members/310000"
    )
    await member.check("510102190402290011")
    await member.listed("510102190402290011")
    await member.publish_records("510000")
    batch = recognition_service_pb2.BatchCheckHealthCodesRequest(requests=[one] * 3)
    await checkpoint.recognition.BatchCheckHealthCodes(batch)
    counts = {
        caller.name or caller.member: secure.running.exchange.account.lookups(caller, NOW_MS)
        for caller in (parse_urn(SICHUAN), parse_urn(CHECKPOINT), parse_urn(SHANGHAI))
    }
    assert counts == {"510000": 2, "gate-1": 3, "310000": 0}


def test_an_account_adds_up_minutes_and_forgets_those_past_an_hour() -> None:
    account, caller = Account(), parse_urn(SICHUAN)
    account.add(caller, 5, NOW_MS)
    account.add(caller, 7, NOW_MS + 60_000)
    assert account.lookups(caller, NOW_MS + 60_000) == 7
    assert account.lookups(caller, NOW_MS + 60_000, minutes=2) == 12
    account.add(caller, 1, NOW_MS + 61 * 60_000)
    assert account.lookups(caller, NOW_MS + 61 * 60_000, minutes=100) == 1


def test_an_account_is_bounded_however_many_callers_there_are() -> None:
    account = Account(callers_max=2)
    for number in range(10):
        account.add(parse_urn(f"{OPERATOR}{number}"), 1, NOW_MS)
    assert account.lookups(parse_urn(f"{OPERATOR}0"), NOW_MS) == 1
    assert account.lookups(parse_urn(f"{OPERATOR}9"), NOW_MS) == 0
    assert account.others(NOW_MS) == 8
