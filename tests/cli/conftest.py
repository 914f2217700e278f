"""An exchange in a thread of its own, and the command line beside it in this process."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from exchange.app import Exchange, make_store
from exchange.cli.commands.certs import everybody, prepare
from exchange.cli.main import run
from exchange.cli.options import CERTS_VARIABLE
from exchange.operations.clock import system_clock
from exchange.settings import Settings

START_SECONDS = 30
OTHER_CALLERS = (
    "urn:health-exchange:checkpoint:370000:gate",
    "urn:health-exchange:checkpoint:440000:gate",
    "urn:health-exchange:operator:tester",
)
"""Callers that tests name, beside those that `certs init --everybody` knows."""


class Running(msgspec.Struct, frozen=True):
    """A served exchange: where it listens and where its data is."""

    address: str
    data_dir: Path


class _Thread:
    """Runs an exchange on an event loop of its own until it is told to stop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run)
        self.port = 0

    def start(self) -> None:
        self._thread.start()
        assert self._started.wait(START_SECONDS)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        store = make_store(self._settings)
        await store.connect()
        await store.migrate()
        exchange = Exchange(self._settings, store)
        await exchange.start()
        self.port = exchange.port
        self._started.set()
        await self._stop.wait()
        await exchange.stop()


@pytest.fixture(scope="session")
def certs_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates of one authority for the server and for every caller of the tests."""
    directory = tmp_path_factory.mktemp("certs")
    prepare(directory, (*everybody(), *OTHER_CALLERS), system_clock())
    return directory


@pytest.fixture(autouse=True)
def _certificates(certs_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands and processes of a test find the certificates as people do."""
    monkeypatch.setenv(CERTS_VARIABLE, str(certs_dir))


@pytest.fixture(scope="session")
def exchange(tmp_path_factory: pytest.TempPathFactory, certs_dir: Path) -> Iterator[Running]:
    """An exchange on an embedded store of its own, shared by the tests of the command line."""
    data_dir = tmp_path_factory.mktemp("exchange")
    (data_dir / "subject.key").write_text("1:" + "ab" * 32 + "\n")
    (data_dir / "quarantine.key").write_text("1:" + "5c" * 16 + "\n")
    (data_dir / "certs").symlink_to(certs_dir)
    thread = _Thread(Settings(data_dir=data_dir, port=0))
    thread.start()
    yield Running(f"127.0.0.1:{thread.port}", data_dir)
    thread.stop()


class Ran(msgspec.Struct, frozen=True):
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.out)
        return value


Health = Callable[..., Ran]


@pytest.fixture
def health_exchange(capfd: pytest.CaptureFixture[str]) -> Health:
    """A function that runs a command and gives its exit code and what it printed."""

    def health_exchange(*arguments: str | Path) -> Ran:
        code = run([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return Ran(code, out, err)

    return health_exchange
