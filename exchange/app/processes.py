"""The processes that serve: a parent, its workers, and publishers behind them."""

import multiprocessing
import tempfile
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

from exchange.app.exchange import Exchange
from exchange.app.family import Family, publisher_count, worker_count
from exchange.app.keys import load_subject_keys
from exchange.app.listening import make_tls
from exchange.app.stores import make_store
from exchange.app.streams import StreamsExchange
from exchange.server.behind import Guard, give_way
from exchange.server.logs import configure_logs
from exchange.server.observe_process import gathered_figures
from exchange.server.parent import Parent, Spawn
from exchange.server.port import HeldPort
from exchange.server.worker import PUBLISHER, WORKER, call_process, run_worker
from exchange.settings import Settings


def serve(settings: Settings, announce: Callable[[int], None]) -> bool:
    """Serve with worker processes until SIGTERM or SIGINT; call it on the main thread.

    Args:
        settings: All of them.
        announce: Is given the port once all workers serve.

    Returns:
        Whether everything drained within its limit.

    Raises:
        StartError: A setting, key, certificate or the address is wrong; nothing is left running.
        StoreUnavailableError: The store does not answer.
    """
    make_tls(settings)
    load_subject_keys(settings)
    held = HeldPort(settings.host, settings.port)
    try:
        # Only the user that the server runs as can enter the directory: who does is believed.
        with (
            gathered_figures(settings.metrics_port) as figures_dir,
            tempfile.TemporaryDirectory(prefix="health-exchange-") as sockets,
        ):
            addresses = tuple(
                f"unix:{sockets}/{number}" for number in range(publisher_count(settings))
            )
            parent = Parent(
                _spawning(_work, settings, Family(held.port, figures_dir, addresses)),
                worker_count(settings),
                settings.drain_seconds,
                behind=[_spawning(_publish, settings, one, figures_dir) for one in addresses],
            )
            with Guard(parent.pids_behind):
                return parent.run(lambda: announce(held.port))
    finally:
        held.release()


def _spawning(target: Callable[..., None], *arguments: object) -> Spawn:
    """Return what starts a process that serves, and reports over a pipe."""
    # Not forked: a gRPC server has to be made in the process that serves.
    spawning = multiprocessing.get_context("spawn")

    def spawn() -> tuple[SpawnProcess, Connection]:
        ours, theirs = spawning.Pipe(duplex=False)
        process = spawning.Process(target=target, args=(theirs, *arguments))
        process.start()
        theirs.close()
        return process, ours

    return spawn


def _work(reports: Connection, settings: Settings, family: Family) -> None:
    """Be one worker; the whole of what runs in a worker process."""
    configure_logs(settings)
    call_process(WORKER)
    run_worker(lambda: Exchange(settings, make_store(settings), family=family), reports)


def _publish(
    reports: Connection, settings: Settings, address: str, figures_dir: Path | None
) -> None:
    """Be one publisher; the whole of what runs in a publisher process."""
    configure_logs(settings)
    call_process(PUBLISHER)
    give_way()
    run_worker(
        lambda: StreamsExchange(settings, make_store(settings), address, figures_dir), reports
    )
