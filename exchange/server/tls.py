"""Transport security: the server's certificate and the authority of callers, checked and reloaded.

Every caller has to show a certificate of the authority; without one the handshake fails. The files
are looked at once a second. New ones that are good are used for the next handshake; what is not
good is logged and the old ones stay. Connections that are open keep what they shook hands with
until they reach the limit of their age (``connection_age_seconds``).
"""

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import grpc
import msgspec
import structlog
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID

from exchange.core.errors import StartError
from exchange.metrics import CERTIFICATE_EXPIRY

RELOAD_SECONDS = 1.0
"""How often the files are looked at: three calls of stat."""

_log = structlog.get_logger("exchange.tls")


class TlsFiles(msgspec.Struct, frozen=True):
    """Where the PEM files are.

    Attributes:
        authority: Certificates of the authorities whose callers are let in; several in a rotation.
        certificate: The server's certificate, then those between it and its authority.
        key: The server's key.
    """

    authority: Path
    certificate: Path
    key: Path

    def fingerprint(self) -> tuple[tuple[int, int, int], ...]:
        """Return something that changes when a file is written or replaced."""
        return tuple(_stat(path) for path in (self.authority, self.certificate, self.key))


class TlsMaterial(msgspec.Struct, frozen=True):
    """Files that were read and found good.

    Attributes:
        configuration: What gRPC is given.
        certificate_expires: When the server's certificate ends.
        authority_expires: When the first of the authorities ends.
    """

    configuration: grpc.ServerCertificateConfiguration
    certificate_expires: datetime
    authority_expires: datetime


def load_tls(files: TlsFiles, now_ms: int) -> TlsMaterial:
    """Read the files and check them against each other and the time.

    Raises:
        StartError: A file is missing or unreadable, a certificate has expired or is not valid yet,
            the key belongs to another certificate; the text says what to mend.
    """
    authorities = _certificates(files.authority, "authority")
    chain = _certificates(files.certificate, "server certificate")
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    _check_time(chain[0], files.certificate, "server certificate", now)
    _check_purpose(chain[0], files.certificate)
    for authority in authorities:
        _check_authority(authority, files.authority)
    valid = [one for one in authorities if one.not_valid_after_utc > now]
    if not valid:
        _check_time(authorities[0], files.authority, "authority", now)
    key_pem = _read(files.key, "server key")
    _check_key(key_pem, chain[0], files)
    return TlsMaterial(
        grpc.ssl_server_certificate_configuration(
            [(key_pem, _pem(chain))], root_certificates=_pem(valid)
        ),
        chain[0].not_valid_after_utc,
        min(one.not_valid_after_utc for one in valid),
    )


class ReloadingTls:
    """Server credentials that follow their files."""

    def __init__(self, files: TlsFiles, clock: Callable[[], int]) -> None:
        """Read the files for the first time.

        Args:
            files: What to read.
            clock: The machine's time in ms: the handshake goes by that and no other.

        Raises:
            StartError: They cannot be used.
        """
        self._files = files
        self._clock = clock
        self._seen = files.fingerprint()
        self._lock = threading.Lock()
        self._next: grpc.ServerCertificateConfiguration | None = None
        material = load_tls(files, clock())
        self._first = material.configuration
        _show_expiry(material)

    def credentials(self) -> grpc.ServerCredentials:
        """Return credentials for a port; each handshake asks whether there is something new."""
        return grpc.dynamic_ssl_server_credentials(
            self._first,
            self.take_next,  # type: ignore[arg-type] # the stubs do not know of None.
            require_client_authentication=True,
        )

    def take_next(self) -> grpc.ServerCertificateConfiguration | None:
        """Return what the next handshake begins to use, once; None keeps what is in use.

        Called by gRPC in each handshake, on a thread of its own.
        """
        with self._lock:
            found, self._next = self._next, None
        return found

    async def follow(self) -> None:
        """Look at the files for ever."""
        while True:
            await asyncio.sleep(RELOAD_SECONDS)
            self.reload()

    def reload(self) -> bool:
        """Use the files anew if they have changed and are good; tell whether they are."""
        seen = self._files.fingerprint()
        if seen == self._seen:
            return False
        self._seen = seen
        try:
            material = load_tls(self._files, self._clock())
        except StartError as error:
            _log.warning("certificates_not_reloaded", cause=str(error))
            return False
        with self._lock:
            self._next = material.configuration
        _show_expiry(material)
        _log.info("certificates_reloaded", expires=material.certificate_expires.isoformat())
        return True


def _show_expiry(material: TlsMaterial) -> None:
    CERTIFICATE_EXPIRY.set(material.certificate_expires.timestamp(), ("server",))
    CERTIFICATE_EXPIRY.set(material.authority_expires.timestamp(), ("authority",))


def _stat(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise StartError(
            f"The {what} {path} cannot be read: make certificates with `health-exchange certs`, "
            "name others in the tls_... settings, or serve with --insecure-loopback."
        ) from error


def _certificates(path: Path, what: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(_read(path, what))
    except ValueError as error:
        raise StartError(f"The {what} {path} holds no PEM certificate.") from error


def _check_time(certificate: x509.Certificate, path: Path, what: str, now: datetime) -> None:
    if certificate.not_valid_after_utc <= now:
        end = certificate.not_valid_after_utc.isoformat()
        raise StartError(f"The {what} {path} has expired at {end}: put a new one in place.")
    if certificate.not_valid_before_utc > now:
        start = certificate.not_valid_before_utc.isoformat()
        raise StartError(f"The {what} {path} is valid from {start} on only: is the clock right?")


def _check_purpose(certificate: x509.Certificate, path: Path) -> None:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return
    if ExtendedKeyUsageOID.SERVER_AUTH not in usage:
        raise StartError(f"The certificate {path} is a caller's, not a server's.")


def _check_authority(certificate: x509.Certificate, path: Path) -> None:
    try:
        found = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        found = None
    if found is None or not found.ca:
        raise StartError(f"The authority file {path} holds a certificate that is no authority's.")


def _check_key(key_pem: bytes, certificate: x509.Certificate, files: TlsFiles) -> None:
    try:
        key = serialization.load_pem_private_key(key_pem, None)
    except (ValueError, TypeError) as error:
        raise StartError(f"The server key {files.key} is no PEM key without password.") from error
    if key.public_key() != certificate.public_key():
        raise StartError(
            f"The server key {files.key} does not belong to the certificate {files.certificate}."
        )


def _pem(certificates: list[x509.Certificate]) -> bytes:
    return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in certificates)
