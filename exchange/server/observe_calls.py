"""What answers say, counted: decisions, non-recognitions, records. One row per method that counts.

Works on messages, after the operation: operations stay without figures, and what is counted is
what was answered. A batch costs its items a dictionary lookup each.
"""

from collections import Counter as Tally
from collections.abc import Callable, Mapping
from typing import Protocol, cast

from google.protobuf.message import Message

from exchange.api.v1 import (
    decision_pb2,
    health_code_service_pb2 as health_pb,
    recognition_service_pb2 as recognition_pb,
)
from exchange.core.caller import Caller
from exchange.metrics import DECISIONS, FAILED_LOOKUPS, LAST_CONTACT, NON_RECOGNITIONS, RECORDS
from exchange.metrics.kinds import Labels

ACCEPTED = "ACCEPTED"

_VERDICTS = decision_pb2.Decision.Verdict.Name
_REASONS = health_pb.RecordFailure.Reason.Name
_ADMIT = decision_pb2.Decision.ADMIT
_MEMBER = len("members/")
_STORE_FAILURES = frozenset({13, 14})
"""INTERNAL and UNAVAILABLE; the other errors of an item are the asker's."""

Clock = Callable[[], int]


class Observe(Protocol):
    """Counts one call when it has been answered."""

    def __call__(self, request: Message, answer: Message, caller: Caller, now_ms: int) -> None:
        """Count."""


def _check(request: Message, answer: Message, caller: Caller, now_ms: int) -> None:
    del caller, now_ms
    asked = cast("recognition_pb.CheckHealthCodeRequest", request)
    decision = cast("recognition_pb.CheckHealthCodeResponse", answer).decision
    verdict = decision.verdict
    destination = asked.destination[_MEMBER:]
    DECISIONS.add((destination, asked.origin[_MEMBER:], _VERDICTS(verdict)))
    if verdict != _ADMIT:
        for finding in decision.findings:
            NON_RECOGNITIONS.add((destination, finding.issuer[_MEMBER:], finding.reason))


def _batch(request: Message, answer: Message, caller: Caller, now_ms: int) -> None:
    del caller, now_ms
    asked = cast("recognition_pb.BatchCheckHealthCodesRequest", request).requests
    results = cast("recognition_pb.BatchCheckHealthCodesResponse", answer).results
    decisions: Tally[Labels] = Tally()
    against: Tally[Labels] = Tally()
    failed: Tally[Labels] = Tally()
    for one, result in zip(asked, results, strict=True):
        destination = one.destination[_MEMBER:]
        if result.HasField("error"):
            if result.error.code in _STORE_FAILURES:
                failed[destination,] += 1
            continue
        decision = result.decision
        decisions[destination, one.origin[_MEMBER:], _VERDICTS(decision.verdict)] += 1
        if decision.verdict != _ADMIT:
            against.update(
                (destination, finding.issuer[_MEMBER:], finding.reason)
                for finding in decision.findings
            )
    DECISIONS.add_all(decisions)
    NON_RECOGNITIONS.add_all(against)
    FAILED_LOOKUPS.add_all(failed)


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
        self._format = ""

    def request(self, message: Message) -> Message:
        """Look at a message that came in, and hand it on."""
        asked = cast("health_pb.StreamingPublishHealthCodesRequest", message)
        if asked.HasField("start"):
            self._format = asked.start.format
        return message

    def answer(self, message: Message) -> Message:
        """Count a message that goes out, and hand it on."""
        answer = cast("health_pb.StreamingPublishHealthCodesResponse", message)
        # The format was found before there was an answer: it is one of the list.
        _records(self._member, self._format, answer, self._clock())
        return message


OBSERVE: Mapping[str, Observe] = {
    "/exchange.api.v1.HealthCodeService/PublishHealthCodes": _publish,
    "/exchange.api.v1.RecognitionService/CheckHealthCode": _check,
    "/exchange.api.v1.RecognitionService/BatchCheckHealthCodes": _batch,
}
"""By path of the method; the only streaming method of the API counts as a stream of records."""
