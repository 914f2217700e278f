"""The parent of the workers, with real processes that live, die, refuse and will not end."""

import multiprocessing
import os
import signal
import socket
from collections.abc import Callable
from contextlib import closing
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

import pytest

from exchange.core.errors import StartError, StoreUnavailableError
from exchange.server.parent import FAILURES_MAX, Parent
from exchange.server.port import HeldPort
from tests import worker_targets

Target = Callable[[Connection], None]


class Workers:
    """Spawns workers that do one thing, and remembers them."""

    def __init__(self, target: Target, stop_after: int = 0, *, is_slow: bool = False) -> None:
        """Spawn workers, and ask the parent to stop with the one after so many.

        Args:
            target: What a worker does.
            stop_after: The number of that one.
            is_slow: Whether the parent comes to see a worker only when it has ended.
        """
        self.pids: list[int | None] = []
        self._target = target
        self._stop_after = stop_after
        self._is_slow = is_slow

    def __call__(self) -> tuple[SpawnProcess, Connection]:
        spawning = multiprocessing.get_context("spawn")
        ours, theirs = spawning.Pipe(duplex=False)
        process = spawning.Process(target=self._target, args=(theirs,))
        process.start()
        theirs.close()
        self.pids.append(process.pid)
        if self._is_slow:
            process.join()
        if len(self.pids) == self._stop_after:
            ask_to_stop()
        return process, ours


def ask_to_stop() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def never() -> None:
    raise AssertionError("all workers serve, which should not have come about")


def gone(pid: int | None) -> bool:
    assert pid is not None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_workers_serve_until_a_signal_ends_them() -> None:
    workers = Workers(worker_targets.serve)
    handler = signal.getsignal(signal.SIGTERM)
    assert Parent(workers, 2, drain_seconds=5).run(ask_to_stop)
    assert [gone(pid) for pid in workers.pids] == [True, True]
    assert signal.getsignal(signal.SIGTERM) is handler


def test_workers_that_die_at_once_again_and_again_are_given_up() -> None:
    workers = Workers(worker_targets.serve_then_die)
    assert not Parent(workers, 1, drain_seconds=1).run(lambda: None)
    assert len(workers.pids) == FAILURES_MAX


@pytest.mark.parametrize("is_slow", [False, True], ids=["seen at once", "seen when it had died"])
def test_a_store_that_is_away_is_no_reason_to_give_a_worker_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_slow: bool
) -> None:
    monkeypatch.setenv("FIRST_CAME", str(tmp_path / "first"))
    target = worker_targets.serve_once_then_miss_the_store
    workers = Workers(target, stop_after=FAILURES_MAX + 2, is_slow=is_slow)
    assert Parent(workers, 1, drain_seconds=1).run(lambda: None)
    assert len(workers.pids) == FAILURES_MAX + 2


def test_a_worker_that_will_not_end_is_killed_after_its_limit() -> None:
    workers = Workers(worker_targets.serve_and_ignore_signals)
    parent = Parent(workers, 1, drain_seconds=0.1, kill_after_seconds=0.1)
    assert not parent.run(ask_to_stop)
    assert [gone(pid) for pid in workers.pids] == [True]


@pytest.mark.parametrize(
    ("target", "error", "sentence"),
    [
        (worker_targets.refuse, StartError, "The key file is missing."),
        (worker_targets.miss_the_store, StoreUnavailableError, "The store is away."),
        (worker_targets.find_an_old_schema, StartError, "run migrate"),
        (worker_targets.die_at_once, StartError, r"died while it started \(exit code 4\)"),
    ],
)
def test_a_server_whose_workers_cannot_start_says_why_and_leaves_none_running(
    target: Target, error: type[Exception], sentence: str
) -> None:
    workers = Workers(target)
    with pytest.raises(error, match=sentence):
        Parent(workers, 2, drain_seconds=1).run(never)
    assert all(gone(pid) for pid in workers.pids)


def test_a_held_port_cannot_be_held_twice() -> None:
    held = HeldPort("127.0.0.1", 0)
    with pytest.raises(StartError, match="is it taken"):
        HeldPort("127.0.0.1", held.port)
    held.release()
    HeldPort("127.0.0.1", held.port).release()


@pytest.mark.parametrize("shared", [False, True])
def test_a_port_that_anybody_listens_on_cannot_be_held(*, shared: bool) -> None:
    with closing(socket.socket()) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(shared))
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(StartError, match="is it taken"):
            HeldPort("127.0.0.1", other.getsockname()[1])


def test_a_host_of_another_machine_is_refused() -> None:
    with pytest.raises(StartError, match="cannot be listened on"):
        HeldPort("192.0.2.1", 0)
