"""The HTTP port that Prometheus asks: on loopback, text or OpenMetrics as the asker prefers."""

import socket
from collections.abc import Callable

from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server

from exchange.core.errors import StartError
from exchange.metrics.exposition import Figures, FiguresCollector

HOST = "127.0.0.1"
"""Who asks how much is nobody else's matter: a scraper elsewhere comes through a proxy that knows
it."""


class ObservePort:
    """Serves figures on ``http://127.0.0.1:PORT/metrics`` from a thread of its own."""

    def __init__(self, source: Callable[[], Figures], port: int) -> None:
        """Listen; port 0 takes any free one.

        Raises:
            StartError: The port is taken.
        """
        registry = CollectorRegistry()
        registry.register(FiguresCollector(source))
        # Of the process that serves the figures: the parent where there are workers.
        ProcessCollector(registry=registry)
        if port and _is_taken(port):
            raise StartError(f"The port {port} for metrics cannot be listened on: is it taken?")
        try:
            self._server, self._thread = start_http_server(port, HOST, registry)
        except OSError as error:
            raise StartError(
                f"The port {port} for metrics cannot be listened on: is it taken?"
            ) from error
        self.port: int = self._server.server_port

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _is_taken(port: int) -> bool:
    # The server of the standard library lets several listen on one port where the system does.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        return probe.connect_ex((HOST, port)) == 0
