"""660000 Xinjiang Production and Construction Corps (新疆生产建设兵团), 兵团健康码.

``660000-common-v1`` is the common schema itself, as a batch. Names are read in lowerCamelCase and
in snake_case. A region's digits say nothing about who speaks: 659001 lies under Xinjiang's digits
and belongs to this member.

Basis: designed; no public format was found, the notation was made up for the catalogue.

>>> from adapters.members.m660000_xpcc import FORMATS
>>> payload = (
...     '{"healthCodes":[{"issuer":"660000","region":"510100",'
...     '"document":{"type":"RESIDENT_ID","number":"510102190402290011"},"level":"LOW",'
...     '"state":"ACTIVE","asOf":"2022-04-01T08:00:00+08:00",'
...     '"validUntil":"2022-04-08T23:59:59+08:00","nativeStatus":"00"}]}'
... )
>>> FORMATS[0].decode(payload.encode(), 1648771200000, {})[0].health_code.native_status
'00'
"""

from collections.abc import Sequence
from typing import Any, Final

from adapters.base import Format
from adapters.families.json_document import RECORDS, Envelope, json_document
from adapters.id_types import COMMON
from adapters.record import Field, Record, Role, Row
from exchange.core.health_code import Hold, Level, State, TestKind, TestResult
from exchange.core.outcome import NotRepresentableError

_CAMEL: Final = {
    "health_codes": "healthCodes",
    "as_of": "asOf",
    "valid_until": "validUntil",
    "native_status": "nativeStatus",
    "sample_time": "sampleTime",
    "result_time": "resultTime",
    "last_dose_date": "lastDoseDate",
}


def _rename(value: Any) -> None:
    """Give the fields of an object their camelCase names; where both stand, camelCase wins."""
    if value.__class__ is dict and not _CAMEL.keys().isdisjoint(value):
        for snake, camel in _CAMEL.items():
            if snake in value:
                value.setdefault(camel, value[snake])


def _objects(value: Any, key: str) -> list[Any]:
    """Give the elements of a list inside an object; anything else has none."""
    inner = value.get(key) if value.__class__ is dict else None
    return inner if inner.__class__ is list else []


def _prepare(payload: Any) -> None:
    """Rename on every layer on which the schema has names of several words."""
    _rename(payload)
    for record in _objects(payload, "healthCodes"):
        if record.__class__ is dict:
            _rename(record)
            if "vaccination" in record:
                _rename(record["vaccination"])
            for test in _objects(record, "tests"):
                _rename(test)


class _HoldList:
    """Holds as they stand, in their order; an element without a code is none."""

    def read(self, cells: Sequence[Any]) -> tuple[Hold, ...]:
        """Read a list of codes and texts."""
        return tuple(Hold(code, text) for code, text in cells[0] if code)

    def write(self, holds: Sequence[Hold]) -> tuple[list[dict[str, str]]]:
        """Write a list of objects; a hold without a code would not be read back."""
        if not all(hold.code for hold in holds):
            raise NotRepresentableError("holds")
        return (
            [
                {"code": hold.code, "text": hold.text} if hold.text else {"code": hold.code}
                for hold in holds
            ],
        )


LEVELS = (Level.UNSPECIFIED, Level.LOW, Level.MEDIUM, Level.ELEVATED, Level.HIGH)
STATES = (State.PENDING, State.EXPIRED, State.WITHDRAWN)

# An absent level is UNSPECIFIED. A level beside another state than ACTIVE must be a known one, and
# is then dropped.
ROWS = (
    *(Row((level.name, State.ACTIVE.name), level) for level in LEVELS),
    Row(("", State.ACTIVE.name), Level.UNSPECIFIED),
    *(Row((level.name, state.name), state) for state in STATES for level in LEVELS),
    *(Row(("", state.name), state) for state in STATES),
)

SNAKE_NAMES = (
    "health_codes",
    "healthCodes.as_of",
    "healthCodes.valid_until",
    "healthCodes.native_status",
    "healthCodes.tests.sample_time",
    "healthCodes.tests.result_time",
    "healthCodes.vaccination.last_dose_date",
)
"""Names that stand beside their camelCase ones once a payload is prepared."""

COMMON_SCHEMA = Record(
    path="healthCodes",
    fields=(
        Field("issuer", Role.ISSUER, required=True, written="660000"),
        Field("region", Role.REGION),
        Field("document.type", Role.DOCUMENT_TYPE, required=True),
        Field("document.number", Role.DOCUMENT_NUMBER, required=True),
        Field("level", Role.STATUS),
        Field("state", Role.STATUS, required=True),
        Field("holds", Role.HOLD, items=(Field("code", Role.HOLD), Field("text", Role.HOLD))),
        Field("reason", Role.REASON),
        Field("guidance", Role.GUIDANCE),
        Field("rule", Role.RULE),
        Field(
            "tests",
            Role.TESTS,
            items=(
                Field("kind", Role.TEST_KIND),
                Field("result", Role.TEST_RESULT),
                Field("sampleTime", Role.SAMPLE_TIME, time="iso"),
                Field("resultTime", Role.RESULT_TIME, time="iso"),
                Field("laboratory", Role.LABORATORY),
            ),
        ),
        Field("vaccination.doses", Role.DOSES),
        Field("vaccination.lastDoseDate", Role.LAST_DOSE_DATE, time="date"),
        Field("asOf", Role.AS_OF, required=True, time="iso"),
        Field("validUntil", Role.VALID_UNTIL, time="iso"),
        Field("nativeStatus", Role.NATIVE_STATUS),
    ),
    id_types=COMMON,
    rows=ROWS,
    results={result.name: result for result in TestResult if result},
    kinds={kind.name: kind for kind in TestKind if kind},
    holds=_HoldList(),
)

FORMATS: tuple[Format, ...] = (
    json_document(
        "660000-common-v1",
        family="common",
        content="the common schema itself",
        envelope=Envelope(template={"healthCodes": RECORDS}, prepare=_prepare, known=SNAKE_NAMES),
        record=COMMON_SCHEMA,
    ),
)
