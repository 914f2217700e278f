"""Health that tells the truth, in both directions, to those who ask and to those who watch."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from exchange.core.errors import SchemaError, StoreUnavailableError
from exchange.server.health import Health, StoreLook
from exchange.server.server import SERVICES
from tests.server_fixture import RunningExchange
from tests.tls_fixture import deadline

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
SERVICE_UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
NAMES = ("", *(service.full_name for service in SERVICES))
PATIENCE_SECONDS = 5


def health_of(running: RunningExchange) -> health_pb2_grpc.HealthStub:
    return health_pb2_grpc.HealthStub(running.client().channel)


async def status(stub: health_pb2_grpc.HealthStub, name: str = "") -> int:
    request = health_pb2.HealthCheckRequest(service=name)
    answer: int = (await stub.Check(request, timeout=PATIENCE_SECONDS)).status
    return answer


async def wait_for(stub: health_pb2_grpc.HealthStub, wanted: int) -> float:
    """Ask until the wanted status is told; return how many seconds that took."""
    start = time.monotonic()
    while await status(stub) != wanted:
        assert time.monotonic() < start + PATIENCE_SECONDS, "the status never came"
        await asyncio.sleep(0.01)
    return time.monotonic() - start


def rename(path: Path, old: str, new: str) -> None:
    with closing(sqlite3.connect(path, timeout=5)) as connection:
        connection.execute(f"ALTER TABLE {old} RENAME TO {new}")


def take_schema_away(running: RunningExchange) -> None:
    rename(running.data_dir / "exchange.sqlite", "schema_versions", "away")


def put_schema_back(running: RunningExchange) -> None:
    rename(running.data_dir / "exchange.sqlite", "away", "schema_versions")


async def test_every_service_is_serving_once_the_store_has_answered(
    exchange: RunningExchange,
) -> None:
    stub = health_of(exchange)
    await wait_for(stub, SERVING)
    assert {name: await status(stub, name) for name in NAMES} == dict.fromkeys(NAMES, SERVING)


async def test_a_lost_schema_is_told_within_a_second_and_its_return_without_a_restart(
    exchange: RunningExchange,
) -> None:
    stub = health_of(exchange)
    await wait_for(stub, SERVING)
    take_schema_away(exchange)
    assert await wait_for(stub, NOT_SERVING) < 1.0
    assert {name: await status(stub, name) for name in NAMES} == dict.fromkeys(NAMES, NOT_SERVING)
    put_schema_back(exchange)
    assert await wait_for(stub, SERVING) < 1.0


async def test_those_who_watch_are_told_of_every_change(exchange: RunningExchange) -> None:
    stub = health_of(exchange)
    await wait_for(stub, SERVING)
    watch = stub.Watch(health_pb2.HealthCheckRequest(), timeout=PATIENCE_SECONDS)
    told = aiter(watch)
    seen = [(await anext(told)).status]
    take_schema_away(exchange)
    seen.append((await anext(told)).status)
    put_schema_back(exchange)
    seen.append((await anext(told)).status)
    assert seen == [SERVING, NOT_SERVING, SERVING]


async def test_an_unknown_service_is_not_found_and_can_be_watched(
    exchange: RunningExchange,
) -> None:
    stub = health_of(exchange)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await status(stub, "no.such.Service")
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND
    watch = stub.Watch(health_pb2.HealthCheckRequest(service="x"), timeout=PATIENCE_SECONDS)
    assert (await anext(aiter(watch))).status == SERVICE_UNKNOWN


async def test_a_drain_tells_those_who_watch_and_does_not_wait_for_them(
    exchange: RunningExchange,
) -> None:
    stub = health_of(exchange)
    await wait_for(stub, SERVING)
    watch = stub.Watch(health_pb2.HealthCheckRequest(), timeout=PATIENCE_SECONDS)
    told = aiter(watch)
    first = (await anext(told)).status
    start = time.monotonic()
    await exchange.exchange.stop()
    took = time.monotonic() - start
    rest = [answer.status async for answer in told]
    assert (first, rest) == (SERVING, [NOT_SERVING])
    assert took < 2.0


def test_nothing_is_serving_before_the_first_look() -> None:
    assert not Health(NAMES).serving


async def test_health_that_is_closed_stays_not_serving() -> None:
    health = Health(NAMES)
    health.tell(True)
    health.close()
    health.tell(True)
    assert not health.serving


class Store:
    """Something to look at: it answers, fails or hangs as it is told, and counts who looks."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.hangs = False
        self.looking = 0
        self.looking_max = 0
        self.looks = 0

    async def check(self) -> None:
        self.looks += 1
        self.looking += 1
        self.looking_max = max(self.looking_max, self.looking)
        try:
            if self.hangs:
                await asyncio.Event().wait()
            if self.error is not None:
                raise self.error
        finally:
            self.looking -= 1


@pytest.fixture
async def watched() -> AsyncIterator[tuple[Store, asyncio.Queue[bool]]]:
    """A store that is looked at, often, and what is told of it."""
    store = Store()
    told: asyncio.Queue[bool] = asyncio.Queue()
    look = StoreLook(store.check, told.put_nowait, pause_seconds=0.01, limit_seconds=0.05)
    task = asyncio.create_task(look.run())
    yield store, told
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def told_to_be(told: asyncio.Queue[bool], wanted: bool) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await told.get() != wanted:
            pass


@pytest.mark.parametrize(
    "error",
    [
        StoreUnavailableError("away"),
        SchemaError("gone", found=0, wanted=1),
        RuntimeError("a defect"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_whatever_a_look_fails_with_the_store_is_lost_until_it_answers_again(
    watched: tuple[Store, asyncio.Queue[bool]], error: Exception
) -> None:
    store, told = watched
    await told_to_be(told, wanted=True)
    store.error = error
    await told_to_be(told, wanted=False)
    store.error = None
    await told_to_be(told, wanted=True)


async def test_a_store_that_hangs_is_lost_and_looks_do_not_pile_up(
    watched: tuple[Store, asyncio.Queue[bool]],
) -> None:
    store, told = watched
    store.hangs = True
    await told_to_be(told, wanted=False)
    end = deadline(PATIENCE_SECONDS)
    while store.looks < 5:
        assert time.monotonic() < end
        await told.get()
    assert store.looking_max == 1
    store.hangs = False
    await told_to_be(told, wanted=True)
