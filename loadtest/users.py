"""Who uses the exchange, as locust's users: checkpoint, back office, publisher, operator.

Each speaks as a caller of its own over a channel of its own kind of platform: checkpoints of one
gate share a connection, as the phones behind one proxy do.
"""

import itertools
import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
from locust import User, between, constant_pacing, task

from exchange.api.v1 import (
    health_code_service_pb2 as publish_pb,
    health_code_service_pb2_grpc as publish_grpc,
    member_service_pb2 as member_pb,
    member_service_pb2_grpc as member_grpc,
    policy_service_pb2 as policy_pb,
    policy_service_pb2_grpc as policy_grpc,
    recognition_service_pb2 as pb,
    recognition_service_pb2_grpc as pb_grpc,
)
from exchange.cli.client import certificate_of
from exchange.core.caller import URN_PREFIX
from exchange.server.identity import CALLER_METADATA
from loadtest.population import PROVINCES, SEED
from loadtest.requests import CHUNK_BYTES, FILE_FORMAT, FILE_MEMBER, check, native_file

PEOPLE_VARIABLE = "LOADTEST_PEOPLE"
"""How many people of the population are in the store."""
CERTIFICATES_VARIABLE = "LOADTEST_CERTIFICATES"
"""Folder with authority.pem and the callers' certificates; absent: plaintext on loopback."""
RECORDS_VARIABLE = "LOADTEST_RECORDS"
"""Records of a publisher's file."""
DEADLINE_SECONDS = 10.0
STREAM_SECONDS_MAX = 600.0
BATCH_SIZES = (100, 1_000)
GATES = 8
"""Checkpoints of one destination that are told apart by name."""

_numbers = itertools.count()
_channels: dict[tuple[str, str], grpc.Channel] = {}


def channel(host: str, caller: str) -> grpc.Channel:
    """Return the channel of a caller, made once in a process."""
    found = _channels.get((host, caller))
    if found is None:
        found = _channels[host, caller] = _open(host, caller)
    return found


def _open(host: str, caller: str) -> grpc.Channel:
    directory = os.environ.get(CERTIFICATES_VARIABLE)
    if directory is None:
        return grpc.insecure_channel(host)
    own = certificate_of(Path(directory), caller)
    credentials = grpc.ssl_channel_credentials(
        (Path(directory) / "authority.pem").read_bytes(),
        own.with_suffix(".key").read_bytes(),
        own.read_bytes(),
    )
    return grpc.secure_channel(host, credentials)


class ExchangeUser(User):
    """One who calls the exchange and reports each call to locust."""

    abstract = True
    kind = "member"
    """What the caller's name begins with."""

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self.chance = random.Random(f"{SEED} {type(self).__name__} {next(_numbers)}")
        self.people = int(os.environ.get(PEOPLE_VARIABLE, "8000"))
        self.caller = f"{URN_PREFIX}{self.name()}"
        self.metadata = ((CALLER_METADATA, self.caller),)
        self.channel = channel(str(self.host), self.caller)

    def name(self) -> str:
        """Return the rest of the caller's name."""
        return f"member:{self.chance.choice(PROVINCES)}0000"

    def person(self) -> int:
        """Draw somebody whose statements are in the store."""
        return self.chance.randrange(self.people)

    def call(self, name: str, work: Callable[[], Any], units: int = 1) -> Any:
        """Do a piece of work and report it; what failed is reported and not raised."""
        started, answer, error = time.perf_counter(), None, None
        try:
            answer = work()
        except grpc.RpcError as refused:
            # The code alone: a report holds no message.
            error = RuntimeError(refused.code().name)
        self.environment.events.request.fire(
            request_type="grpc",
            name=name,
            response_time=(time.perf_counter() - started) * 1e3,
            response_length=units,
            exception=error,
            context={},
        )
        return answer


class CheckpointUser(ExchangeUser):
    """Asks about the traveller who stands there."""

    weight = 20
    wait_time = between(0.2, 1.0)

    def name(self) -> str:
        self.destination = f"{self.chance.choice(PROVINCES)}0000"
        return f"checkpoint:{self.destination}:gate-{self.chance.randrange(GATES)}"

    @task
    def check(self) -> None:
        """Ask one question."""
        stub = pb_grpc.RecognitionServiceStub(self.channel)
        request = check(self.person(), self.destination)
        self.call(
            "check",
            lambda: stub.CheckHealthCode(request, metadata=self.metadata, timeout=DEADLINE_SECONDS),
        )


class BackOfficeUser(ExchangeUser):
    """Looks travellers up by the hundred and the thousand."""

    weight = 4
    wait_time = between(0.5, 1.5)

    @task
    def batch(self) -> None:
        """Ask about the passengers of a train, or of a list."""
        stub = pb_grpc.RecognitionServiceStub(self.channel)
        size = self.chance.choice(BATCH_SIZES)
        destination = self.caller.rpartition(":")[2]
        request = pb.BatchCheckHealthCodesRequest(
            requests=[check(self.person(), destination) for _ in range(size)]
        )
        self.call(
            f"batch of {size}",
            lambda: stub.BatchCheckHealthCodes(
                request, metadata=self.metadata, timeout=DEADLINE_SECONDS
            ),
            size,
        )


class PublisherUser(ExchangeUser):
    """Hands in files of red and yellow codes."""

    weight = 1
    wait_time = constant_pacing(15)

    def name(self) -> str:
        return f"member:{FILE_MEMBER}"

    @task
    def publish(self) -> None:
        """Hand in a file and wait until all of it is durable."""
        records = int(os.environ.get(RECORDS_VARIABLE, "5000"))
        as_of_ms = int(time.time() * 1000) - 60_000
        file = native_file(self.people, records, as_of_ms)
        stub = publish_grpc.HealthCodeServiceStub(self.channel)

        def work() -> int:
            answers = stub.StreamingPublishHealthCodes(
                _parts(file), metadata=self.metadata, timeout=STREAM_SECONDS_MAX
            )
            return sum(answer.accepted_count for answer in answers)

        self.call("publication", work, records)


def _parts(file: bytes) -> Iterator[publish_pb.StreamingPublishHealthCodesRequest]:
    start = publish_pb.StreamingPublishHealthCodesRequest.Start(
        member=f"members/{FILE_MEMBER}", format=FILE_FORMAT
    )
    yield publish_pb.StreamingPublishHealthCodesRequest(start=start)
    for place in range(0, len(file), CHUNK_BYTES):
        chunk = file[place : place + CHUNK_BYTES]
        yield publish_pb.StreamingPublishHealthCodesRequest(chunk=chunk)


class OperatorUser(ExchangeUser):
    """Looks at members and policies."""

    weight = 1
    wait_time = between(2, 5)

    def name(self) -> str:
        return "operator:loadtest"

    @task
    def members(self) -> None:
        """List the members."""
        stub = member_grpc.MemberServiceStub(self.channel)
        self.call(
            "members",
            lambda: stub.ListMembers(
                member_pb.ListMembersRequest(), metadata=self.metadata, timeout=DEADLINE_SECONDS
            ),
        )

    @task
    def policy(self) -> None:
        """Look at a policy."""
        stub = policy_grpc.PolicyServiceStub(self.channel)
        request = policy_pb.ListPoliciesRequest(
            parent=f"members/{self.chance.choice(PROVINCES)}0000"
        )
        self.call(
            "policies",
            lambda: stub.ListPolicies(request, metadata=self.metadata, timeout=DEADLINE_SECONDS),
        )
