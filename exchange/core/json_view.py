"""The JSON view of a statement: the common schema as the catalogue writes it, both directions.

Instants are RFC 3339 texts in UTC, enumerations are names, absent times are null.
"""

import re
from typing import Any, Final

import msgspec

from exchange.core.documents import InvalidDocumentError, normalise
from exchange.core.health_code import (
    Document,
    DocumentType,
    HealthCode,
    Hold,
    Level,
    State,
    Test,
    TestKind,
    TestResult,
    Vaccination,
)  # fmt: skip
from exchange.core.outcome import Outcome, Rejected, Translated
from exchange.core.times import format_rfc3339, parse_rfc3339

_CODE: Final = re.compile(r"[0-9]{6}")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LAST_DAY: Final = 99991231


class InvalidViewError(ValueError):
    """A JSON view is no health code.

    Attributes:
        field: Path of the first field that is wrong; ``""`` for the whole.
    """

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field or 'health code'}: {problem}")
        self.field = field


class _Document(msgspec.Struct, frozen=True):
    type: str
    number: str


class _Hold(msgspec.Struct, frozen=True):
    code: str
    text: str = ""


class _Test(msgspec.Struct, frozen=True):
    kind: str
    result: str
    sample_time: str | None = None
    result_time: str | None = None
    laboratory: str = ""


class _Vaccination(msgspec.Struct, frozen=True):
    doses: int
    last_dose_date: str


class _View(msgspec.Struct, frozen=True, kw_only=True):
    issuer: str
    document: _Document
    level: str
    state: str
    as_of: str
    region: str = ""
    holds: tuple[_Hold, ...] = ()
    reason: str = ""
    guidance: str = ""
    rule: str = ""
    tests: tuple[_Test, ...] = ()
    vaccination: _Vaccination | None = None
    valid_until: str | None = None
    native_status: str = ""


def to_view(translated: Translated) -> dict[str, Any]:
    """Give the JSON view of a statement, every field present, in the order of the schema."""
    code = translated.health_code
    return {
        "issuer": translated.issuer,
        "region": code.region,
        "document": {
            "type": translated.document.type.value,
            "number": translated.document.number,
        },
        "level": code.level.name,
        "state": code.state.name,
        "holds": [{"code": hold.code, "text": hold.text} for hold in code.holds],
        "reason": code.reason,
        "guidance": code.guidance,
        "rule": code.rule,
        "tests": [_test_view(test) for test in code.tests],
        "vaccination": code.vaccination
        and {"doses": code.vaccination.doses, "last_dose_date": code.vaccination.last_dose_date},
        "as_of": format_rfc3339(code.as_of_ms),
        "valid_until": _time_view(code.valid_until_ms),
        "native_status": code.native_status,
    }


def _test_view(test: Test) -> dict[str, Any]:
    return {
        "kind": test.kind.name,
        "result": test.result.name,
        "sample_time": _time_view(test.sample_time_ms),
        "result_time": _time_view(test.result_time_ms),
        "laboratory": test.laboratory,
    }


def _time_view(instant_ms: int | None) -> str | None:
    return None if instant_ms is None else format_rfc3339(instant_ms)


def outcome_view(outcome: Outcome) -> dict[str, Any]:
    """Give the JSON view of an outcome: a health code, or an error with reason and field."""
    if isinstance(outcome, Rejected):
        return {"error": {"reason": outcome.reason.value, "field": outcome.field}}
    return {"health_code": to_view(outcome)}


def from_view(view: object) -> Translated:
    """Read the JSON view of a statement (as decoded JSON) and check it.

    Raises:
        InvalidViewError: A field is missing, of another kind, or has an impossible value.
    """
    try:
        read = msgspec.convert(view, _View)
    except msgspec.ValidationError as error:
        raise InvalidViewError("", _without_values(str(error))) from None
    if not _CODE.fullmatch(read.issuer):
        raise InvalidViewError("issuer", "six digits expected")
    if read.region and not _CODE.fullmatch(read.region):
        raise InvalidViewError("region", "six digits or nothing expected")
    state = _named(State, read.state, "state")
    level = _named(Level, read.level, "level", zero=True)
    if level is not Level.UNSPECIFIED and state is not State.ACTIVE:
        raise InvalidViewError("level", "a level goes with the state ACTIVE only")
    return Translated(
        read.issuer,
        _document(read.document),
        HealthCode(
            as_of_ms=_instant(read.as_of, "as_of"),
            level=level,
            state=state,
            valid_until_ms=_optional_instant(read.valid_until, "valid_until"),
            holds=tuple(Hold(hold.code, hold.text) for hold in read.holds),
            region=read.region,
            native_status=read.native_status,
            tests=tuple(_test(test, at) for at, test in enumerate(read.tests)),
            vaccination=_vaccination(read.vaccination),
            reason=read.reason,
            guidance=read.guidance,
            rule=read.rule,
        ),
    )


def _without_values(message: str) -> str:
    """Keep the place and the kind of a validation message; msgspec quotes no strings but enums."""
    return re.sub(r"'[^']*'", "...", message)


def _named(kind: type[Any], name: str, field: str, *, zero: bool = False) -> Any:
    member = kind.__members__.get(name)
    if member is None or (member == 0 and not zero):
        raise InvalidViewError(field, "no such name")
    return member


def _document(document: _Document) -> Document:
    if document.type not in DocumentType.__members__:
        raise InvalidViewError("document.type", "no such name")
    try:
        # No clock here: the caller's statement was checked against its receiving day before.
        return normalise(DocumentType(document.type), document.number, _LAST_DAY)
    except InvalidDocumentError as error:
        raise InvalidViewError("document.number", error.code) from None


def _instant(text: str, field: str) -> int:
    try:
        return parse_rfc3339(text)
    except ValueError:
        raise InvalidViewError(field, "not an RFC 3339 time") from None


def _optional_instant(text: str | None, field: str) -> int | None:
    return None if text is None else _instant(text, field)


def _test(test: _Test, at: int) -> Test:
    return Test(
        _named(TestKind, test.kind, f"tests[{at}].kind"),
        _named(TestResult, test.result, f"tests[{at}].result"),
        _optional_instant(test.sample_time, f"tests[{at}].sample_time"),
        _optional_instant(test.result_time, f"tests[{at}].result_time"),
        test.laboratory,
    )


def _vaccination(vaccination: _Vaccination | None) -> Vaccination | None:
    if vaccination is None:
        return None
    if vaccination.doses < 1:
        raise InvalidViewError("vaccination.doses", "at least 1 expected")
    if not _DATE.fullmatch(vaccination.last_dose_date):
        raise InvalidViewError("vaccination.last_dose_date", "YYYY-MM-DD expected")
    _instant(f"{vaccination.last_dose_date}T00:00:00Z", "vaccination.last_dose_date")
    return Vaccination(vaccination.doses, vaccination.last_dose_date)
