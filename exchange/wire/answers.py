"""Answers to checks as encoded bytes: what most decisions share is encoded once.

Most people have one statement from each issuer, all in force, and most policies have no rules. Such
decisions differ in their times only: everything else follows from the policy and from issuer, via,
level, state and holds of each statement. It is decided and encoded once by the ordinary path and
kept; the times are put beside it, as the fields of a message may stand in any order. All other
decisions take the ordinary path. A property test compares both.
"""

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from exchange.api.v1 import decision_pb2 as pb, recognition_service_pb2 as service_pb
from exchange.core.compiled_policy import CompiledPolicy
from exchange.core.decision import Decision
from exchange.core.errors import ExchangeError
from exchange.core.health_code import Hold, State
from exchange.core.recognition import decide
from exchange.core.standing import lapses_at_ms
from exchange.core.statement import Statement
from exchange.core.times import MINUTE_MS
from exchange.core.verdict import Verdict
from exchange.wire.checks import fill_decision
from exchange.wire.names import member_name
from exchange.wire.status import fill_status

OUTLINES_MAX = 10_000
"""Kept for each policy; a member has some ten levels and states, and people have few issuers."""

_POLICIES_MAX = 200
"""Six for each member; a rollback changes one at a time."""

_KEPT_STATES = frozenset({State.ACTIVE, State.PENDING})
_TWO_BYTES = 14
_VARINT_BITS = 7
_CONTINUES = 0x80
_DECISION_FIELD = b"\x0a"
"""Field 1, length-delimited: of CheckHealthCodeResponse and of a batch's Result alike."""
_RESULT_FIELD = b"\x0a"
_STATEMENT_FIELD = b"\x22"
_DECIDE_TIME_FIELD, _EXPIRE_TIME_FIELD = b"\x32", b"\x3a"
_AS_OF_FIELD, _RECEIVE_FIELD = b"\x2a", b"\x32"

_Key = tuple[tuple[str, str, int, int, tuple[Hold, ...], bool], ...]


def varint(number: int) -> bytes:
    """Encode a whole number, not negative, as protobuf does."""
    if number < len(_SHORT):
        return _SHORT[number]
    encoded = bytearray()
    while number >= _CONTINUES:
        encoded.append(number & 0x7F | _CONTINUES)
        number >>= _VARINT_BITS
    encoded.append(number)
    return bytes(encoded)


_SHORT: list[bytes] = []
_SHORT += [varint(number) for number in range(1 << _TWO_BYTES)]
"""All of one or two bytes: the length of every answer."""
_NANOS = [b"" if ms == 0 else b"\x10" + varint(ms * 1_000_000) for ms in range(1000)]
_LENGTHS = [bytes((6 + len(nanos), 8)) for nanos in _NANOS]
"""Length of a time stamp whose seconds have five bytes, and the tag of its seconds."""
_LOW = [bytes((low & 0x7F | _CONTINUES, low >> 7 | _CONTINUES)) for low in range(1 << _TWO_BYTES)]
_FIVE_BYTE_SECONDS = range(1 << 28, 1 << 35)


@lru_cache(maxsize=1024)
def _high(seconds: int) -> bytes:
    return varint(seconds)


def time_stamp(instant_ms: int) -> bytes:
    """Encode an instant as a length-delimited Timestamp, without the tag of its field."""
    seconds, ms = divmod(instant_ms, 1000)
    if seconds not in _FIVE_BYTE_SECONDS:
        # Before July 1978 or after 3058: no statement of ours.
        plain = (b"\x08" + varint(seconds) if seconds else b"") + _NANOS[ms]
        return varint(len(plain)) + plain
    return _LENGTHS[ms] + _LOW[seconds & 0x3FFF] + _high(seconds >> _TWO_BYTES) + _NANOS[ms]


class Outline(msgspec.Struct, frozen=True):
    """What decisions share that differ in their times only.

    Attributes:
        head: The encoded decision without its statements and times.
        statements: Place in the key and encoded statement up to its times, as they are shown.
        in_force: Places of the statements whose lapse ends the decision.
        verdict: Name of the verdict, for counting.
        against: Issuer and reason of each finding where nobody is admitted, for counting.
    """

    head: bytes
    statements: tuple[tuple[int, bytes], ...]
    in_force: tuple[int, ...]
    verdict: str
    against: tuple[tuple[str, str], ...]


class Answer(msgspec.Struct, frozen=True):
    """An encoded decision and what is counted of it."""

    encoded: bytes
    verdict: str
    against: tuple[tuple[str, str], ...]

    def as_response(self) -> bytes:
        """Return the bytes of a CheckHealthCodeResponse."""
        return _DECISION_FIELD + varint(len(self.encoded)) + self.encoded

    def as_result(self) -> tuple[bytes, ...]:
        """Return the bytes of a result among the results of a batch, in pieces."""
        size = varint(len(self.encoded))
        whole = varint(1 + len(size) + len(self.encoded))
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
        self._outlines: dict[CompiledPolicy, dict[_Key, Outline]] = {}

    def answer(
        self, statements: Sequence[Statement], policy: CompiledPolicy, now_ms: int
    ) -> Answer | None:
        """Return the encoded decision of an ordinary case; None for any other.

        Args:
            statements: All statements about the person, in any order.
            policy: In force at the instant.
            now_ms: The instant.
        """
        if policy.has_rules:
            return None
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
            key.append(
                (one.issuer, one.via, said.level, said.state, said.holds, said.document_unique)
            )
        outline = self._outline(tuple(key), statements, policy, now_ms)
        end_ms = now_ms + policy.policy.reliance_minutes * MINUTE_MS
        for place in outline.in_force:
            end_ms = min(end_ms, lapses_ms[place])
        encoded = _encoded(outline, statements, now_ms, end_ms)
        return Answer(encoded, outline.verdict, outline.against)

    def _outline(
        self, key: _Key, statements: Sequence[Statement], policy: CompiledPolicy, now_ms: int
    ) -> Outline:
        outlines = self._outlines.get(policy)
        if outlines is None:
            # A policy that is in force no longer is asked for no more: keep the latest few.
            if len(self._outlines) > _POLICIES_MAX:
                self._outlines.clear()
            outlines = self._outlines[policy] = {}
        found = outlines.get(key)
        if found is None:
            if len(outlines) >= OUTLINES_MAX:
                outlines.clear()
            found = outlines[key] = outline_of(statements, decide(statements, policy, now_ms))
        return found


def _by_issuer(one: Statement) -> str:
    return one.issuer


def outline_of(statements: Sequence[Statement], decision: Decision) -> Outline:
    """Return what a decision shares with others: encoded by the ordinary path, without times."""
    message = pb.Decision()
    fill_decision(message, decision)
    places = {member_name(one.issuer): place for place, one in enumerate(statements)}
    encoded = []
    for used in message.statements:
        used.ClearField("as_of_time")
        used.ClearField("receive_time")
        encoded.append((places[used.issuer], used.SerializeToString() + _AS_OF_FIELD))
    in_force = tuple(
        places[used.issuer]
        for used in message.statements
        if used.standing == pb.UsedStatement.IN_FORCE
    )
    for field in ("statements", "decide_time", "expire_time"):
        message.ClearField(field)
    return Outline(
        message.SerializeToString(),
        tuple(encoded),
        in_force,
        decision.verdict.name,
        _against(decision),
    )


def _encoded(outline: Outline, statements: Sequence[Statement], now_ms: int, end_ms: int) -> bytes:
    parts = [outline.head]
    for place, shared in outline.statements:
        one = statements[place]
        as_of, received = time_stamp(one.health_code.as_of_ms), time_stamp(one.receive_time_ms)
        size = len(shared) + len(as_of) + 1 + len(received)
        parts += (_STATEMENT_FIELD, varint(size), shared, as_of, _RECEIVE_FIELD, received)
    parts.append(_times(now_ms, end_ms))
    return b"".join(parts)


@lru_cache(maxsize=64)
def _times(now_ms: int, end_ms: int) -> bytes:
    """Encode the times of a decision; those of one batch have most of them in common."""
    return _DECIDE_TIME_FIELD + time_stamp(now_ms) + _EXPIRE_TIME_FIELD + time_stamp(end_ms)


def _against(decision: Decision) -> tuple[tuple[str, str], ...]:
    """Return what a decision is counted by where nobody is admitted."""
    if decision.verdict is Verdict.ADMIT:
        return ()
    return tuple((finding.issuer, finding.reason.value) for finding in decision.findings)
