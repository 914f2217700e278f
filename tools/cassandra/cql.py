"""Ask a port whether CQL is spoken there, without a driver."""

import socket

# Protocol version 4 (the oldest that 5.0 is asked for by any driver), no flags, stream 0.
_OPTIONS = bytes.fromhex("04 00 0000 05 00000000")
_SUPPORTED = bytes.fromhex("84 00 0000 06")


def answers_cql(address: str, port: int, timeout_seconds: float = 1.0) -> bool:
    """Return whether the node at `address` answers OPTIONS with SUPPORTED in time.

    An open port is not enough: the kernel accepts connections for a paused node too.
    """
    try:
        with socket.create_connection((address, port), timeout=timeout_seconds) as connection:
            connection.sendall(_OPTIONS)
            return connection.recv(len(_SUPPORTED), socket.MSG_WAITALL) == _SUPPORTED
    except OSError:
        return False
