"""What answers say, counted: decisions, non-recognitions, records. One row per method that counts.

Works after the operation, on what was answered: operations stay without figures. Encoded answers
say what they count for, as their checks had been read already; messages are read.
"""

import contextlib
from collections import Counter as Tally
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, cast

from google.protobuf.message import DecodeError, Message

from exchange.api.v1 import (
    decision_pb2,
    health_code_service_pb2 as health_pb,
    recognition_service_pb2 as recognition_pb,
)
from exchange.core.caller import Caller
from exchange.metrics import DECISIONS, FAILED_LOOKUPS, LAST_CONTACT, NON_RECOGNITIONS, RECORDS
from exchange.metrics.kinds import Labels
from exchange.wire.answers import EncodedResponse, Said

ACCEPTED = "ACCEPTED"

_REASONS = health_pb.RecordFailure.Reason.Name
_MEMBER = len("members/")

Clock = Callable[[], int]


class Observe(Protocol):
    """Counts one call when it has been answered."""

    def __call__(self, request: Message, answer: Message, caller: Caller, now_ms: int) -> None:
        """Count."""


class ObserveGroup(Protocol):
    """Counts calls that were answered together."""

    def __call__(self, answered: Sequence[tuple[Message, Message]]) -> None:
        """Count requests with their answers."""


def _check(request: Message, answer: Message, caller: Caller, now_ms: int) -> None:
    del caller, now_ms
    _decided(_said(request, answer))


def _checks(answered: Sequence[tuple[Message, Message]]) -> None:
    total: dict[Said, int] = {}
    for request, answer in answered:
        for said, count in _said(request, answer).items():
            total[said] = total.get(said, 0) + count
    _decided(total)


def _decided(counts: Mapping[Said, int]) -> None:
    # Plain dictionaries: to make a Tally takes as long as all the rest of a single check.
    decisions: dict[Labels, float] = {}
    against: dict[Labels, float] = {}
    failed: dict[Labels, float] = {}
    for (destination, origin, verdict, findings), count in counts.items():
        if verdict is None:
            failed[destination,] = failed.get((destination,), 0) + count
            continue
        decided = (destination, origin, verdict)
        decisions[decided] = decisions.get(decided, 0) + count
        for issuer, reason in findings:
            pair = (destination, issuer, reason)
            against[pair] = against.get(pair, 0) + count
    DECISIONS.add_all(decisions)
    NON_RECOGNITIONS.add_all(against)
    FAILED_LOOKUPS.add_all(failed)


def _said(request: Message, answer: object) -> Mapping[Said, int]:
    if isinstance(answer, EncodedResponse):
        return answer.said
    # An explained check is answered as a message.
    asked = cast("recognition_pb.CheckHealthCodeRequest", request)
    decision = cast("recognition_pb.CheckHealthCodeResponse", answer).decision
    verdict = decision_pb2.Decision.Verdict.Name(decision.verdict)
    against = (
        ()
        if verdict == "ADMIT"
        else tuple((finding.issuer[_MEMBER:], finding.reason) for finding in decision.findings)
    )
    return {(asked.destination[_MEMBER:], asked.origin[_MEMBER:], verdict, against): 1}


def _publish(request: Message, answer: Message, caller: Caller, now_ms: int) -> None:
    asked = cast("health_pb.PublishHealthCodesRequest", request)
    published = cast("health_pb.PublishHealthCodesResponse", answer)
    _records(caller.member, asked.native_payloads.format, published, now_ms)


def _records(
    member: str,
    format_id: str,
    answer: "health_pb.PublishHealthCodesResponse | health_pb.StreamingPublishHealthCodesResponse",
    now_ms: int,
) -> None:
    LAST_CONTACT.raise_to(now_ms / 1000, (member,))
    if answer.accepted_count:
        RECORDS.add((member, format_id, ACCEPTED), answer.accepted_count)
    if answer.failures:
        for reason, count in Tally(failure.reason for failure in answer.failures).items():
            RECORDS.add((member, format_id, _REASONS(reason)), count)


class StreamObserver:
    """Counts what one stream acknowledges."""

    def __init__(self, caller: Caller, clock: Clock) -> None:
        self._member = caller.member
        self._clock = clock
        self._format: str | None = None

    def request(self, data: bytes) -> None:
        """Look at a message that came in; the first one names the format, or there is no answer."""
        if self._format is None:
            with contextlib.suppress(DecodeError):
                asked = health_pb.StreamingPublishHealthCodesRequest.FromString(data)
                self._format = asked.start.format

    def answer(self, answer: health_pb.StreamingPublishHealthCodesResponse) -> None:
        """Count a message that goes out."""
        # The format was found before there was an answer: it is one of the list.
        _records(self._member, self._format or "", answer, self._clock())


OBSERVE: Mapping[str, Observe] = {
    "/exchange.api.v1.HealthCodeService/PublishHealthCodes": _publish,
    "/exchange.api.v1.RecognitionService/CheckHealthCode": _check,
    "/exchange.api.v1.RecognitionService/BatchCheckHealthCodes": _check,
}
"""By path of the method; the only streaming method of the API counts as a stream of records."""

OBSERVE_GROUP: Mapping[str, ObserveGroup] = {
    "/exchange.api.v1.RecognitionService/CheckHealthCode": _checks,
}
"""By path of a method whose calls are answered together."""
