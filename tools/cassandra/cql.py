"""Ask a port whether CQL is spoken there, without a driver."""

import socket
import ssl

# Protocol version 4 (the oldest that 5.0 is asked for by any driver), no flags, stream 0.
_OPTIONS = bytes.fromhex("04 00 0000 05 00000000")
_SUPPORTED = bytes.fromhex("84 00 0000 06")


def answers_cql(
    address: str, port: int, timeout_seconds: float = 1.0, *, tls: ssl.SSLContext | None = None
) -> bool:
    """Return whether the node at `address` answers OPTIONS with SUPPORTED in time.

    An open port is not enough: the kernel accepts connections for a paused node too.
    """
    try:
        with socket.create_connection((address, port), timeout=timeout_seconds) as connection:
            if tls is None:
                return _is_supported(connection)
            with tls.wrap_socket(connection, server_hostname=address) as secured:
                return _is_supported(secured)
    except OSError:
        return False


def _is_supported(connection: socket.socket) -> bool:
    connection.sendall(_OPTIONS)
    found = b""
    while len(found) < len(_SUPPORTED) and (part := connection.recv(len(_SUPPORTED) - len(found))):
        found += part
    return found == _SUPPORTED
