"""350000 Fujian (福建省), 八闽健康码 and 福建健康码: an old and a new code.

``350000-bamin-v1`` and ``350000-fjm-v2`` are batches of the old and of the new code, which came on
2022-04-29; both ran side by side for three months. The same digit means another colour in them:
``1`` was green and became yellow, ``2`` was yellow and became red. Hence the version field decides
how a payload is read, whatever the way of arrival.

Basis: designed; no public format was found, both notations were made up for the catalogue.

>>> from adapters.members.m350000_fujian import FORMATS
>>> payload = (
...     '{"ver":"1.3","list":[{"zjlx":"1","zjhm":"510102190402290011","ms":"1",'
...     '"sj":"2022-04-01 08:00:00","yxq":"2022-04-08 23:59:59","dq":"5101"}]}'
... )
>>> FORMATS[1].decode(payload.encode(), 1648771200000, {})[0].health_code.level.name
'LOW'
"""

from adapters.base import Format
from adapters.families.json_document import RECORDS, Envelope, json_document
from adapters.families.versioned import versioned
from adapters.id_types import DIGIT, GAT
from adapters.record import Field, Record, Role, Row
from exchange.core.health_code import Level, State

BAMIN = Record(
    path="list",
    fields=(
        Field("zjlx", Role.DOCUMENT_TYPE, required=True),
        Field("zjhm", Role.DOCUMENT_NUMBER, required=True),
        Field("ms", Role.STATUS, required=True),
        Field("sj", Role.AS_OF, required=True, time="bj"),
        Field("yxq", Role.VALID_UNTIL, time="bj"),
        Field("dq", Role.REGION, region="2|4"),
        Field("sm", Role.REASON),
        Field("xm", Role.DROPPED),
    ),
    id_types=DIGIT,
    rows=(
        Row("1", Level.LOW),
        Row("2", Level.MEDIUM),
        Row("3", Level.HIGH),
    ),
)

FJM = Record(
    path="list",
    fields=(
        Field("certType", Role.DOCUMENT_TYPE, required=True),
        Field("certNo", Role.DOCUMENT_NUMBER, required=True),
        Field("color", Role.STATUS, required=True),
        Field("assessAt", Role.AS_OF, required=True, time="iso"),
        Field("validTo", Role.VALID_UNTIL, time="iso"),
        Field("region", Role.REGION),
        Field("reason", Role.REASON),
        Field("advice", Role.GUIDANCE),
        Field("name", Role.DROPPED),
    ),
    id_types=GAT,
    rows=(
        Row("0", Level.LOW),
        Row("1", Level.MEDIUM),
        Row("2", Level.HIGH),
        Row("3", State.PENDING),
    ),
)

FORMATS: tuple[Format, ...] = versioned(
    {
        "1.": json_document(
            "350000-bamin-v1",
            family="versioned",
            content="batch of the code before 2022-04-29",
            envelope=Envelope(template={"ver": "1.3", "list": RECORDS}),
            record=BAMIN,
        ),
        "2.": json_document(
            "350000-fjm-v2",
            family="versioned",
            content="batch of the code since 2022-04-29",
            envelope=Envelope(template={"ver": "2.0", "list": RECORDS}),
            record=FJM,
        ),
    }
)
