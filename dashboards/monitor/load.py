"""A short, seeded load: members that send good and bad records, checkpoints that ask."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

import grpc
import grpc.aio
import msgspec

from exchange.api.v1 import (
    health_code_pb2,
    health_code_service_pb2 as health_pb,
    health_code_service_pb2_grpc as health_grpc,
    member_service_pb2 as member_pb,
    member_service_pb2_grpc as member_grpc,
    policy_service_pb2 as policy_pb,
    policy_service_pb2_grpc as policy_grpc,
    recognition_service_pb2 as recognition_pb,
    recognition_service_pb2_grpc as recognition_grpc,
)
from exchange.core.caller import URN_PREFIX
from exchange.core.documents import check_character
from exchange.core.times import HOUR_MS
from exchange.operations.shipped import shipped_policy
from exchange.server.identity import CALLER_METADATA
from exchange.wire.names import policy_name
from exchange.wire.policies import fill_content

SEED = 20200229
PEOPLE = 300
SENDERS = ("110000", "310000", "510000")
DESTINATIONS = ("310000", "440000")
FORMAT = "510000-status-v1"
PAUSE_SECONDS = 0.05
_LEVELS = ("LOW", "LOW", "LOW", "MEDIUM", "HIGH")


def resident_numbers(chance: random.Random) -> list[str]:
    """Make valid numbers of people who do not exist: born before 1910."""
    found = []
    for _ in range(PEOPLE):
        digits = f"510102{chance.randrange(1880, 1910)}0228{chance.randrange(1000):03d}"
        found.append(digits + check_character(digits))
    return found


class Load:
    """Calls an exchange again and again; the same calls for the same seed."""

    def __init__(
        self, channel: grpc.aio.Channel, seed: int = SEED, age_ms_max: int = HOUR_MS
    ) -> None:
        self._age_ms_max = age_ms_max
        self._chance = random.Random(seed)  # noqa: S311 - load, not secrets.
        self._numbers = resident_numbers(self._chance)
        self._health = health_grpc.HealthCodeServiceStub(channel)
        self._members = member_grpc.MemberServiceStub(channel)
        self._recognition = recognition_grpc.RecognitionServiceStub(channel)
        self.calls = 0
        self.failures: list[grpc.StatusCode] = []

    async def run(self, seconds: float) -> None:
        """Make rounds of calls for so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for call in (self._publish, self._publish_native, self._check, self._batch, self._rest):
                await self._counted(call)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _counted(self, call: Callable[[], Awaitable[object]]) -> None:
        self.calls += 1
        try:
            await call()
        except grpc.aio.AioRpcError as error:
            self.failures.append(error.code())

    async def _publish(self) -> None:
        await self.hand_in(self._chance.choice(SENDERS), 20, bad=1)

    async def hand_in(self, member: str, good: int, *, bad: int = 0) -> None:
        """Hand in so many good records, and bad ones with nothing in them."""
        records = [self._record() for _ in range(good)]
        records += [health_pb.HealthCodeRecord() for _ in range(bad)]
        request = health_pb.PublishHealthCodesRequest(
            member=f"members/{member}",
            health_code_records=health_pb.HealthCodeRecords(records=records),
        )
        await self._health.PublishHealthCodes(request, metadata=_as("member", member))

    def _record(self) -> health_pb.HealthCodeRecord:
        record = health_pb.HealthCodeRecord(
            document=self._document(),
            health_code=health_code_pb2.HealthCode(
                level=health_code_pb2.HealthCode.Level.Value(self._chance.choice(_LEVELS)),
                state=health_code_pb2.HealthCode.ACTIVE,
            ),
        )
        age_ms = self._chance.randrange(1_000, self._age_ms_max)
        record.health_code.as_of_time.FromMilliseconds(int(time.time() * 1000) - age_ms)
        return record

    def _document(self) -> health_code_pb2.Document:
        return health_code_pb2.Document(
            type=health_code_pb2.Document.RESIDENT_ID, number=self._chance.choice(self._numbers)
        )

    async def _publish_native(self) -> None:
        await self.hand_in_unreadable(FORMAT)

    async def hand_in_unreadable(self, format_id: str) -> None:
        """Hand in a payload that no adapter can read."""
        member = format_id.partition("-")[0]
        request = health_pb.PublishHealthCodesRequest(
            member=f"members/{member}",
            native_payloads=health_pb.NativePayloads(format=format_id, payloads=[b"{"]),
        )
        await self._health.PublishHealthCodes(request, metadata=_as("member", member))

    def _question(self) -> recognition_pb.CheckHealthCodeRequest:
        return recognition_pb.CheckHealthCodeRequest(
            document=self._document(),
            destination=f"members/{self._chance.choice(DESTINATIONS)}",
            origin="members/510000",
        )

    async def _check(self) -> None:
        await self.check(self._chance.choice(SENDERS))

    async def check(self, asker: str) -> None:
        """Ask about somebody."""
        await self._recognition.CheckHealthCode(self._question(), metadata=_as("member", asker))

    async def _batch(self) -> None:
        request = recognition_pb.BatchCheckHealthCodesRequest(
            requests=[self._question() for _ in range(30)]
        )
        await self._recognition.BatchCheckHealthCodes(request, metadata=_as("member", "440000"))

    async def _rest(self) -> None:
        await self._members.ListMembers(
            member_pb.ListMembersRequest(), metadata=_as("member", "440000")
        )
        await self._recognition.CheckHealthCode(  # Refused: nobody is asked about.
            recognition_pb.CheckHealthCodeRequest(destination="members/310000"),
            metadata=_as("member", "440000"),
        )


def _as(kind: str, name: str) -> tuple[tuple[str, str], ...]:
    return ((CALLER_METADATA, f"{URN_PREFIX}{kind}:{name}"),)


async def publish_policies(channel: grpc.aio.Channel) -> None:
    """Bring the policies of the destinations in force, one of them in a second revision."""
    policies = policy_grpc.PolicyServiceStub(channel)
    revisions = [(code, shipped_policy(code)) for code in DESTINATIONS]
    code, first = revisions[0]
    revisions.append((code, msgspec.structs.replace(first, reliance_minutes=30)))
    for code, policy in revisions:
        name = policy_name(code)
        wanted = policy_pb.CreatePolicyRevisionRequest(parent=name)
        fill_content(wanted.policy_revision.content, policy)
        made = await policies.CreatePolicyRevision(wanted, metadata=_as("member", code))
        activate = policy_pb.ActivatePolicyRequest(
            name=name, revision=int(made.name.rpartition("/")[2])
        )
        await policies.ActivatePolicy(activate, metadata=_as("member", code))


async def run_load(address: str, seconds: float, channels: int = 4) -> Load:
    """Run the load over several connections, so that each worker has some; return the first."""
    loads = []
    opened = []
    for number in range(channels):
        options = (("grpc.use_local_subchannel_pool", 1),)
        channel = grpc.aio.insecure_channel(address, options=options)
        opened.append(channel)
        loads.append(Load(channel, SEED + number))
    await publish_policies(opened[0])
    await asyncio.gather(*(load.run(seconds) for load in loads))
    for channel in opened:
        await channel.close(None)
    return loads[0]
