"""Streams that workers pass on to publishers: there and back, slowed, cancelled, refused."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from pathlib import Path

import grpc
import pytest

from exchange.api.v1 import health_code_service_pb2 as pb
from exchange.core.caller import Caller, parse_urn
from exchange.core.errors import PublicationUnavailableError, StoreFullError
from exchange.metrics.trace import CURRENT, Trace
from exchange.server.endings import RelayedError, ending_of
from exchange.server.publisher import PublisherServer
from exchange.server.publishers import Publishers
from exchange.server.relay import STREAM_PATH, Relay
from tests.server_fixture import SHANGHAI, SICHUAN, RunningPublisher, StartExchange, refused
from tests.waiting import PATIENCE_SECONDS, until

CALLER = parse_urn(SHANGHAI)
MESSAGE = b"m" * 64 * 1024
WINDOW_BYTES_MAX = 1 << 20
"""More than two sockets and two windows of a stream hold."""


class Place:
    """A publisher that serves streams as a test says."""

    def __init__(self, directory: Path) -> None:
        self.address = f"unix:{directory}/0"
        self._servers: list[PublisherServer] = []

    async def serve(self, relay: Relay) -> PublisherServer:
        server = PublisherServer({STREAM_PATH: relay})
        await server.start(self.address)
        self._servers.append(server)
        return server

    async def close(self) -> None:
        for server in self._servers:
            await server.stop(0)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    found = Place(tmp_path)
    yield found
    await found.close()


@pytest.fixture
async def publishers(place: Place, tmp_path: Path) -> AsyncIterator[Publishers]:
    """The place of the test, and one where nobody ever is."""
    found = Publishers([f"unix:{tmp_path}/nobody", place.address])
    yield found
    await found.close()


async def echo(requests: AsyncIterator[bytes], _caller: Caller) -> AsyncGenerator[bytes, None]:
    async for one in requests:
        yield one


async def messages(*several: bytes) -> AsyncIterator[bytes]:
    for one in several:
        yield one


async def test_a_publisher_that_is_away_is_passed_over(
    place: Place, publishers: Publishers
) -> None:
    await place.serve(echo)
    for _ in range(5):
        passed = [one async for one in publishers.to(STREAM_PATH)(messages(b"a", b"b"), CALLER)]
        assert passed == [b"a", b"b"]


async def test_a_publisher_learns_who_calls_and_of_which_trace(
    place: Place, publishers: Publishers
) -> None:
    async def tell(_requests: AsyncIterator[bytes], caller: Caller) -> AsyncGenerator[bytes, None]:
        yield f"{caller.urn} {CURRENT.get()}".encode()

    await place.serve(tell)
    trace = Trace("ab" * 16, "cd" * 8, "ef" * 8, sampled=True, request_id="day-*")
    CURRENT.set(trace)
    told = [one async for one in publishers.to(STREAM_PATH)(messages(), CALLER)]
    assert told == [f"{SHANGHAI} {trace}".encode()]


async def test_without_any_publisher_a_stream_is_refused_before_anything_is_taken(
    publishers: Publishers,
) -> None:
    taken = []

    async def requests() -> AsyncIterator[bytes]:
        taken.append(1)
        yield b"a"

    with pytest.raises(PublicationUnavailableError):
        await anext(publishers.to(STREAM_PATH)(requests(), CALLER))
    assert taken == []


async def test_the_publisher_that_comes_back_is_used_again(
    place: Place, publishers: Publishers
) -> None:
    first = await place.serve(echo)
    assert [one async for one in publishers.to(STREAM_PATH)(messages(b"a"), CALLER)] == [b"a"]
    await first.stop(0)
    with pytest.raises(PublicationUnavailableError):
        await anext(publishers.to(STREAM_PATH)(messages(b"a"), CALLER))
    await place.serve(echo)

    async def is_used() -> bool:
        with suppress(PublicationUnavailableError):
            passed = [one async for one in publishers.to(STREAM_PATH)(messages(b"b"), CALLER)]
            return passed == [b"b"]
        return False

    await until(is_used)


async def test_a_publisher_cut_in_the_middle_ends_the_stream_as_one_to_try_again(
    place: Place, publishers: Publishers
) -> None:
    server = await place.serve(echo)
    goes_on = asyncio.Event()

    async def requests() -> AsyncIterator[bytes]:
        yield b"a"
        await goes_on.wait()

    async with aclosing(publishers.to(STREAM_PATH)(requests(), CALLER)) as answers:
        assert await anext(answers) == b"a"
        await server.stop(0)
        with pytest.raises(PublicationUnavailableError):
            await anext(answers)


async def test_an_error_arrives_with_its_code_text_and_details(
    place: Place, publishers: Publishers
) -> None:
    error = StoreFullError("The store has no room to write.")

    async def fail(requests: AsyncIterator[bytes], _caller: Caller) -> AsyncGenerator[bytes, None]:
        yield await anext(aiter(requests))
        raise error

    await place.serve(fail)
    async with aclosing(publishers.to(STREAM_PATH)(messages(b"a", b"b"), CALLER)) as answers:
        assert await anext(answers) == b"a"
        with pytest.raises(RelayedError) as caught:
            await anext(answers)
    assert caught.value.ending == ending_of(error)
    assert caught.value.reason == "STORE_FULL"


async def test_a_caller_that_goes_away_ends_the_stream_of_the_publisher(
    place: Place, publishers: Publishers
) -> None:
    ended = asyncio.Event()

    async def wait(requests: AsyncIterator[bytes], _caller: Caller) -> AsyncGenerator[bytes, None]:
        try:
            yield await anext(aiter(requests))
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"a"

    await place.serve(wait)
    reached = asyncio.Event()

    async def call() -> None:
        async for _ in publishers.to(STREAM_PATH)(endless(), CALLER):
            reached.set()

    task = asyncio.create_task(call())
    await asyncio.wait_for(reached.wait(), PATIENCE_SECONDS)
    task.cancel()
    await asyncio.wait_for(ended.wait(), PATIENCE_SECONDS)
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_defect_in_reading_the_caller_is_no_end_of_its_file(
    place: Place, publishers: Publishers
) -> None:
    ends: list[str] = []

    async def count(requests: AsyncIterator[bytes], _caller: Caller) -> AsyncGenerator[bytes, None]:
        try:
            async for one in requests:
                yield one
            ends.append("end")
        except BaseException:
            ends.append("cut")
            raise

    answered = asyncio.Event()

    async def broken() -> AsyncIterator[bytes]:
        yield b"a"
        await answered.wait()
        raise LookupError

    await place.serve(count)
    async with aclosing(publishers.to(STREAM_PATH)(broken(), CALLER)) as answers:
        assert await anext(answers) == b"a"
        answered.set()
        with pytest.raises(LookupError):
            await anext(answers)
    await until(lambda: bool(ends))
    assert ends == ["cut"]


class Talker:
    """Sends two hundred large messages, and knows how many were taken from it."""

    def __init__(self) -> None:
        self.taken_count = 0

    async def messages(self) -> AsyncGenerator[bytes, None]:
        for _ in range(200):
            self.taken_count += 1
            yield MESSAGE

    async def is_held_up(self) -> None:
        """Wait until nothing more is taken, and expect no more than is on the way."""
        before = -1
        while before != self.taken_count:
            before = self.taken_count
            await asyncio.sleep(0.2)
        assert self.taken_count * len(MESSAGE) < WINDOW_BYTES_MAX


async def test_a_slow_publisher_holds_its_caller_up(place: Place, publishers: Publishers) -> None:
    goes_on = asyncio.Event()
    caller = Talker()

    async def slow(requests: AsyncIterator[bytes], _caller: Caller) -> AsyncGenerator[bytes, None]:
        yield b"here"
        await goes_on.wait()
        async for _ in requests:
            pass

    await place.serve(slow)
    async with aclosing(publishers.to(STREAM_PATH)(caller.messages(), CALLER)) as answers:
        assert await anext(answers) == b"here"
        rest = asyncio.create_task(anext(answers, None))
        await caller.is_held_up()
        goes_on.set()
        assert await asyncio.wait_for(rest, PATIENCE_SECONDS) is None
    assert caller.taken_count == 200


async def test_a_slow_caller_holds_its_publisher_up(place: Place, publishers: Publishers) -> None:
    talker = Talker()
    await place.serve(lambda _requests, _caller: talker.messages())
    async with aclosing(publishers.to(STREAM_PATH)(messages(), CALLER)) as answers:
        await anext(answers)
        await talker.is_held_up()
        rest = [one async for one in answers]
    assert (talker.taken_count, len(rest)) == (200, 199)


async def test_a_caller_is_told_to_try_again_while_publishers_are_away(
    start_exchange: StartExchange, tmp_path: Path
) -> None:
    exchange = await start_exchange(publishers=[f"unix:{tmp_path}/nobody"])
    client = exchange.client(SHANGHAI)
    call = client.health_codes.StreamingPublishHealthCodes(
        iter([pb.StreamingPublishHealthCodesRequest()]), metadata=client.metadata
    )
    with refused() as how:
        await call.read()
    assert (how().code, how().reason, how().retry_seconds) == (
        grpc.StatusCode.UNAVAILABLE,
        "PUBLICATION_UNAVAILABLE",
        1,
    )


async def test_a_socket_that_cannot_be_listened_on_stops_the_start(
    publisher: RunningPublisher, place: Place, tmp_path: Path
) -> None:
    del publisher
    place.address = f"unix:{tmp_path}/no/such/directory"
    with pytest.raises(Exception, match="cannot be listened on"):
        await place.serve(echo)


def submission(count: int) -> list[bytes]:
    return [b'{"errcode": "0", "data": {"cid": "%060d"}}' % number for number in range(count)]


async def test_a_large_submission_goes_to_a_publisher_and_a_small_one_does_not(
    start_exchange: StartExchange, tmp_path: Path
) -> None:
    exchange = await start_exchange(publishers=[f"unix:{tmp_path}/nobody"])
    client = exchange.client(SICHUAN)
    small = await client.publish("510000", "510000-status-v1", *submission(10))
    assert len(small.failures) == 10
    with refused() as how:
        await client.publish("510000", "510000-status-v1", *submission(1_000))
    assert (how().code, how().reason) == (
        grpc.StatusCode.UNAVAILABLE,
        "PUBLICATION_UNAVAILABLE",
    )


async def test_a_large_submission_is_answered_alike_by_a_publisher(
    start_exchange: StartExchange, publisher: RunningPublisher
) -> None:
    here = (await start_exchange()).client(SICHUAN)
    there = (await start_exchange(publishers=[publisher.address])).client(SICHUAN)
    answers = [
        await client.publish("510000", "510000-status-v1", *submission(1_000))
        for client in (here, there)
    ]
    assert answers[0] == answers[1]
    assert len(answers[0].failures) == 1_000


async def test_a_large_submission_is_refused_alike_by_a_publisher(
    start_exchange: StartExchange, publisher: RunningPublisher
) -> None:
    exchange = await start_exchange(publishers=[publisher.address])
    with refused() as how:
        await exchange.client(SICHUAN).publish(
            "510000", "510000-status-v1", *submission(1_000), request_id="x" * 101
        )
    assert (how().code, how().fields) == (grpc.StatusCode.INVALID_ARGUMENT, ("request_id",))
