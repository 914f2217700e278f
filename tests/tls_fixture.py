"""A development authority for tests, certificates that are odd in one way each, and channels."""

import ipaddress
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import grpc
import grpc.aio
import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from exchange.operations.clock import system_clock
from exchange.server.certificates import Issued, issue, issue_server, make_authority

DAY_MS = 86_400_000
LOCAL_POOL = (("grpc.use_local_subchannel_pool", 1),)
"""Channels of one test must not share connections: each is a caller of its own."""


class Pair(msgspec.Struct, frozen=True):
    """A certificate and its key, PEM."""

    certificate: bytes
    key: bytes


class Authority:
    """An authority in a directory, made anew."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.files = make_authority(directory, system_clock())
        self.server = issue_server(directory, system_clock())

    @property
    def pem(self) -> bytes:
        return self.files.certificate.read_bytes()

    def caller(self, urn: str) -> Pair:
        return read_pair(issue(self.directory, urn, system_clock()))

    def expired_caller(self, urn: str) -> Pair:
        return read_pair(issue(self.directory, urn, system_clock() - 3 * DAY_MS, days=1))

    def odd_caller(self, common_name: str, names: Sequence[x509.GeneralName] = ()) -> Pair:
        """A certificate with any common name and alternative names, as others may issue."""
        issuer = x509.load_pem_x509_certificate(self.pem)
        issuer_key = serialization.load_pem_private_key(self.files.key.read_bytes(), None)
        assert isinstance(issuer_key, ec.EllipticCurvePrivateKey)
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(issuer.not_valid_before_utc)
            .not_valid_after(issuer.not_valid_before_utc + timedelta(days=30))
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        pem = serialization.Encoding.PEM
        return Pair(
            builder.sign(issuer_key, hashes.SHA256()).public_bytes(pem),
            key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        )

    def channel(
        self, port: int, caller: Pair | None, service_config: str = "{}"
    ) -> grpc.aio.Channel:
        credentials = grpc.ssl_channel_credentials(
            self.pem,
            caller.key if caller else None,
            caller.certificate if caller else None,
        )
        options = (*LOCAL_POOL, ("grpc.service_config", service_config))
        return grpc.aio.secure_channel(f"127.0.0.1:{port}", credentials, options=options)


def read_pair(issued: Issued) -> Pair:
    return Pair(issued.certificate.read_bytes(), issued.key.read_bytes())


def uri(text: str) -> x509.GeneralName:
    return x509.UniformResourceIdentifier(text)


def dns(text: str) -> x509.GeneralName:
    return x509.DNSName(text)


def address(text: str) -> x509.GeneralName:
    return x509.IPAddress(ipaddress.ip_address(text))


def deadline(seconds: float) -> float:
    return time.monotonic() + seconds
