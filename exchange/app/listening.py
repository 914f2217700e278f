"""How a server listens, as its settings say: transport security, limits, address."""

import ipaddress

from exchange.core.errors import StartError
from exchange.operations.clock import system_clock
from exchange.server.limits import ConnectionLimits
from exchange.server.tls import ReloadingTls, TlsFiles
from exchange.settings import Settings


def make_tls(settings: Settings) -> ReloadingTls | None:
    """Return the transport security that the settings ask for; None: plaintext on loopback.

    Raises:
        StartError: Plaintext elsewhere, or certificates that cannot be used.
    """
    if not settings.insecure_loopback:
        files = TlsFiles(
            settings.tls_authority_path, settings.tls_certificate_path, settings.tls_key_path
        )
        return ReloadingTls(files, system_clock)
    try:
        loopback = ipaddress.ip_address(settings.host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise StartError("A plaintext server listens on a loopback address only.")
    return None


def connection_limits(settings: Settings) -> ConnectionLimits:
    """Return the limits of connections that the settings name."""
    return ConnectionLimits(
        age_seconds=settings.connection_age_seconds,
        age_grace_seconds=settings.connection_age_grace_seconds,
        stream_seconds_max=settings.stream_seconds_max,
        handshake_seconds=settings.handshake_seconds,
        connections_max=settings.connections_max,
    )


def bracketed(host: str) -> str:
    """Return a host as it stands before a port: IPv6 addresses in brackets."""
    return f"[{host}]" if ":" in host else host
