"""Answers to checks as encoded bytes: what most decisions share is decided and written once.

Most people have one statement from each issuer, all in force. Such decisions differ in their times
only: everything else follows from the policy, from issuer, via, level, state and holds of each
statement, and from which rules are not met. So a message is made once by the ordinary path and
kept; for each answer the rules are judged, its times are set and it is encoded. All other decisions
take the ordinary path. A property test compares both.
"""

from collections.abc import Sequence

import msgspec
from google.protobuf.timestamp_pb2 import Timestamp

from exchange.api.v1 import decision_pb2 as pb, recognition_service_pb2 as service_pb
from exchange.core.case_view import CaseFacts
from exchange.core.compiled_policy import CompiledPolicy
from exchange.core.decision import Decision
from exchange.core.errors import ExchangeError
from exchange.core.health_code import Hold, State
from exchange.core.recognition import RISKS, Question, decide_question, facts_in_force
from exchange.core.standing import lapses_at_ms
from exchange.core.statement import Statement
from exchange.core.times import MINUTE_MS
from exchange.core.verdict import Verdict
from exchange.wire.checks import fill_decision
from exchange.wire.names import member_name
from exchange.wire.status import fill_status
from exchange.wire.times import fill

OUTLINES_MAX = 6_000
"""Kept over all policies, in some 16 MiB; a member has some ten levels and states, people have few
issuers, and most of those who are asked about go to few places."""

_KEPT_STATES = frozenset({State.ACTIVE, State.PENDING})
_VARINT_BITS = 7
_CONTINUES = 0x80
_DECISION_FIELD = b"\x0a"
"""Field 1, length-delimited: of CheckHealthCodeResponse and of a batch's Result alike."""
_RESULT_FIELD = b"\x0a"
_STATES = len(State)

_Said = tuple[str, str, int, tuple[Hold, ...], bool]
_Key = tuple[CompiledPolicy, tuple[_Said, ...], tuple[str, ...]]
"""The policy, the statements, and the rules that are not met or cannot be evaluated."""


def varint(number: int) -> bytes:
    """Encode a whole number, not negative, as protobuf does."""
    encoded = bytearray()
    while number >= _CONTINUES:
        encoded.append(number & 0x7F | _CONTINUES)
        number >>= _VARINT_BITS
    encoded.append(number)
    return bytes(encoded)


_LENGTHS = [varint(number) for number in range(2_048)]
"""Of nearly all answers."""


def length(encoded: int) -> bytes:
    """Encode the length of what follows."""
    return _LENGTHS[encoded] if encoded < len(_LENGTHS) else varint(encoded)


class Outline(msgspec.Struct):
    """A decision whose times are set anew for each answer, and then encoded.

    Attributes:
        message: The decision.
        shown: Place in the key of each statement that is shown, its as-of and its receive time.
        in_force: Places of the statements whose lapse ends the decision.
        verdict: Name of the verdict, for counting.
        against: Issuer and reason of each finding where nobody is admitted, for counting.
        times_ms: When the last answer was decided, and its end: a batch has them in common.
    """

    message: pb.Decision
    shown: tuple[tuple[int, Timestamp, Timestamp], ...]
    in_force: tuple[int, ...]
    verdict: str
    against: tuple[tuple[str, str], ...]
    times_ms: tuple[int, int] = (0, 0)

    def encoded(self, statements: Sequence[Statement], now_ms: int, end_ms: int) -> bytes:
        """Return the decision on statements of this outline at an instant, until its end."""
        for place, as_of, received in self.shown:
            one = statements[place]
            fill(as_of, one.health_code.as_of_ms)
            fill(received, one.receive_time_ms)
        if self.times_ms != (now_ms, end_ms):
            self.times_ms = (now_ms, end_ms)
            fill(self.message.decide_time, now_ms)
            fill(self.message.expire_time, end_ms)
        return self.message.SerializeToString()


class Answer(msgspec.Struct, frozen=True):
    """An encoded decision and what is counted of it."""

    encoded: bytes
    verdict: str
    against: tuple[tuple[str, str], ...]

    def as_response(self) -> bytes:
        """Return the bytes of a CheckHealthCodeResponse."""
        return _DECISION_FIELD + length(len(self.encoded)) + self.encoded

    def as_result(self) -> tuple[bytes, ...]:
        """Return the bytes of a result among the results of a batch, in pieces."""
        size = length(len(self.encoded))
        whole = length(1 + len(size) + len(self.encoded))
        return (_RESULT_FIELD, whole, _DECISION_FIELD, size, self.encoded)


class EncodedResponse(msgspec.Struct, frozen=True):
    """A response that is bytes already.

    Attributes:
        encoded: The response.
        results: What it says of each check, for counting: an answer, or the code of an error.
    """

    encoded: bytes
    results: tuple[Answer | int, ...]

    def SerializeToString(self) -> bytes:  # noqa: N802 - as messages call it.
        """Return the bytes."""
        return self.encoded


def encoded_batch(results: Sequence[Answer | ExchangeError]) -> EncodedResponse:
    """Return the encoded BatchCheckHealthCodesResponse of results in request order."""
    parts: list[bytes] = []
    counted: list[Answer | int] = []
    for result in results:
        if isinstance(result, Answer):
            parts += result.as_result()
            counted.append(result)
            continue
        message = service_pb.BatchCheckHealthCodesResponse()
        error = message.results.add().error
        fill_status(error, result)
        parts.append(message.SerializeToString())
        counted.append(error.code)
    return EncodedResponse(b"".join(parts), tuple(counted))


def answer_of(decision: Decision) -> Answer:
    """Return the encoded answer of a decision that took the ordinary path."""
    message = pb.Decision()
    fill_decision(message, decision)
    return Answer(message.SerializeToString(), decision.verdict.name, _against(decision))


class Answers:
    """Encodes decisions, those of ordinary cases from outlines it keeps."""

    def __init__(self) -> None:
        self._outlines: dict[_Key, Outline] = {}

    def answer(
        self,
        statements: Sequence[Statement],
        policy: CompiledPolicy,
        now_ms: int,
        origin: str = "",
    ) -> Answer | None:
        """Return the encoded decision of an ordinary case; None for any other.

        Args:
            statements: All statements about the person, in any order.
            policy: In force at the instant.
            now_ms: The instant.
            origin: Member the person comes from, or ``""``.
        """
        if len(statements) > 1:
            if len({one.issuer for one in statements}) < len(statements):
                return None
            statements = sorted(statements, key=_by_issuer)
        lapses_ms, key = [], []
        for one in statements:
            said = one.health_code
            lapse_ms = lapses_at_ms(one, policy.max_age_ms)
            if lapse_ms < now_ms or said.state not in _KEPT_STATES:
                return None
            lapses_ms.append(lapse_ms)
            # One number of level and state: enumerations hash slowly.
            both = said.level * _STATES + said.state
            key.append((one.issuer, one.via, both, said.holds, said.document_unique))
        unmet: tuple[str, ...] = ()
        if policy.has_rules:
            if policy.any_admitted and any(one.health_code.level in RISKS for one in statements):
                return None  # Such a risk may have to be thought away, and the rules judged anew.
            unmet = _unmet(policy, facts_in_force(statements, policy, now_ms, origin))
        kept = (policy, tuple(key), unmet)
        outline = self._outlines.get(kept)
        if outline is None:
            question = Question(tuple(statements), now_ms, origin)
            outline = self._made(kept, question, policy)
        end_ms = now_ms + policy.policy.reliance_minutes * MINUTE_MS
        for place in outline.in_force:
            end_ms = min(end_ms, lapses_ms[place])
        encoded = outline.encoded(statements, now_ms, end_ms)
        return Answer(encoded, outline.verdict, outline.against)

    def _made(self, key: _Key, question: Question, policy: CompiledPolicy) -> Outline:
        if len(self._outlines) >= OUTLINES_MAX:
            del self._outlines[next(iter(self._outlines))]  # The one that was made first.
        decision = decide_question(question, policy)
        found = self._outlines[key] = outline_of(question.statements, decision)
        return found


def _unmet(policy: CompiledPolicy, facts: CaseFacts) -> tuple[str, ...]:
    """Name what the rules add to a decision."""
    return tuple([f"{one.outcome._value_} {one.rule.name}" for one in policy.judge(facts)])


def _by_issuer(one: Statement) -> str:
    return one.issuer


def outline_of(statements: Sequence[Statement], decision: Decision) -> Outline:
    """Return what a decision shares with others: written by the ordinary path."""
    message = pb.Decision()
    fill_decision(message, decision)
    places = {member_name(one.issuer): place for place, one in enumerate(statements)}
    shown = [
        (places[used.issuer], used.as_of_time, used.receive_time) for used in message.statements
    ]
    in_force = [
        places[used.issuer]
        for used in message.statements
        if used.standing == pb.UsedStatement.IN_FORCE
    ]
    return Outline(
        message, tuple(shown), tuple(in_force), decision.verdict.name, _against(decision)
    )


def _against(decision: Decision) -> tuple[tuple[str, str], ...]:
    """Return what a decision is counted by where nobody is admitted."""
    if decision.verdict is Verdict.ADMIT:
        return ()
    return tuple((finding.issuer, finding.reason.value) for finding in decision.findings)
