"""Answers to checks as encoded bytes: what most decisions share is decided and written once.

Most people have one statement from each issuer, all in force. Such decisions differ in their times
only: everything else follows from the policy, from issuer, via, level, state and holds of each
statement, and from which rules are not met. So a message is made once by the ordinary path and
kept as the bytes around its times; for each answer the rules are judged and its times put between
them. All other decisions take the ordinary path. A property test compares both.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import msgspec
from google.protobuf.message import Message

from exchange.api.v1 import decision_pb2 as pb, recognition_service_pb2 as service_pb
from exchange.core.case_view import CaseFacts
from exchange.core.check import Check
from exchange.core.compiled_policy import CompiledPolicy
from exchange.core.decision import Decision
from exchange.core.errors import ExchangeError
from exchange.core.health_code import State
from exchange.core.recognition import RISKS, Question, decide_question, facts_in_force
from exchange.core.standing import lapses_at_ms
from exchange.core.statement import Statement
from exchange.core.verdict import Verdict
from exchange.wire.checks import fill_decision
from exchange.wire.encoding import length, recent_stamp, time_stamp
from exchange.wire.names import member_name
from exchange.wire.status import fill_status

OUTLINES_MAX = 6_000
"""Kept over all policies, in some 16 MiB; a member has some ten levels and states, people have few
issuers, and most of those who are asked about go to few places."""

_ACTIVE, _PENDING = State.ACTIVE, State.PENDING
_DECISION_FIELD = b"\x0a"
"""Field 1, length-delimited: of CheckHealthCodeResponse and of a batch's Result alike."""
_RESULT_FIELD = b"\x0a"
_STATEMENT_FIELD, _DECIDED_FIELD, _EXPIRES_FIELD = b"\x22", b"\x32", b"\x3a"
"""Fields 4, 6 and 7 of a Decision."""
_AS_OF_FIELD, _RECEIVED_FIELD = b"\x2a", b"\x32"
"""Fields 5 and 6 of a UsedStatement."""
_HEADS_KEPT = 2_048
_FIELDS_END = 1 << 29
"""Beyond every field number."""

_Key = tuple[object, ...]
"""The policy, the rules that are not met or cannot be evaluated, and of each statement issuer, via,
level, state, holds and whether its document is unique. In one: tuples in tuples hash slowly."""


@lru_cache(maxsize=4_096)
def _received(instant_ms: int) -> bytes:
    """Encode the time of a receipt with its tag; the records of a file have one in common."""
    return _RECEIVED_FIELD + time_stamp(instant_ms)


class Shown(msgspec.Struct):
    """A statement of a decision, encoded up to its times, which are fields 5 and 6 of it.

    Attributes:
        place: Of the statement in the key.
        before: Encoded fields before its times.
        after: Encoded fields after them.
        heads: What stands before the times, by their bytes: the length of the whole is part of it.
    """

    place: int
    before: bytes
    after: bytes
    heads: dict[int, bytes] = {}

    def head(self, times: int) -> bytes:
        """Return what stands before so many bytes of times and the tag between them."""
        whole = length(len(self.before) + 1 + times + len(self.after))
        head = self.heads[times] = _STATEMENT_FIELD + whole + self.before + _AS_OF_FIELD
        return head


class Outline(msgspec.Struct):
    """A decision encoded up to its times, which are set for each answer.

    Attributes:
        before: Encoded fields before the statements.
        shown: The statements.
        between: Encoded fields between the statements and the decision's own times.
        after: Encoded fields after them.
        in_force: Places of the statements whose lapse ends the decision.
        verdict: Name of the verdict, for counting.
        against: Issuer and reason of each finding where nobody is admitted, for counting.
        times_ms: When the last answer was decided, and its end: a batch has them in common.
        end: What stands after the statements of the last answer.
    """

    before: bytes
    shown: tuple[Shown, ...]
    between: bytes
    after: bytes
    in_force: tuple[int, ...]
    verdict: str
    against: tuple[tuple[str, str], ...]
    times_ms: tuple[int, int] = (0, 0)
    end: bytes = b""

    def encoded(self, statements: Sequence[Statement], now_ms: int, end_ms: int) -> bytes:
        """Return the decision on statements of this outline at an instant, until its end."""
        if self.times_ms != (now_ms, end_ms):
            self.times_ms = (now_ms, end_ms)
            decided, ends = recent_stamp(now_ms), recent_stamp(end_ms)
            self.end = b"".join(
                (self.between, _DECIDED_FIELD, decided, _EXPIRES_FIELD, ends, self.after)
            )
        parts = [self.before]
        for shown in self.shown:
            one = statements[shown.place]
            as_of, received = time_stamp(one.health_code.as_of_ms), _received(one.receive_time_ms)
            size = len(as_of) + len(received)
            parts += (shown.heads.get(size) or shown.head(size), as_of, received, shown.after)
        parts.append(self.end)
        return b"".join(parts)


Said = tuple[str, str, str | None, tuple[tuple[str, str], ...]]
"""Destination, origin, the name of the verdict, None where the store failed, and of each finding of
who is not admitted issuer and reason."""


class Answer(msgspec.Struct, frozen=True, gc=False):
    """An encoded decision and what is counted of it."""

    encoded: bytes
    verdict: str
    against: tuple[tuple[str, str], ...]

    def as_response(self) -> bytes:
        """Return the bytes of a CheckHealthCodeResponse."""
        return _DECISION_FIELD + length(len(self.encoded)) + self.encoded

    def as_result(self) -> tuple[bytes, bytes]:
        """Return the bytes of a result among the results of a batch, in pieces."""
        encoded = self.encoded
        size = len(encoded)
        return (_HEADS[size] if size < _HEADS_KEPT else _head(size), encoded)


def _head(decision_bytes: int) -> bytes:
    """Return what stands before a decision of so many bytes in a batch."""
    size = length(decision_bytes)
    return _RESULT_FIELD + length(1 + len(size) + decision_bytes) + _DECISION_FIELD + size


_HEADS = [_head(size) for size in range(_HEADS_KEPT)]
"""Of nearly all answers."""


class EncodedResponse(msgspec.Struct, frozen=True):
    """A response that is bytes already.

    Attributes:
        encoded: The response.
        said: How often it says what, for counting.
    """

    encoded: bytes
    said: Mapping[Said, int]

    def SerializeToString(self) -> bytes:  # noqa: N802 - as messages call it.
        """Return the bytes."""
        return self.encoded


def encoded_single(check: Check, answer: Answer) -> EncodedResponse:
    """Return the encoded CheckHealthCodeResponse of an answer."""
    said = (check.destination, check.origin, answer.verdict, answer.against)
    return EncodedResponse(answer.as_response(), {said: 1})


def encoded_batch(
    questions: Sequence[Check | ExchangeError], results: Sequence[Answer | ExchangeError]
) -> EncodedResponse:
    """Return the encoded BatchCheckHealthCodesResponse of results in request order.

    A question that could not be read has its error for a result and is not counted: it is the
    asker's. All other errors are the store's.
    """
    parts: list[bytes] = []
    # Counted here, as most items of a batch say the same and to read them again takes long.
    said: dict[Said, int] = {}
    for check, result in zip(questions, results, strict=True):
        if isinstance(result, Answer):
            parts += result.as_result()
            verdict: str | None = result.verdict
            against = result.against
        else:
            message = service_pb.BatchCheckHealthCodesResponse()
            fill_status(message.results.add().error, result)
            parts.append(message.SerializeToString())
            verdict, against = None, ()
        if isinstance(check, Check):
            key = (check.destination, check.origin, verdict, against)
            said[key] = said.get(key, 0) + 1
    return EncodedResponse(b"".join(parts), said)


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
        max_age_ms = policy.max_age_ms
        lapses_ms: list[int] = []
        key: list[object] = []
        for one in statements:
            said = one.health_code
            state = said.state
            lapse_ms = lapses_at_ms(one, max_age_ms)
            if lapse_ms < now_ms or (state is not _ACTIVE and state is not _PENDING):
                return None
            lapses_ms.append(lapse_ms)
            key += (one.issuer, one.via, said.level, state, said.holds, said.document_unique)
        unmet: tuple[str, ...] = ()
        if policy.has_rules:
            if policy.any_admitted and any(one.health_code.level in RISKS for one in statements):
                return None  # Such a risk may have to be thought away, and the rules judged anew.
            unmet = _unmet(policy, facts_in_force(statements, policy, now_ms, origin))
        kept = (policy, unmet, *key)
        outline = self._outlines.get(kept)
        if outline is None:
            question = Question(tuple(statements), now_ms, origin)
            outline = self._made(kept, question, policy)
        end_ms = now_ms + policy.reliance_ms
        # Comparisons, as `min` takes several times as long.
        end_ms = policy.last_ms if policy.last_ms < end_ms else end_ms  # noqa: FURB136
        for place in outline.in_force:
            lapse_ms = lapses_ms[place]
            end_ms = lapse_ms if lapse_ms < end_ms else end_ms  # noqa: FURB136
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
    shown = [_shown(places[used.issuer], used) for used in message.statements]
    in_force = [
        places[used.issuer]
        for used in message.statements
        if used.standing == pb.UsedStatement.IN_FORCE
    ]
    first, last = pb.Decision.STATEMENTS_FIELD_NUMBER, pb.Decision.DECIDE_TIME_FIELD_NUMBER
    return Outline(
        before=_fields(message, range(1, first)),
        shown=tuple(shown),
        between=_fields(message, range(first + 1, last)),
        after=_fields(message, range(pb.Decision.EXPIRE_TIME_FIELD_NUMBER + 1, _FIELDS_END)),
        in_force=tuple(in_force),
        verdict=decision.verdict.name,
        against=_against(decision),
    )


def _shown(place: int, used: pb.UsedStatement) -> Shown:
    first, last = used.AS_OF_TIME_FIELD_NUMBER, used.RECEIVE_TIME_FIELD_NUMBER
    before, after = range(1, first), range(last + 1, _FIELDS_END)
    return Shown(place, _fields(used, before), _fields(used, after))


def _fields(message: Message, numbers: range) -> bytes:
    """Encode some of a message's fields, which protobuf writes in the order of their numbers."""
    part = type(message)()
    part.CopyFrom(message)
    for field in message.DESCRIPTOR.fields:
        if field.number not in numbers:
            part.ClearField(field.name)
    return part.SerializeToString()


def _against(decision: Decision) -> tuple[tuple[str, str], ...]:
    """Return what a decision is counted by where nobody is admitted."""
    if decision.verdict is Verdict.ADMIT:
        return ()
    return tuple((finding.issuer, finding.reason.value) for finding in decision.findings)
