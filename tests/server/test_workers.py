"""A whole server under load: workers killed, drained, orphaned; nothing acknowledged is lost."""

import asyncio
import contextlib
import itertools
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from functools import partial
from importlib import resources
from pathlib import Path

import grpc
import grpc.aio
import msgspec
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from exchange.api.v1 import health_code_pb2, health_code_service_pb2
from exchange.app import Exchange, make_store
from exchange.core.statement import Entry
from exchange.operations.clock import system_clock
from exchange.server.worker import WORKER
from exchange.settings import Settings
from exchange.stores.sqlite import SqliteStore
from exchange.stores.sqlite.connection import SqliteSettings
from tests.server_fixture import KEY_LINE, SICHUAN, Client, SetClock, record
from tests.tls_fixture import Authority
from tests.waiting import PATIENCE_SECONDS, until

CHANNELS = 8
"""Enough that each of two workers has connections, whatever the kernel's choice."""
SHIPPED_SERVICE_CONFIG = (
    resources.files("exchange").joinpath("client_service_config.json").read_text("utf-8")
)
Answers = AsyncIterator[health_code_service_pb2.StreamingPublishHealthCodesResponse]
LEVELS = ("LOW", "MEDIUM", "ELEVATED", "HIGH")


class Server:
    """A server with two workers in processes of their own, behind mutual TLS."""

    def __init__(self, directory: Path, authority: Authority) -> None:
        self.directory = directory
        self.authority = authority
        self._process: subprocess.Popen[str] | None = None
        self.port = 0
        self.said = ""

    def start(self, **settings: object) -> None:
        """Start, or start again on the same port; wait for the first line that is said."""
        self.clean_up()
        variables = {"data_dir": self.directory, "port": self.port, "workers": 2} | settings
        environment = os.environ | {
            f"HEALTH_EXCHANGE_{name.upper()}": str(value) for name, value in variables.items()
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.serve_process"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        self.said = self._process.stdout.readline().strip()
        if self.said.isdigit():
            self.port = int(self.said)

    @property
    def process(self) -> "subprocess.Popen[str]":
        assert self._process is not None
        return self._process

    def children(self, kind: str = "") -> list[int]:
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
        found = [int(child) for child in children if "spawn_main" in command_line(int(child))]
        return [child for child in found if not kind or name_of(child) == kind]

    def workers(self) -> list[int]:
        return self.children(WORKER)

    def ask_to_stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def exit_code(self) -> int:
        return self.process.wait(PATIENCE_SECONDS)

    def clean_up(self) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            for pid in self.children():
                os.kill(pid, signal.SIGKILL)
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def name_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text("ascii").strip()
    except OSError:
        return ""


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text("utf-8")
    except OSError:
        return ""


@pytest.fixture
async def server(tmp_path: Path, authority: Authority) -> AsyncIterator[Server]:
    settings = Settings(data_dir=tmp_path)
    settings.subject_key_path.write_text(KEY_LINE + "\n")
    store = make_store(settings)
    await store.connect()
    await store.migrate()
    await store.close()
    found = Server(tmp_path, authority)
    yield found
    found.clean_up()


def resident_numbers() -> Iterator[str]:
    """Valid resident numbers of people who do not exist, none twice."""
    weights = [2 ** (17 - place) % 11 for place in range(17)]
    for year, number in itertools.product(range(1950, 2000), range(1_000)):
        digits = f"510102{year}0229{number:03}" if year % 4 == 0 else f"510102{year}0228{number:03}"
        total = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))
        yield digits + "10X98765432"[total % 11]


class Load:
    """Callers that publish, each over a connection of its own, and what they were told."""

    def __init__(self, server: Server, service_config: str = "{}") -> None:
        caller = server.authority.caller(SICHUAN)
        self._channels = [
            server.authority.channel(server.port, caller, service_config) for _ in range(CHANNELS)
        ]
        self._numbers = resident_numbers()
        self._stopping = False
        self._running: list[asyncio.Task[None]] = []
        self.acknowledged: dict[str, str] = {}
        self.failures: list[list[grpc.StatusCode]] = [[] for _ in self._channels]
        self.wrong: list[str] = []

    async def start(self) -> None:
        """Begin, and wait until the first hundred records are acknowledged."""
        self._running = [
            asyncio.create_task(self._run_one(Client(channel, ""), failures))
            for channel, failures in zip(self._channels, self.failures, strict=True)
        ]
        await self.until_acknowledged(100)

    async def _run_one(self, client: Client, failures: list[grpc.StatusCode]) -> None:
        """Publish one record after the other and read it back, until stopped."""
        while not self._stopping:
            number = next(self._numbers)
            level = LEVELS[len(self.acknowledged) % len(LEVELS)]
            try:
                answer = await client.publish_records(
                    "510000", record(number, level, system_clock() - 60_000)
                )
                assert answer.accepted_count == 1
                self.acknowledged[number] = level
                if await levels(client, number) != [level]:
                    self.wrong.append(number)
            except grpc.aio.AioRpcError as error:
                failures.append(error.code())
                if len(failures) > 50:
                    return

    async def until_acknowledged(self, count: int) -> None:
        """Wait until so many more records are acknowledged."""
        wanted = len(self.acknowledged) + count
        await until(lambda: len(self.acknowledged) >= wanted)

    async def stop(self) -> None:
        self._stopping = True
        await asyncio.gather(*self._running)
        for channel in self._channels:
            await channel.close(None)


async def levels(client: Client, number: str) -> list[str]:
    answer = await client.listed(number)
    return [health_code_pb2.HealthCode.Level.Name(code.level) for code in answer.health_codes]


async def lost(server: Server, acknowledged: dict[str, str]) -> list[str]:
    """Read back all that was acknowledged; return what is not as it was acknowledged."""
    channel = server.authority.channel(server.port, server.authority.caller(SICHUAN))
    client = Client(channel, "")
    found = [
        number for number, level in acknowledged.items() if await levels(client, number) != [level]
    ]
    await channel.close(None)
    return found


async def test_a_worker_killed_under_load_costs_each_connection_at_most_one_unavailable(
    server: Server,
) -> None:
    server.start()
    before = server.workers()
    # As callers are told to: a connection that is made in the moment of a death is reset as well,
    # and without a pause every call until the next attempt at one fails at once.
    load = Load(server, SHIPPED_SERVICE_CONFIG)
    await load.start()
    os.kill(before[0], signal.SIGKILL)
    await until(lambda: len(set(server.workers()) - set(before)) == 1)
    await load.until_acknowledged(200)
    await load.stop()
    assert load.wrong == []
    assert max(len(failures) for failures in load.failures) <= 1
    assert {code for failures in load.failures for code in failures} <= {
        grpc.StatusCode.UNAVAILABLE
    }
    assert await lost(server, load.acknowledged) == []
    server.ask_to_stop()
    assert server.exit_code() == 0


async def test_a_server_told_to_stop_under_load_drains_and_loses_nothing(server: Server) -> None:
    server.start()
    load = Load(server)
    await load.start()
    server.ask_to_stop()
    assert await asyncio.to_thread(server.exit_code) == 0
    await load.stop()
    assert load.wrong == []
    assert {code for failures in load.failures for code in failures} == {
        grpc.StatusCode.UNAVAILABLE
    }
    server.start()
    assert await lost(server, load.acknowledged) == []


async def stream_of_records(
    goes_on: asyncio.Event,
) -> AsyncIterator[health_code_service_pb2.StreamingPublishHealthCodesRequest]:
    """Send a record, and another one when the test says so."""
    message = health_code_service_pb2.StreamingPublishHealthCodesRequest
    first = message()
    first.start.member = "members/510000"
    yield first
    for number in itertools.islice(resident_numbers(), 2):
        one = message()
        one.health_code_records.records.append(record(number, "LOW", system_clock() - 60_000))
        yield one
        await goes_on.wait()


@contextlib.asynccontextmanager
async def stream_under_way(server: Server) -> AsyncIterator[tuple[Answers, asyncio.Event]]:
    """A stream whose first record is acknowledged, when the server is told to stop.

    In the end the server has to be gone, and to say that it drained.
    """
    channel = server.authority.channel(server.port, server.authority.caller(SICHUAN))
    client, goes_on = Client(channel, ""), asyncio.Event()
    call = client.health_codes.StreamingPublishHealthCodes(stream_of_records(goes_on))
    answers = aiter(call)
    assert (await anext(answers)).accepted_count == 1
    server.ask_to_stop()
    yield answers, goes_on
    assert await asyncio.to_thread(server.exit_code) == 0
    await channel.close(None)


async def test_a_stream_that_runs_when_the_server_is_told_to_stop_comes_to_its_end(
    server: Server,
) -> None:
    server.start()
    async with stream_under_way(server) as (answers, goes_on):
        await until(lambda: takes_no_connection(server))
        goes_on.set()
        assert [answer.accepted_count async for answer in answers] == [1]


async def test_a_stream_that_does_not_end_is_cut_when_the_drain_is_over(server: Server) -> None:
    server.start(drain_seconds=0.5)
    async with stream_under_way(server) as (answers, goes_on):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await anext(answers)
        assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
        goes_on.set()


async def takes_no_connection(server: Server) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    except OSError:
        return True
    writer.close()
    return False


async def test_all_workers_killed_at_once_lose_nothing_that_was_acknowledged(
    server: Server,
) -> None:
    server.start()
    before = server.workers()
    load = Load(server)
    await load.start()
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    await until(lambda: len(set(server.workers()) - set(before)) == 2)
    await load.stop()
    await until(lambda: is_serving(server))
    assert load.wrong == []
    assert await lost(server, load.acknowledged) == []


async def test_workers_drain_when_their_parent_is_killed_and_the_port_is_free_again(
    server: Server,
) -> None:
    server.start()
    orphans = server.children()
    assert len(orphans) == 3
    server.process.kill()
    server.process.wait()
    await until(lambda: not any(command_line(pid) for pid in orphans))
    server.start()
    assert server.said == str(server.port)


async def test_a_second_server_on_the_port_is_refused_with_a_sentence(
    server: Server, tmp_path: Path
) -> None:
    server.start()
    second = Server(tmp_path, server.authority)
    second.start(port=server.port)
    code = second.exit_code()
    second.clean_up()
    assert (code, second.said) == (
        6,
        f"The address 127.0.0.1:{server.port} cannot be listened on: is it taken?",
    )


async def test_a_server_without_subject_keys_is_refused_before_the_port_is_touched(
    server: Server,
) -> None:
    server.start(subject_key_file=server.directory / "nowhere")
    assert server.exit_code() == 6
    assert "subject key file" in server.said


async def statuses(stubs: Sequence[health_pb2_grpc.HealthStub]) -> set[str]:
    answers = [await stub.Check(health_pb2.HealthCheckRequest()) for stub in stubs]
    return {health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status) for answer in answers}


async def is_serving(server: Server) -> bool:
    """Ask over a new connection, which any of the workers may take."""
    channel = server.authority.channel(server.port, server.authority.caller(SICHUAN))
    try:
        return await statuses([health_pb2_grpc.HealthStub(channel)]) == {"SERVING"}
    except grpc.aio.AioRpcError as error:
        assert error.code() == grpc.StatusCode.UNAVAILABLE  # noqa: PT017 - tried again.
        return False
    finally:
        await channel.close(None)


async def test_every_worker_tells_the_same_of_the_store_within_a_second(server: Server) -> None:
    server.start()
    await until(lambda: is_serving(server))
    caller = server.authority.caller(SICHUAN)
    channels = [server.authority.channel(server.port, caller) for _ in range(CHANNELS)]
    stubs = [health_pb2_grpc.HealthStub(channel) for channel in channels]

    async def told(wanted: str) -> bool:
        return await statuses(stubs) == {wanted}

    assert await told("SERVING")
    for old, new, wanted in (
        ("schema_versions", "away", "NOT_SERVING"),
        ("away", "schema_versions", "SERVING"),
    ):
        with contextlib.closing(
            sqlite3.connect(server.directory / "exchange.sqlite")
        ) as connection:
            connection.execute(f"ALTER TABLE {old} RENAME TO {new}")
        await until(partial(told, wanted), seconds=1.0)
    for channel in channels:
        await channel.close(None)


class HeldStore(SqliteStore):
    """A store whose writes wait until they are let go."""

    def __init__(self, settings: SqliteSettings) -> None:
        super().__init__(settings)
        self.reached = asyncio.Event()
        self.let_go = asyncio.Event()

    async def write(self, entries: Sequence[Entry]) -> None:
        self.reached.set()
        await self.let_go.wait()
        await super().write(entries)


class Held(msgspec.Struct, frozen=True):
    """An exchange on a store that holds writes, and one write that is held."""

    exchange: Exchange
    store: HeldStore
    call: "asyncio.Task[object]"


StartHeld = Callable[..., Awaitable[Held]]


@pytest.fixture
async def start_held(tmp_path: Path) -> AsyncIterator[StartHeld]:
    channels: list[grpc.aio.Channel] = []

    async def start(drain_seconds: float) -> Held:
        settings = Settings(
            data_dir=tmp_path, port=0, insecure_loopback=True, drain_seconds=drain_seconds
        )
        settings.subject_key_path.write_text(KEY_LINE + "\n")
        store = HeldStore(SqliteSettings(settings.sqlite_path))
        await store.connect()
        await store.migrate()
        exchange = Exchange(settings, store, SetClock())
        await exchange.start()
        channels.append(grpc.aio.insecure_channel(f"127.0.0.1:{exchange.port}"))
        client = Client(channels[0], SICHUAN)
        publish = client.publish_records("510000", record("510102190402290011"))
        call: asyncio.Task[object] = asyncio.create_task(publish)
        await store.reached.wait()
        return Held(exchange, store, call)

    yield start
    for channel in channels:
        await channel.close(None)


async def test_a_drain_takes_no_new_calls_and_lets_running_ones_finish(
    start_held: StartHeld,
) -> None:
    held = await start_held(drain_seconds=PATIENCE_SECONDS)
    drain = asyncio.create_task(held.exchange.stop())
    async with grpc.aio.insecure_channel(f"127.0.0.1:{held.exchange.port}") as channel:
        await until(lambda: is_refused(channel))
    assert not drain.done()
    held.store.let_go.set()
    await asyncio.wait_for(held.call, PATIENCE_SECONDS)
    await asyncio.wait_for(drain, PATIENCE_SECONDS)


async def is_refused(channel: grpc.aio.Channel) -> bool:
    try:
        await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5)
    except grpc.aio.AioRpcError as error:
        return error.code() == grpc.StatusCode.UNAVAILABLE
    return False


async def test_a_drain_ends_at_its_limit_even_if_a_call_does_not(start_held: StartHeld) -> None:
    held = await start_held(drain_seconds=0.2)
    start = time.monotonic()
    await held.exchange.stop()
    assert time.monotonic() - start < 5
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await held.call
    assert caught.value.code() == grpc.StatusCode.UNAVAILABLE


def test_a_grace_shorter_than_the_longest_stream_is_refused() -> None:
    with pytest.raises(ValueError, match="connection_age_grace_seconds must be more than"):
        Settings(connection_age_grace_seconds=60, stream_seconds_max=60)
