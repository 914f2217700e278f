"""What each method costs of its caller's quotas: which quota, and how many items a call holds."""

from collections.abc import Callable, Mapping
from typing import cast

import msgspec
from google.protobuf.message import Message

from exchange.api.v1 import health_code_service_pb2 as pb
from exchange.server.account import LOOKUPS
from exchange.server.quotas import LOOKUPS as LOOKUPS_QUOTA, RECORDS as RECORDS_QUOTA

Published = pb.PublishHealthCodesResponse | pb.StreamingPublishHealthCodesResponse


class Charge(msgspec.Struct, frozen=True):
    """What a call of a method is charged with.

    Attributes:
        quota: Which quota.
        asked: Items that its message holds at least; charged before anything is done.
        answered: Items that its answer says it held; what was not charged yet is charged then.
    """

    quota: str
    asked: Callable[[Message], int]
    answered: Callable[[Message], int] | None = None


def records_asked(message: Message) -> int:
    """Return how many records a submission holds at least: most payloads hold one or more."""
    request = cast("pb.PublishHealthCodesRequest", message)
    payloads = len(request.native_payloads.payloads)
    return payloads or len(request.health_code_records.records)


def records_answered(message: Message) -> int:
    """Return how many records an answer, or an acknowledgement of a stream, speaks of."""
    answer = cast("Published", message)
    return answer.accepted_count + len(answer.failures)


CHARGES: Mapping[str, Charge] = {
    "/exchange.api.v1.HealthCodeService/PublishHealthCodes": Charge(
        RECORDS_QUOTA, records_asked, records_answered
    ),
    **{path: Charge(LOOKUPS_QUOTA, lookups) for path, lookups in LOOKUPS.items()},
}
"""By path of the method. A stream is slowed and not refused: ``Doorway.may_read``."""
