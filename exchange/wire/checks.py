"""Check requests to values, decisions to messages."""

from exchange.api.v1 import decision_pb2 as pb, recognition_service_pb2 as service_pb
from exchange.core.check import Check
from exchange.core.decision import Decision, Finding
from exchange.core.errors import InvalidRequestError
from exchange.core.standing import Standing
from exchange.core.statement import Statement
from exchange.core.subject import SubjectKeys
from exchange.wire.documents import document_of
from exchange.wire.names import member_code, member_name, subject_of
from exchange.wire.times import duration_ms, fill

_STANDINGS = {standing: pb.UsedStatement.Standing.Value(standing.value) for standing in Standing}


def check_of(message: service_pb.CheckHealthCodeRequest, keys: SubjectKeys, now_ms: int) -> Check:
    """Return the question in a request.

    Args:
        message: The request.
        keys: To turn a document into subjects.
        now_ms: The instant, for birth dates.

    Raises:
        InvalidRequestError: A field is missing or malformed.
        NotFoundError: The destination or the origin is no member.
    """
    destination = member_code(message.destination, "destination")
    if message.HasField("document"):
        subjects = keys.subjects(document_of(message.document, "document", now_ms))
    elif message.HasField("subject"):
        subjects = (subject_of(message.subject, "subject"),)
    else:
        raise InvalidRequestError("person", "is required: a subject or a document")
    return Check(subjects, destination, *_wishes_of(message))


def terms_of(message: service_pb.CheckHealthCodeRequest) -> tuple[str, str, int | None]:
    """Return destination, origin and greatest age in ms of a request, whoever it asks about.

    Raises:
        InvalidRequestError: A field is missing or malformed.
        NotFoundError: The destination or the origin is no member.
    """
    return (member_code(message.destination, "destination"), *_wishes_of(message))


def _wishes_of(message: service_pb.CheckHealthCodeRequest) -> tuple[str, int | None]:
    origin = message.origin
    return (
        member_code(origin, "origin") if origin else "",
        _max_age_ms(message) if message.HasField("max_age") else None,
    )


def _max_age_ms(message: service_pb.CheckHealthCodeRequest) -> int:
    max_age_ms = duration_ms(message.max_age)
    if max_age_ms < 0:
        raise InvalidRequestError("max_age", "is negative")
    return max_age_ms


def fill_decision(message: pb.Decision, decision: Decision) -> None:
    """Fill a message with a decision in place, which costs less than to build one."""
    message.verdict = int(decision.verdict)  # type: ignore[assignment] # the stubs' own int
    message.level = int(decision.level)  # type: ignore[assignment] # the stubs' own int
    for finding in decision.findings:
        _fill_finding(message.findings.add(), finding)
    for used in decision.used:
        fill_used(message.statements.add(), used.statement, used.standing)
    rendering = message.rendering
    rendering.colour = decision.rendering.colour
    rendering.chinese_text = decision.rendering.chinese
    rendering.english_text = decision.rendering.english
    fill(message.decide_time, decision.decide_time_ms)
    fill(message.expire_time, decision.valid_until_ms)
    message.policy = decision.policy
    message.policy_revision = decision.policy_revision
    message.rung = decision.rung.value  # type: ignore[assignment] # the stubs' own int


def _fill_finding(message: pb.Finding, finding: Finding) -> None:
    message.reason = finding.reason.value
    message.verdict = int(finding.verdict)  # type: ignore[assignment] # the stubs' own int
    message.issuer = member_name(finding.issuer)
    message.detail = finding.detail
    message.chinese_text, message.english_text = finding.texts


def fill_used(message: pb.UsedStatement, statement: Statement, standing: Standing) -> None:
    """Fill a message with a statement that was looked at, in place."""
    message.issuer = member_name(statement.issuer)
    message.via = member_name(statement.via)
    message.level = int(statement.health_code.level)  # type: ignore[assignment] # the stubs' own int
    message.state = int(statement.health_code.state)  # type: ignore[assignment] # the stubs' own int
    fill(message.as_of_time, statement.health_code.as_of_ms)
    fill(message.receive_time, statement.receive_time_ms)
    message.standing = _STANDINGS[standing]
