"""A whole exchange for tests: real store, real port, real channel, a clock that tests set."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path

import grpc
import grpc.aio
import msgspec
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from exchange.api.v1 import (
    health_code_pb2,
    health_code_service_pb2,
    health_code_service_pb2_grpc,
    member_service_pb2_grpc,
    policy_service_pb2_grpc,
    recognition_service_pb2,
    recognition_service_pb2_grpc,
)
from exchange.app import Exchange, Family, StreamsExchange, make_store
from exchange.server.identity import CALLER_METADATA
from exchange.settings import Settings

NOW_MS = 1_648_771_200_000 + 3_600_000
"""2022-04-01T01:00:00Z: an hour after the catalogue's examples."""
KEY_LINE = "1:" + "ab" * 32
BEIJING = "urn:health-exchange:member:110000"
SHANGHAI = "urn:health-exchange:member:310000"
SICHUAN = "urn:health-exchange:member:510000"
NATIONAL = "urn:health-exchange:member:000000"
OPERATOR = "urn:health-exchange:operator:tester"
CHECKPOINT = "urn:health-exchange:checkpoint:310000:gate-1"


class SetClock:
    """A clock that stands until a test moves it."""

    def __init__(self, now_ms: int = NOW_MS) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        return self.now_ms


class Client:
    """Stubs of all services over one channel, in one caller's name."""

    def __init__(self, channel: grpc.aio.Channel, caller: str) -> None:
        self.channel = channel
        self.metadata = ((CALLER_METADATA, caller),) if caller else ()
        self.health_codes = health_code_service_pb2_grpc.HealthCodeServiceStub(channel)
        self.recognition = recognition_service_pb2_grpc.RecognitionServiceStub(channel)
        self.members = member_service_pb2_grpc.MemberServiceStub(channel)
        self.policies = policy_service_pb2_grpc.PolicyServiceStub(channel)

    async def raw(self, path: str, request: bytes) -> bytes:
        """Call a method with bytes of the test's own making."""
        call = self.channel.unary_unary(path, bytes, bytes)
        answer: bytes = await call(request, metadata=self.metadata)
        return answer

    async def raw_stream(self, path: str, *requests: bytes) -> list[bytes]:
        """Call a streaming method with bytes of the test's own making."""
        call = self.channel.stream_stream(path, bytes, bytes)
        return [answer async for answer in call(iter(requests), metadata=self.metadata)]

    async def publish(
        self, member: str, format_id: str, *payloads: bytes, request_id: str = ""
    ) -> health_code_service_pb2.PublishHealthCodesResponse:
        request = health_code_service_pb2.PublishHealthCodesRequest(
            member=f"members/{member}",
            request_id=request_id,
            native_payloads=health_code_service_pb2.NativePayloads(
                format=format_id, payloads=payloads
            ),
        )
        return await self.health_codes.PublishHealthCodes(request, metadata=self.metadata)

    async def publish_records(
        self, member: str, *records: health_code_service_pb2.HealthCodeRecord
    ) -> health_code_service_pb2.PublishHealthCodesResponse:
        request = health_code_service_pb2.PublishHealthCodesRequest(
            member=f"members/{member}",
            health_code_records=health_code_service_pb2.HealthCodeRecords(records=records),
        )
        return await self.health_codes.PublishHealthCodes(request, metadata=self.metadata)

    async def check(
        self, number: str, destination: str = "310000", kind: str = "RESIDENT_ID"
    ) -> recognition_service_pb2.CheckHealthCodeResponse:
        request = recognition_service_pb2.CheckHealthCodeRequest(
            document=document(number, kind), destination=f"members/{destination}"
        )
        return await self.recognition.CheckHealthCode(request, metadata=self.metadata)

    async def batch(
        self, numbers: Sequence[str], destination: str = "310000"
    ) -> recognition_service_pb2.BatchCheckHealthCodesResponse:
        request = recognition_service_pb2.BatchCheckHealthCodesRequest()
        for number in numbers:
            request.requests.add(document=document(number), destination=f"members/{destination}")
        return await self.recognition.BatchCheckHealthCodes(request, metadata=self.metadata)

    async def listed(
        self, number: str, kind: str = "RESIDENT_ID"
    ) -> health_code_service_pb2.ListHealthCodesResponse:
        request = health_code_service_pb2.ListHealthCodesRequest(
            parent="subjects/-", document=document(number, kind)
        )
        return await self.health_codes.ListHealthCodes(request, metadata=self.metadata)


def document(number: str, kind: str = "RESIDENT_ID") -> health_code_pb2.Document:
    return health_code_pb2.Document(type=health_code_pb2.Document.Type.Value(kind), number=number)


def record(
    number: str,
    level: str = "LOW",
    as_of_ms: int = NOW_MS - 60_000,
    *,
    state: str = "ACTIVE",
    kind: str = "RESIDENT_ID",
    issuer: str = "",
    **fields: object,
) -> health_code_service_pb2.HealthCodeRecord:
    message = health_code_service_pb2.HealthCodeRecord(
        document=document(number, kind),
        health_code=health_code_pb2.HealthCode(
            level=health_code_pb2.HealthCode.Level.Value(level),
            state=health_code_pb2.HealthCode.State.Value(state),
            **fields,  # type: ignore[arg-type]
        ),
        issuer=issuer and f"members/{issuer}",
    )
    message.health_code.as_of_time.FromMilliseconds(as_of_ms)
    return message


class RunningExchange(msgspec.Struct):
    """A started exchange and ways to call it."""

    exchange: Exchange
    clock: SetClock
    data_dir: Path
    channels: list[grpc.aio.Channel] = []

    def client(self, caller: str = SICHUAN) -> Client:
        channel = grpc.aio.insecure_channel(f"127.0.0.1:{self.exchange.port}")
        self.channels.append(channel)
        return Client(channel, caller)


StartExchange = Callable[..., Awaitable[RunningExchange]]


@pytest.fixture
async def start_exchange(tmp_path: Path) -> AsyncIterator[StartExchange]:
    """A function that starts an exchange; settings may be given; all are stopped at the end."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(
            clock: SetClock | None = None, publishers: Sequence[str] = (), **fields: object
        ) -> RunningExchange:
            settings = Settings.model_validate(
                {"data_dir": tmp_path, "port": 0, "insecure_loopback": True} | fields
            )
            key_file = settings.subject_key_path
            if not key_file.exists():
                key_file.write_text(KEY_LINE + "\n")
            set_clock = clock or SetClock()
            store = make_store(settings)
            await store.connect()
            await store.migrate()
            family = Family(0, None, tuple(publishers)) if publishers else None
            exchange = Exchange(settings, store, set_clock, family)
            stack.push_async_callback(exchange.stop)
            await exchange.start()
            running = RunningExchange(exchange, set_clock, settings.data_dir)
            stack.push_async_callback(_close, running)
            return running

        yield start


class RunningPublisher(msgspec.Struct, frozen=True):
    """A publisher in this process, and where workers reach it."""

    address: str
    streams: StreamsExchange


@pytest.fixture
async def publisher(tmp_path: Path) -> AsyncIterator[RunningPublisher]:
    """A publisher on the same embedded store and the same clock as exchanges of a test."""
    settings = Settings.model_validate({"data_dir": tmp_path, "insecure_loopback": True})
    settings.subject_key_path.write_text(KEY_LINE + "\n")
    store = make_store(settings)
    await store.connect()
    await store.migrate()
    address = f"unix:{tmp_path}/0"
    streams = StreamsExchange(settings, store, address, clock=SetClock())
    await streams.start()
    yield RunningPublisher(address, streams)
    await streams.stop()


async def _close(running: RunningExchange) -> None:
    for channel in running.channels:
        await channel.close(None)


@pytest.fixture
async def exchange(start_exchange: StartExchange) -> RunningExchange:
    """A running exchange on a fresh embedded store."""
    return await start_exchange()


class Refused(msgspec.Struct):
    """How a call was refused."""

    code: grpc.StatusCode
    reason: str
    domain: str
    fields: tuple[str, ...]
    retry_seconds: int | None
    text: str


@contextlib.contextmanager
def refused() -> Iterator[Callable[[], Refused]]:
    """Expect a call to be refused, and give what the refusal says."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        yield lambda: _refused(caught.value)


def _refused(error: grpc.aio.AioRpcError) -> Refused:
    status = rpc_status.from_call(error)  # type: ignore[arg-type] # an AioRpcError is one
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    retry = error_details_pb2.RetryInfo()
    infos = 0
    retries: int | None = None
    for detail in status.details if status else ():
        infos += detail.Unpack(info)
        detail.Unpack(bad)
        if detail.Unpack(retry):
            retries = retry.retry_delay.seconds
    assert infos <= 1, "an error has at most one ErrorInfo"
    fields = tuple(violation.field for violation in bad.field_violations)
    return Refused(error.code(), info.reason, info.domain, fields, retries, error.details() or "")
