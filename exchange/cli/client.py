"""One place that makes channels and stubs: address, certificates, time-outs, retries, limits."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Protocol, Self, TypeVar

import grpc
import msgspec
from google.protobuf.message import Message

from exchange.api.v1 import (
    health_code_service_pb2_grpc,
    member_service_pb2_grpc,
    policy_service_pb2_grpc,
    quarantine_service_pb2_grpc,
    recognition_service_pb2_grpc,
)
from exchange.cli import failures
from exchange.cli.exits import CommandError
from exchange.core.caller import URN_PREFIX
from exchange.server.certificates import AUTHORITY_FILE
from exchange.server.identity import CALLER_METADATA

ANSWER_BYTES_MAX = 20 * 1024 * 1024
"""A batch of 1,000 decisions, or 5,000 failures, with room."""

SERVICE_CONFIG = (
    resources.files("exchange").joinpath("client_service_config.json").read_text("utf-8")
)
"""Shipped for members too. UNAVAILABLE is the one code after which sending the same again is right
(AIP-194); every method is idempotent by rule. Four attempts are over within three seconds. A
stream is not repeated by gRPC: it goes on at its last acknowledgement."""

CERTIFICATES_DIR = Path("var/exchange/certs")
"""Where `health-exchange certs` puts certificates unless told otherwise."""

_KEEPALIVE_MS, _KEEPALIVE_ANSWER_MS = 30_000, 10_000
"""The exchange allows a ping each 20 s; a half-open connection is noticed within 40 s."""

Answer = TypeVar("Answer")
Page = TypeVar("Page", bound="Listed")


class Listing(Protocol):
    """A request for a page of a list."""

    page_token: str


class Listed(Protocol):
    """A page of a list; the token of the page after it is ``""`` on the last."""

    next_page_token: str


class Security(msgspec.Struct, frozen=True):
    """How to show who we are.

    Attributes:
        directory: Where certificates are named after their callers, as ``member-440000.pem``.
        certificate: PEM file instead of the one there.
        key: Its key.
        authority: PEM file with the authority of the exchange, instead of ``authority.pem`` there.
        plaintext: Show nothing and say a name: for a loopback server that asks for it.
    """

    directory: Path = CERTIFICATES_DIR
    certificate: Path | None = None
    key: Path | None = None
    authority: Path | None = None
    plaintext: bool = False


class Endpoint(str):
    """An address that knows how to show who we are there."""

    __slots__ = ("security",)

    security: Security

    def __new__(cls, address: str, security: Security) -> Self:
        """Join the two."""
        made = super().__new__(cls, address)
        made.security = security
        return made


class Connection(msgspec.Struct, frozen=True):
    """How to reach an exchange.

    Attributes:
        address: Host and port; an ``Endpoint`` where certificates were named.
        caller: URN of the caller, as ``urn:health-exchange:member:510000``.
        timeout_seconds: Longest wait for the answer to one call, retries included.
    """

    address: str
    caller: str
    timeout_seconds: float

    @property
    def security(self) -> Security:
        """How to show who we are."""
        return self.address.security if isinstance(self.address, Endpoint) else Security()


class Client:
    """Stubs of all services over one channel, in one caller's name."""

    def __init__(self, connection: Connection, channel: grpc.Channel) -> None:
        self._connection = connection
        self.channel = channel
        # Certificates say who calls; a plaintext server has to be told.
        plaintext = connection.security.plaintext
        self._metadata = ((CALLER_METADATA, connection.caller),) if plaintext else ()
        self.health_codes = health_code_service_pb2_grpc.HealthCodeServiceStub(channel)
        self.recognition = recognition_service_pb2_grpc.RecognitionServiceStub(channel)
        self.quarantine = quarantine_service_pb2_grpc.QuarantineServiceStub(channel)
        self.members = member_service_pb2_grpc.MemberServiceStub(channel)
        self.policies = policy_service_pb2_grpc.PolicyServiceStub(channel)

    def call(self, method: Callable[..., Answer], request: object) -> Answer:
        """Call a method of one of the stubs.

        Raises:
            CommandError: The call failed; the text says what that means.
        """
        try:
            return self.call_plainly(method, request)
        except grpc.RpcError as error:
            raise failures.of_call(error, self._connection.address) from error

    def pages(self, method: Callable[..., Page], request: Listing) -> Iterator[Page]:
        """Call a method that lists, and give one page after the other.

        Raises:
            CommandError: A call failed; the text says what that means.
        """
        while True:
            page = self.call(method, request)
            yield page
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def call_plainly(self, method: Callable[..., Answer], request: object) -> Answer:
        """Call a method; an error stays what gRPC raises, for who decides by its code."""
        return method(request, timeout=self._connection.timeout_seconds, metadata=self._metadata)

    def open_stream(self, method: Callable[..., Answer], requests: Iterator[Message]) -> Answer:
        """Begin a call in which both sides stream; it has no time-out of its own."""
        return method(requests, metadata=self._metadata)


@contextmanager
def connect(connection: Connection) -> Iterator[Client]:
    """Open a channel for as long as the block runs.

    Raises:
        CommandError: A certificate is not there.
    """
    with _open_channel(connection) as channel:
        yield Client(connection, channel)


def _open_channel(connection: Connection) -> grpc.Channel:
    options = (
        ("grpc.service_config", SERVICE_CONFIG),
        ("grpc.max_receive_message_length", ANSWER_BYTES_MAX),
        ("grpc.keepalive_time_ms", _KEEPALIVE_MS),
        ("grpc.keepalive_timeout_ms", _KEEPALIVE_ANSWER_MS),
        # A connection for each channel, so that a new one is a new connection to another worker.
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.enable_http_proxy", 0),
    )
    if connection.security.plaintext:
        return grpc.insecure_channel(connection.address, options=options)
    credentials = _credentials(connection.security, connection.caller)
    return grpc.secure_channel(connection.address, credentials, options=options)


def certificate_of(directory: Path, caller: str) -> Path:
    """Return where the certificate of a caller is, as `health-exchange certs` names it."""
    return directory / f"{caller.removeprefix(URN_PREFIX).replace(':', '-')}.pem"


def _credentials(security: Security, caller: str) -> grpc.ChannelCredentials:
    certificate = security.certificate or certificate_of(security.directory, caller)
    key = security.key or certificate.with_suffix(".key")
    authority = security.authority or security.directory / AUTHORITY_FILE
    return grpc.ssl_channel_credentials(
        _read(authority, "authority", "make one with `health-exchange certs init`"),
        _read(key, "key", f"issue one with `health-exchange certs issue {caller}`"),
        _read(certificate, "certificate", f"issue one with `health-exchange certs issue {caller}`"),
    )


def _read(path: Path, what: str, remedy: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(
            f"The {what} {path} cannot be read: {remedy}, or name its directory with --certs, or "
            "files with --certificate, --key and --authority; a server that was started with "
            "--insecure-loopback is reached with the same option."
        ) from error
