"""A development authority (EC P-256) and the certificates it issues to callers and servers.

Made for development, tests and small installations. Where a country has an authority of its own,
its certificates serve as well: all the exchange asks of a caller's is one URI of the form
``urn:health-exchange:...`` among its alternative names. The common name means nothing here.
"""

import ipaddress
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from exchange.core.caller import URN_PREFIX, parse_urn
from exchange.core.errors import StartError

AUTHORITY_DAYS = 3_650
CERTIFICATE_DAYS = 365
AUTHORITY_FILE = "authority.pem"
AUTHORITY_KEY_FILE = "authority.key"
SERVER_NAME = "server"
DEVELOPMENT_HOSTS = ("localhost", "127.0.0.1", "::1")
BACKDATED = timedelta(minutes=5)
"""How far clocks may differ for a new certificate to be valid at once."""


class Issued(msgspec.Struct, frozen=True):
    """Where a new certificate and its key are.

    Attributes:
        certificate: PEM file, readable by all.
        key: PEM file, PKCS #8, readable by its owner only.
    """

    certificate: Path
    key: Path


def make_authority(directory: Path, now_ms: int, days: int = AUTHORITY_DAYS) -> Issued:
    """Make an authority, ``authority.pem`` and ``authority.key``; the directory is made.

    Raises:
        StartError: There is an authority already. It is never replaced: all it issued would be
            worthless.
    """
    files = Issued(directory / AUTHORITY_FILE, directory / AUTHORITY_KEY_FILE)
    if files.certificate.exists() or files.key.exists():
        raise StartError(f"There is an authority in {directory} already; it is never replaced.")
    directory.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Health-code exchange development authority")
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    certificate = (
        _builder(name, name, key, now_ms, days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(of_authority=True), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )
    _write(files, key, certificate)
    return files


def issue(directory: Path, urn: str, now_ms: int, days: int = CERTIFICATE_DAYS) -> Issued:
    """Issue a caller's certificate by the authority in ``directory``, beside it.

    Args:
        directory: Where the authority is.
        urn: Whom it names, as ``urn:health-exchange:member:440000``; files are named after it.
        now_ms: The instant now.
        days: How long it is valid.

    Raises:
        UnauthenticatedError: The URN names nobody known.
        StartError: There is no authority, or it has expired.
    """
    parse_urn(urn)
    name = urn.removeprefix(URN_PREFIX).replace(":", "-")
    uri = x509.UniformResourceIdentifier(urn)
    return _issue(directory, name, _Use((uri,), ExtendedKeyUsageOID.CLIENT_AUTH), now_ms, days)


def issue_server(
    directory: Path,
    now_ms: int,
    hosts: Sequence[str] = DEVELOPMENT_HOSTS,
    days: int = CERTIFICATE_DAYS,
) -> Issued:
    """Issue the server's certificate, ``server.pem`` and ``server.key``, for host names.

    Raises:
        StartError: There is no authority, or it has expired.
    """
    use = _Use(tuple(_host(host) for host in hosts), ExtendedKeyUsageOID.SERVER_AUTH)
    return _issue(directory, SERVER_NAME, use, now_ms, days)


class _Use(msgspec.Struct, frozen=True):
    """What a certificate is for: the names in it and the one purpose."""

    names: tuple[x509.GeneralName, ...]
    purpose: x509.ObjectIdentifier


def _issue(directory: Path, name: str, use: _Use, now_ms: int, days: int) -> Issued:
    authority, authority_key = _load_authority(directory, now_ms)
    key = ec.generate_private_key(ec.SECP256R1())
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    certificate = (
        _builder(_name(name), authority.subject, key, now_ms, days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(of_authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([use.purpose]), critical=False)
        .add_extension(x509.SubjectAlternativeName(use.names), critical=False)
        .add_extension(identifier, critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    files = Issued(directory / f"{name}.pem", directory / f"{name}.key")
    _write(files, key, certificate)
    return files


def _load_authority(
    directory: Path, now_ms: int
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    try:
        certificate = x509.load_pem_x509_certificate((directory / AUTHORITY_FILE).read_bytes())
        key = serialization.load_pem_private_key(
            (directory / AUTHORITY_KEY_FILE).read_bytes(), None
        )
    except (OSError, ValueError) as error:
        raise StartError(
            f"There is no authority in {directory}: make one with `health-exchange certs`."
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise StartError(f"The authority's key in {directory} is not an elliptic-curve key.")
    if certificate.not_valid_after_utc <= _instant(now_ms):
        raise StartError(f"The authority in {directory} has expired: make a new one.")
    return certificate, key


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now_ms: int, days: int
) -> x509.CertificateBuilder:
    now = _instant(now_ms)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + timedelta(days=days))
    )


def _key_usage(*, of_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not of_authority,
        key_cert_sign=of_authority,
        crl_sign=of_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    # Common names hold at most 64 characters; they are for people who look at a certificate.
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _instant(now_ms: int) -> datetime:
    return datetime.fromtimestamp(now_ms / 1000, UTC)


def _write(files: Issued, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    _replace(files.key, secret, 0o600)
    _replace(files.certificate, certificate.public_bytes(pem), 0o644)


def _replace(path: Path, content: bytes, mode: int) -> None:
    """Put a file in place at once, so that a server that reloads never reads half of it."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    part.replace(path)
