"""What a ring asks of those who connect: a user with a password, and a certificate."""

import ssl
from pathlib import Path

from exchange.core.errors import StartError
from exchange.stores.cassandra.settings import CassandraSettings


def read_password(settings: CassandraSettings) -> str:
    """Return the password of the user, read anew at each connecting.

    Raises:
        StartError: The file is not named, cannot be read or is empty.
    """
    path = settings.password_file
    if path is None:
        raise StartError("cassandra_password_file: a user needs one.")
    try:
        password = path.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise StartError(f"cassandra_password_file: {path} cannot be read.") from error
    if not password:
        raise StartError(f"cassandra_password_file: {path} is empty.")
    return password


def tls_context(settings: CassandraSettings) -> ssl.SSLContext | None:
    """Return how connections to nodes are protected; None: they are not.

    A node has to show a certificate of the authority for the address it is reached at.

    Raises:
        StartError: A file cannot be read or does not hold what it should.
    """
    if settings.tls_authority_file is None:
        return None
    try:
        context = ssl.create_default_context(cafile=settings.tls_authority_file)
    except OSError as error:  # An SSLError is one.
        raise _unusable("cassandra_tls_authority_file", settings.tls_authority_file) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.tls_certificate_file is not None:
        try:
            context.load_cert_chain(settings.tls_certificate_file, settings.tls_key_file)
        except OSError as error:
            raise _unusable(
                "cassandra_tls_certificate_file", settings.tls_certificate_file
            ) from error
    return context


def _unusable(setting: str, path: Path) -> StartError:
    return StartError(f"{setting}: {path} cannot be read, or its key is not the right one.")
