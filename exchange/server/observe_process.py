"""Being observed: what a serving process does for it, and what the parent of several does."""

import asyncio
import platform
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path

from exchange.metrics import BUILD_INFO
from exchange.metrics.exposition import local_figures
from exchange.metrics.trace import export_to
from exchange.server.observe import FiguresFile, GatheredFigures, Pulse
from exchange.server.observe_port import ObservePort
from exchange.server.observe_spans import SpanSender


class Observation:
    """Keeps the figures of one serving process up to date and where they are asked for.

    Attributes:
        port: Where they are served over HTTP; 0 where another process does that, or nobody.
    """

    def __init__(
        self,
        store_name: str,
        due: Callable[[], None] | None,
        directory: Path | None,
        port: int | None,
        trace_endpoint: str = "",
    ) -> None:
        """Take what is needed.

        Args:
            store_name: Kind of the store.
            due: Sets gauges that somebody has to set; called once a second. None: this is no
                worker.
            directory: Where the parent looks for this worker's figures; None: it has no parent.
            port: Where a process without a parent serves its own; None: nowhere.
            trace_endpoint: Where spans are sent; ``""``: nowhere.

        Raises:
            StartError: The port is taken.
        """
        self._due = due
        self._file = None if directory is None else FiguresFile(directory)
        self._server = None
        if directory is None and port is not None:
            self._server = ObservePort(local_figures, port)
        self.port = 0 if self._server is None else self._server.port
        self._spans = SpanSender(trace_endpoint) if trace_endpoint else None
        export_to(self._spans)
        labels = (version("health-exchange"), platform.python_version(), store_name)
        BUILD_INFO.set(1, labels)
        self._task = asyncio.create_task(Pulse(self._beat, worker=due is not None).run())

    def _beat(self) -> None:
        if self._due is not None:
            self._due()
        if self._file is not None:
            self._file.write()

    async def close(self) -> None:
        """Write the last figures and let go."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        if self._file is not None:
            self._file.close()
        if self._server is not None:
            await asyncio.to_thread(self._server.close)
        if self._spans is not None:
            export_to(None)
            await asyncio.to_thread(self._spans.close)


@contextmanager
def gathered_figures(port: int | None) -> Iterator[Path | None]:
    """Serve the figures of worker processes; give the directory they write to, None for nowhere.

    Raises:
        StartError: The port is taken.
    """
    if port is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="health-exchange-figures-") as name:
        directory = Path(name)
        server = ObservePort(GatheredFigures(directory), port)
        try:
            yield directory
        finally:
            server.close()
