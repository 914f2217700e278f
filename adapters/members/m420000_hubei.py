"""420000 Hubei (湖北省), 湖北健康码: green holds for three days, then yellow without check-in.

``420000-checkin-v1`` answers a query for one person. A yellow that only says that a green has
lapsed (``OVERDUE``) is no risk: it is read as EXPIRED. An old green stays green with its end, and
whoever reads the statement looks at the clock.

Basis: designed; no public format was found, the notation was made up for the catalogue.

>>> from adapters.members.m420000_hubei import FORMATS
>>> payload = (
...     '{"ret":0,"msg":"","data":{"idType":"身份证","idNo":"510102190402290011",'
...     '"color":"green","codeTime":"2022-04-01 08:00:00","areaCode":"510100000000"}}'
... )
>>> code = FORMATS[0].decode(payload.encode(), 1648771200000, {})[0].health_code
>>> (code.valid_until_ms - code.as_of_ms) // 3_600_000
72
"""

from adapters.base import Format
from adapters.families.json_document import RECORD, Envelope, json_document
from adapters.id_types import WORDS
from adapters.record import ANY, Field, Record, Role, Row, Validity
from exchange.core.health_code import Level, State

ENVELOPE = Envelope(
    template={"ret": 0, "msg": "", "data": RECORD},
    code="ret",
    no_record=("1",),
)

CHECK_IN = Record(
    path="data",
    fields=(
        Field("idType", Role.DOCUMENT_TYPE, required=True),
        Field("idNo", Role.DOCUMENT_NUMBER, required=True),
        Field("color", Role.STATUS, required=True),
        Field("reasonType", Role.STATUS),
        Field("codeTime", Role.AS_OF, required=True, time="bjm"),
        Field("areaCode", Role.REGION, region="12"),
        Field("reason", Role.REASON),
        Field("advice", Role.GUIDANCE),
        Field("name", Role.DROPPED),
        Field("validDays", Role.DROPPED),
    ),
    id_types=WORDS,
    rows=(
        Row(("green", ANY), Level.LOW),
        Row(("yellow", "OVERDUE"), State.EXPIRED, native_status="yellow/OVERDUE"),
        Row(("yellow", ANY), Level.MEDIUM),
        Row(("red", ANY), Level.HIGH),
        Row(("gray", ANY), State.PENDING),
    ),
    validity=Validity(hours=72, levels=(Level.LOW,)),
)

FORMATS: tuple[Format, ...] = (
    json_document(
        "420000-checkin-v1",
        family="check-in",
        content="answer to a query for one person",
        envelope=ENVELOPE,
        record=CHECK_IN,
    ),
)
