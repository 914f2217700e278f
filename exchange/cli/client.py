"""One place that makes channels and stubs: address, caller, time-outs, retries, limits."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import grpc
import msgspec
from google.protobuf.message import Message

from exchange.api.v1 import (
    health_code_service_pb2_grpc,
    member_service_pb2_grpc,
    recognition_service_pb2_grpc,
)
from exchange.cli import failures
from exchange.server.identity import CALLER_METADATA

ANSWER_BYTES_MAX = 20 * 1024 * 1024
"""A batch of 1,000 decisions, or 5,000 failures, with room."""

SERVICE_CONFIG = {
    "methodConfig": [
        {
            "name": [{}],
            "retryPolicy": {
                # UNAVAILABLE is the one code after which sending the same again is right (AIP-194);
                # every method is idempotent by rule. Four attempts are over within three seconds.
                "maxAttempts": 4,
                "initialBackoff": "0.2s",
                "maxBackoff": "2s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ]
}

Response = TypeVar("Response", bound=Message)


class Connection(msgspec.Struct, frozen=True):
    """How to reach an exchange.

    Attributes:
        address: Host and port.
        caller: URN of the caller, as ``urn:health-exchange:member:510000``.
        timeout_seconds: Longest wait for the answer to one call, retries included.
    """

    address: str
    caller: str
    timeout_seconds: float


class Client:
    """Stubs of all services over one channel, in one caller's name."""

    def __init__(self, connection: Connection, channel: grpc.Channel) -> None:
        self._connection = connection
        self.health_codes = health_code_service_pb2_grpc.HealthCodeServiceStub(channel)
        self.recognition = recognition_service_pb2_grpc.RecognitionServiceStub(channel)
        self.members = member_service_pb2_grpc.MemberServiceStub(channel)

    def call(self, method: Callable[..., Response], request: Message) -> Response:
        """Call a method of one of the stubs.

        Raises:
            CommandError: The call failed; the text says what that means.
        """
        try:
            return method(
                request,
                timeout=self._connection.timeout_seconds,
                metadata=((CALLER_METADATA, self._connection.caller),),
            )
        except grpc.RpcError as error:
            raise failures.of_call(error, self._connection.address) from error


@contextmanager
def connect(connection: Connection) -> Iterator[Client]:
    """Open a channel for as long as the block runs."""
    with _open_channel(connection.address) as channel:
        yield Client(connection, channel)


def _open_channel(address: str) -> grpc.Channel:
    """Open a plaintext channel: the one place to change when transport security comes."""
    return grpc.insecure_channel(
        address,
        options=(
            ("grpc.service_config", json.dumps(SERVICE_CONFIG)),
            ("grpc.max_receive_message_length", ANSWER_BYTES_MAX),
            ("grpc.enable_http_proxy", 0),
        ),
    )
