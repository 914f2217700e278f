"""Records in the common schema to outcomes, statements to messages."""

import re
from collections.abc import Iterable
from datetime import date

from exchange.api.v1 import health_code_pb2 as pb, health_code_service_pb2 as service_pb
from exchange.core.documents import InvalidDocumentError, normalise
from exchange.core.health_code import (
    DocumentType,
    HealthCode,
    Hold,
    Level,
    State,
    Test,
    TestKind,
    TestResult,
    Vaccination,
)
from exchange.core.outcome import Outcome, Reason, Rejected, Translated
from exchange.core.statement import Statement
from exchange.core.times import beijing_date
from exchange.wire.names import member_name, subject_name
from exchange.wire.times import fill, to_ms

FUTURE_MS_MAX = 300_000
"""As-of times up to five minutes ahead are taken: clocks differ."""
EARLIEST_MS = 1_577_808_000_000
"""2020-01-01T00:00:00+08:00: no statement and no test is older."""
HOLDS_MAX = 20
TESTS_MAX = 50
DOSES_MAX = 100
TEXT_CHARACTERS_MAX = {"reason": 2_000, "guidance": 2_000, "rule": 200, "native_status": 200}

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TYPES = {
    number: DocumentType(name)
    for name, number in pb.Document.Type.items()
    if name != "TYPE_UNSPECIFIED"
}


class _RejectedError(Exception):
    def __init__(self, reason: Reason, field: str) -> None:
        super().__init__(reason, field)
        self.rejected = Rejected(reason, field)


def outcome_of(record: service_pb.HealthCodeRecord, caller: str, received_ms: int) -> Outcome:
    """Judge one record in the common schema, with the error order of the member formats.

    Never raises; the field is the path in the record.
    """
    try:
        return _translated(record, caller, received_ms)
    except _RejectedError as error:
        return error.rejected


def _translated(record: service_pb.HealthCodeRecord, caller: str, received_ms: int) -> Translated:
    issuer = record.issuer.removeprefix("members/") if record.issuer else caller
    _require(record)
    message = record.health_code
    document_type = _TYPES.get(record.document.type)
    if document_type is None:
        raise _RejectedError(Reason.UNKNOWN_DOCUMENT_TYPE, "document.type")
    try:
        document = normalise(document_type, record.document.number, beijing_date(received_ms))
    except InvalidDocumentError:
        raise _RejectedError(Reason.INVALID_DOCUMENT, "document.number") from None
    _check_limits(message)
    state, level = _state_and_level(message)
    holds = tuple(Hold(hold.code, hold.text) for hold in message.holds if hold.code)
    tests = tuple(_test(test) for test in message.tests)
    as_of_ms = to_ms(message.as_of_time)
    if as_of_ms < EARLIEST_MS:
        raise _RejectedError(Reason.INVALID_TIME, "health_code.as_of_time")
    vaccination = _vaccination(message)
    if as_of_ms > received_ms + FUTURE_MS_MAX:
        raise _RejectedError(Reason.FUTURE_TIME, "health_code.as_of_time")
    return Translated(
        issuer,
        document,
        HealthCode(
            as_of_ms=as_of_ms,
            level=level,
            state=state,
            valid_until_ms=to_ms(message.expire_time) if message.HasField("expire_time") else None,
            holds=holds,
            region=_region(message.region),
            native_status=message.native_status,
            tests=tests,
            vaccination=vaccination,
            reason=message.reason,
            guidance=message.guidance,
            rule=message.rule,
        ),
    )


def _require(record: service_pb.HealthCodeRecord) -> None:
    missing = (
        ("document", record.HasField("document")),
        ("document.type", record.document.type != pb.Document.TYPE_UNSPECIFIED),
        ("document.number", bool(record.document.number)),
        ("health_code", record.HasField("health_code")),
        ("health_code.state", record.health_code.state != pb.HealthCode.STATE_UNSPECIFIED),
        ("health_code.as_of_time", record.health_code.HasField("as_of_time")),
        *_required_in_lists(record.health_code),
    )
    for field, there in missing:
        if not there:
            raise _RejectedError(Reason.MISSING_FIELD, field)


def _required_in_lists(message: pb.HealthCode) -> Iterable[tuple[str, bool]]:
    for hold in message.holds:
        yield "health_code.holds.code", bool(hold.code)
    for test in message.tests:
        yield "health_code.tests.kind", test.kind != pb.Test.KIND_UNSPECIFIED
        yield "health_code.tests.result", test.result != pb.Test.RESULT_UNSPECIFIED
    if message.HasField("vaccination"):
        yield "health_code.vaccination.dose_count", message.vaccination.dose_count != 0
        yield "health_code.vaccination.last_dose_date", bool(message.vaccination.last_dose_date)


def _check_limits(message: pb.HealthCode) -> None:
    for field, limit in TEXT_CHARACTERS_MAX.items():
        if len(getattr(message, field)) > limit:
            raise _RejectedError(Reason.VALUE_TOO_LARGE, f"health_code.{field}")
    if len(message.holds) > HOLDS_MAX:
        raise _RejectedError(Reason.VALUE_TOO_LARGE, "health_code.holds")
    if len(message.tests) > TESTS_MAX:
        raise _RejectedError(Reason.VALUE_TOO_LARGE, "health_code.tests")


def _state_and_level(message: pb.HealthCode) -> tuple[State, Level]:
    """Levels go with ACTIVE only; a level beside another state is dropped."""
    if message.level not in pb.HealthCode.Level.values():
        raise _RejectedError(Reason.UNKNOWN_STATUS, "health_code.level")
    if message.state not in pb.HealthCode.State.values():
        raise _RejectedError(Reason.UNKNOWN_STATUS, "health_code.state")
    state = State(message.state)
    return state, Level(message.level) if state == State.ACTIVE else Level.UNSPECIFIED


def _test(message: pb.Test) -> Test:
    if message.kind not in pb.Test.Kind.values():
        raise _RejectedError(Reason.UNKNOWN_STATUS, "health_code.tests.kind")
    if message.result not in pb.Test.Result.values():
        raise _RejectedError(Reason.UNKNOWN_STATUS, "health_code.tests.result")
    sample = to_ms(message.sample_time) if message.HasField("sample_time") else None
    result = to_ms(message.result_time) if message.HasField("result_time") else None
    for field, time in (("sample_time", sample), ("result_time", result)):
        if time is not None and time < EARLIEST_MS:
            raise _RejectedError(Reason.INVALID_TIME, f"health_code.tests.{field}")
    return Test(
        TestKind(message.kind), TestResult(message.result), sample, result, message.laboratory
    )


def _vaccination(message: pb.HealthCode) -> Vaccination | None:
    if not message.HasField("vaccination"):
        return None
    given = message.vaccination
    if not _is_date(given.last_dose_date):
        raise _RejectedError(Reason.INVALID_TIME, "health_code.vaccination.last_dose_date")
    if not 1 <= given.dose_count <= DOSES_MAX:
        return None
    return Vaccination(given.dose_count, given.last_dose_date)


def _is_date(text: str) -> bool:
    if _DATE.fullmatch(text) is None:
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _region(text: str) -> str:
    return text if len(text) == 6 and text.isascii() and text.isdigit() else ""  # noqa: PLR2004


def fill_health_code(message: pb.HealthCode, statement: Statement, subject: bytes) -> None:
    """Fill a message with a statement in place."""
    said = statement.health_code
    name = f"{subject_name(subject)}/healthCodes/{statement.issuer}-{statement.via}"
    message.name = name
    message.issuer = member_name(statement.issuer)
    message.via = member_name(statement.via)
    message.region = said.region
    message.level = int(said.level)  # type: ignore[assignment] # the stubs' own int
    message.state = int(said.state)  # type: ignore[assignment] # the stubs' own int
    for hold in said.holds:
        message.holds.add(code=hold.code, text=hold.text)
    for test in said.tests:
        _fill_test(message.tests.add(), test)
    if said.vaccination is not None:
        message.vaccination.dose_count = said.vaccination.doses
        message.vaccination.last_dose_date = said.vaccination.last_dose_date
    message.reason = said.reason
    message.guidance = said.guidance
    message.rule = said.rule
    fill(message.as_of_time, said.as_of_ms)
    if said.valid_until_ms is not None:
        fill(message.expire_time, said.valid_until_ms)
    message.native_status = said.native_status
    fill(message.receive_time, statement.receive_time_ms)


def _fill_test(message: pb.Test, test: Test) -> None:
    message.kind = int(test.kind)  # type: ignore[assignment] # the stubs' own int
    message.result = int(test.result)  # type: ignore[assignment] # the stubs' own int
    if test.sample_time_ms is not None:
        fill(message.sample_time, test.sample_time_ms)
    if test.result_time_ms is not None:
        fill(message.result_time, test.result_time_ms)
    message.laboratory = test.laboratory
