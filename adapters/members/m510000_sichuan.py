"""510000 Sichuan (四川省), 四川天府健康通: place code, entry code, offline code, family code.

``510000-status-v1`` answers a query for one person: a grade, a declaration that can lapse
(``report_expired``), the address in parts and a list of nucleic tests. The expiry of the QR picture
is not the validity of the statement.

``510000-offline-v1`` is the text of the offline code: one line with a MAC, which is checked before
anything in it is believed.

Basis: of the answer a public fragment. Names, grades, ``errcode`` as text and the items of a test
come from a captured client answer, the document types from a vendor's interface document with the
same names; full numbers instead of masked ones, ``1404`` and the result words besides 阴性 are
designed. The line is designed; no public format was found, the notation was made up for the
catalogue.

>>> from adapters.members.m510000_sichuan import FORMATS
>>> payload = (
...     '{"errcode":"0","errmsg":"SUCCESS","requestId":"0","data":{"cid_type":"10",'
...     '"cid":"510102190402290011","risk_assessment_grade":"00","report_expired":false,'
...     '"report_date":"2022-04-01 08:00:00","report_valid_date":"2022-04-08 23:59:59",'
...     '"living_address":{"province_code":"51","city_code":"5101"}}}'
... )
>>> FORMATS[0].decode(payload.encode(), 1648771200000, {})[0].health_code.region
'510100'
"""

from adapters.base import Format
from adapters.families import tencent
from adapters.families.json_document import json_document
from adapters.families.signed_line import signed_line
from adapters.id_types import TENCENT
from adapters.record import Field, Record, Role, Row
from exchange.core.health_code import Level, TestResult

STATUS = Record(
    path="data",
    fields=(
        Field("cid_type", Role.DOCUMENT_TYPE, required=True),
        Field("cid", Role.DOCUMENT_NUMBER, required=True),
        *tencent.STATUS,
        Field(
            "hsjc",
            Role.TESTS,
            items=(
                Field("xm", Role.DROPPED),
                Field("hscysj", Role.SAMPLE_TIME, time="bj"),
                Field("hsjcsj", Role.RESULT_TIME, time="bj"),
                Field("hsjcjg", Role.TEST_RESULT),
                Field("hsjcjgmc", Role.LABORATORY),
                Field("zjhm", Role.DROPPED),
                Field("inDay7", Role.DROPPED),
            ),
        ),
        *tencent.DROPPED,
        Field("report_valid_date_gettime", Role.DROPPED),
        Field("is_reported_in_24hours", Role.DROPPED),
        Field("gender", Role.DROPPED),
        Field("is_contacted", Role.DROPPED),
    ),
    id_types=TENCENT,
    results={
        "阴性": TestResult.NEGATIVE,
        "阳性": TestResult.POSITIVE,
        "检测中": TestResult.PENDING,
        "无效": TestResult.INVALID,
    },
    rows=tencent.ROWS,
)

OFFLINE = Record(
    fields=(
        Field("lx", Role.DOCUMENT_TYPE, required=True),
        Field("hm", Role.DOCUMENT_NUMBER, required=True),
        Field("dj", Role.STATUS, required=True),
        Field("sj", Role.AS_OF, required=True, time="compact"),
        Field("yx", Role.VALID_UNTIL, time="compact"),
        Field("qh", Role.REGION),
    ),
    id_types=TENCENT,
    rows=(
        Row("00", Level.LOW),
        Row("01", Level.MEDIUM),
        Row("10", Level.HIGH),
    ),
)

FORMATS: tuple[Format, ...] = (
    json_document(
        "510000-status-v1",
        family="tencent",
        content="answer to a query for one person",
        envelope=tencent.envelope("0"),
        record=STATUS,
    ),
    signed_line(
        "510000-offline-v1",
        family="delimited",
        content="text of the offline code",
        version="TFJKT1",
        delimiter="^",
        record=OFFLINE,
    ),
)
