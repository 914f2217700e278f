"""Taking a port for several processes: proven free by the parent, held until the end.

With SO_REUSEPORT alone a second server on a taken port starts silently and takes half of the
calls. So the parent binds without it, which fails while anybody listens, and only then lets its
own workers in. The parent's socket never listens and therefore gets no connection.
"""

import socket

from exchange.core.errors import StartError


class HeldPort:
    """A port that no other server can take while this is held."""

    def __init__(self, host: str, port: int) -> None:
        """Take the port; 0 takes any free one.

        Raises:
            StartError: Another process has it, or the host is none of this machine.
        """
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            self._socket = socket.socket(family, kind, protocol)
        except OSError as error:
            raise StartError(f"The host {host} cannot be listened on.") from error
        try:
            self._take(address)
        except OSError as error:
            self._socket.close()
            raise StartError(
                f"The address {host}:{port} cannot be listened on: is it taken?"
            ) from error
        self.port: int = self._socket.getsockname()[1]

    def _take(self, address: object) -> None:
        held = self._socket
        # For binding only: connections of the last server that are still fading do not matter.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(address)  # type: ignore[arg-type] # whatever getaddrinfo gave.
        # From here on nobody but our workers may bind it: they too set SO_REUSEPORT, and they
        # belong to the same user.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)

    def release(self) -> None:
        """Give the port up. Safe to call twice."""
        self._socket.close()
