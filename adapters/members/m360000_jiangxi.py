"""360000 Jiangxi (江西省), 赣通码: little is public beyond the name.

``360000-ndjson-v1`` is a stream of objects, one a line. One alphabet stands for two things: ``N``
as a colour means that there is no code, ``N`` as the result of a test means negative.

Basis: designed; no public format was found, the notation was made up for the catalogue.

>>> from adapters.members.m360000_jiangxi import FORMATS
>>> payload = (
...     '{"t":"SFZ","n":"510102190402290011","c":"G","ts":"2022-04-01T08:00:00+08:00",'
...     '"vu":"2022-04-08T23:59:59+08:00","r":"5101"}'
... )
>>> FORMATS[0].decode(payload.encode(), 1648771200000, {})[0].health_code.region
'510100'
"""

from adapters.base import Format
from adapters.families.ndjson import ndjson
from adapters.id_types import SHORT
from adapters.record import Field, Record, Role, Row
from exchange.core.health_code import Level, State, TestResult
from exchange.core.outcome import Reason

STREAM = Record(
    fields=(
        Field("t", Role.DOCUMENT_TYPE, required=True),
        Field("n", Role.DOCUMENT_NUMBER, required=True),
        Field("c", Role.STATUS, required=True),
        Field("ts", Role.AS_OF, required=True, time="iso"),
        Field("vu", Role.VALID_UNTIL, time="iso"),
        Field("r", Role.REGION, region="2|4"),
        Field("yy", Role.REASON),
        Field(
            "hs",
            Role.TESTS,
            items=(
                Field("r", Role.TEST_RESULT),
                Field("s", Role.SAMPLE_TIME, time="iso"),
                Field("t", Role.RESULT_TIME, time="iso"),
                Field("l", Role.LABORATORY),
            ),
        ),
        Field("xm", Role.DROPPED),
    ),
    id_types=SHORT,
    results={
        "N": TestResult.NEGATIVE,
        "P": TestResult.POSITIVE,
        "W": TestResult.PENDING,
        "I": TestResult.INVALID,
    },
    rows=(
        Row("G", Level.LOW),
        Row("Y", Level.MEDIUM),
        Row("R", Level.HIGH),
        Row("W", State.WITHDRAWN),
        Row("N", Reason.NO_RECORD),
    ),
)

FORMATS: tuple[Format, ...] = (
    ndjson(
        "360000-ndjson-v1",
        family="ndjson",
        content="stream of records",
        record=STREAM,
    ),
)
