"""Cases that a policy is tried on, from messages."""

from exchange.api.v1 import health_code_pb2, policy_pb2 as pb
from exchange.core.errors import InvalidRequestError
from exchange.core.health_code import (
    HealthCode,
    Hold,
    Level,
    State,
    Test,
    TestKind,
    TestResult,
    Vaccination,
)
from exchange.core.recognition import Question
from exchange.core.statement import Statement
from exchange.wire.limits import check_count
from exchange.wire.names import member_code
from exchange.wire.times import duration_ms, to_ms

HEALTH_CODES_MAX = 100
"""Statements of a case: an own and a relayed one of every member, and room."""


def question_of(message: pb.PolicyCase, field: str, now_ms: int) -> Question:
    """Return the question in a case.

    Args:
        message: The case.
        field: Its path in the request.
        now_ms: The instant of a case that names none.

    Raises:
        InvalidRequestError: A field is missing or malformed.
        NotFoundError: A member does not exist.
    """
    check_count(f"{field}.health_codes", len(message.health_codes), HEALTH_CODES_MAX)
    statements = [
        _statement(one, f"{field}.health_codes[{index}]", unique=not message.not_unique)
        for index, one in enumerate(message.health_codes)
    ]
    keys = {(one.issuer, one.via) for one in statements}
    if len(keys) != len(statements):
        raise InvalidRequestError(
            f"{field}.health_codes", "holds two statements of one issuer and source"
        )
    max_age_ms = duration_ms(message.max_age) if message.HasField("max_age") else None
    if max_age_ms is not None and max_age_ms < 0:
        raise InvalidRequestError(f"{field}.max_age", "is negative")
    return Question(
        tuple(statements),
        to_ms(message.instant_time) if message.HasField("instant_time") else now_ms,
        member_code(message.origin, f"{field}.origin") if message.origin else "",
        max_age_ms,
    )


def _statement(message: health_code_pb2.HealthCode, field: str, *, unique: bool) -> Statement:
    issuer = member_code(message.issuer, f"{field}.issuer")
    via = member_code(message.via, f"{field}.via") if message.via else issuer
    if not message.HasField("as_of_time"):
        raise InvalidRequestError(f"{field}.as_of_time", "is required")
    state = State(message.state)
    if state == State.UNSPECIFIED:
        raise InvalidRequestError(f"{field}.state", "is required")
    as_of_ms = to_ms(message.as_of_time)
    health_code = HealthCode(
        as_of_ms=as_of_ms,
        level=Level(message.level) if state == State.ACTIVE else Level.UNSPECIFIED,
        state=state,
        valid_until_ms=to_ms(message.expire_time) if message.HasField("expire_time") else None,
        holds=tuple(Hold(hold.code, hold.text) for hold in message.holds),
        region=message.region,
        native_status=message.native_status,
        tests=tuple(_test(test) for test in message.tests),
        vaccination=_vaccination(message),
        document_unique=unique,
    )
    return Statement(issuer, via, health_code, as_of_ms)


def _test(message: health_code_pb2.Test) -> Test:
    return Test(
        TestKind(message.kind),
        TestResult(message.result),
        to_ms(message.sample_time) if message.HasField("sample_time") else None,
        to_ms(message.result_time) if message.HasField("result_time") else None,
        message.laboratory,
    )


def _vaccination(message: health_code_pb2.HealthCode) -> Vaccination | None:
    if not message.HasField("vaccination"):
        return None
    return Vaccination(message.vaccination.dose_count, message.vaccination.last_dose_date)
