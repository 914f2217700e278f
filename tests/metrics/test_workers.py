"""The figures of several processes become one, through their ends and restarts."""

import multiprocessing
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from exchange.core.errors import StartError
from exchange.metrics import CALL_SECONDS, CALLS, NEWEST_AS_OF, STORE_ANSWERS, WORKERS
from exchange.metrics.exposition import local_figures
from exchange.server.observe import FiguresFile, GatheredFigures
from exchange.server.observe_port import ObservePort

LABELS = ("CheckHealthCode", "OK", "checkpoint")
PATIENCE_SECONDS = 20


def work(directory: Path, told: Connection) -> None:
    """Count what is told and write it; end when told nothing more."""
    file = FiguresFile(directory)
    WORKERS.set(1)
    while True:
        calls, newest, answers = told.recv()
        CALLS.add(LABELS, calls)
        CALL_SECONDS.observe(0.001 * calls, ("CheckHealthCode",))
        NEWEST_AS_OF.raise_to(newest, ("510000",))
        STORE_ANSWERS.set(answers)
        file.write()
        told.send("written")


class Worker:
    def __init__(self, directory: Path) -> None:
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self.process = context.Process(target=work, args=(directory, theirs))
        self.process.start()

    def count(self, calls: int, newest: float = 0, answers: bool = True) -> None:
        self._ours.send((calls, newest, answers))
        assert self._ours.recv() == "written"

    def kill(self) -> None:
        self.process.kill()
        self.process.join(PATIENCE_SECONDS)
        self._ours.close()


@pytest.fixture
def start(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[], Worker]:
    def start_one() -> Worker:
        worker = Worker(tmp_path)
        request.addfinalizer(worker.kill)
        return worker

    return start_one


def test_counts_add_up_and_survive_the_death_of_workers(
    start: Callable[[], Worker], tmp_path: Path
) -> None:
    gathered = GatheredFigures(tmp_path)
    first, second = start(), start()
    first.count(3)
    second.count(4)
    seen = [gathered()["calls"][LABELS]]
    first.kill()
    seen.append(gathered()["calls"][LABELS])
    third = start()
    third.count(5)
    seen.append(gathered()["calls"][LABELS])
    second.kill()
    third.kill()
    seen.append(gathered()["calls"][LABELS])
    assert seen == [7, 7, 12, 12]
    history = gathered()["call_seconds"]["CheckHealthCode",]
    assert isinstance(history, list)
    assert sum(history[:-1]) == 3
    assert history[-1] == pytest.approx(0.012)


def test_a_dead_worker_leaves_no_gauge_but_what_only_grows(
    start: Callable[[], Worker], tmp_path: Path
) -> None:
    gathered = GatheredFigures(tmp_path)
    healthy, sick = start(), start()
    healthy.count(1, newest=100, answers=True)
    sick.count(1, newest=200, answers=False)
    both = gathered()
    sick.kill()
    one = gathered()
    assert (both["workers"][()], one["workers"][()]) == (2, 1)
    assert (both["store_answers"][()], one["store_answers"][()]) == (0, 1)
    assert one["member_newest_as_of_timestamp_seconds"]["510000",] == 200


def test_the_dead_leave_no_files(start: Callable[[], Worker], tmp_path: Path) -> None:
    gathered = GatheredFigures(tmp_path)
    worker = start()
    worker.count(1)
    worker.kill()
    gathered()
    assert list(tmp_path.iterdir()) == []


def test_figures_are_served_on_loopback_and_a_taken_port_is_refused() -> None:
    port = ObservePort(local_figures, 0)
    try:
        text = ""
        end = time.monotonic() + PATIENCE_SECONDS
        CALLS.add(("GetMember", "OK", "member"))
        while "health_exchange_calls_total" not in text:
            assert time.monotonic() < end
            with urllib.request.urlopen(f"http://127.0.0.1:{port.port}/metrics") as answer:
                text = answer.read().decode()
        with pytest.raises(StartError, match="is it taken"):
            ObservePort(local_figures, port.port)
    finally:
        port.close()
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"http://127.0.0.1:{port.port}/metrics")
