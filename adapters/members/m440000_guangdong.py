"""440000 Guangdong (广东省), 粤康码: several front ends over one code, 穗康码 and 深i您 among them.

``440000-status-v1`` answers a query for one person. Guangzhou and Shenzhen report through the
province: where no address code is readable, the front end names the region. A failing back end
shows a black-and-white picture (``qr_style`` ``bw``); whatever grade stands beside it, that is a
failure and no statement. The expiry of the QR picture is not the validity of the statement.

Basis: designed; no public format was found, the notation was made up for the catalogue.

>>> from adapters.members.m440000_guangdong import FORMATS
>>> payload = (
...     '{"errcode":"0","errmsg":"SUCCESS","requestId":"0","data":{"certificate_type":"10",'
...     '"certificate_id":"510102190402290011","risk_assessment_grade":"00",'
...     '"report_expired":false,"report_date":"2022-04-01 08:00:00",'
...     '"report_valid_date":"2022-04-08 23:59:59",'
...     '"living_address":{"province_code":"51","city_code":"5101"}}}'
... )
>>> FORMATS[0].decode(payload.encode(), 1648771200000, {})[0].health_code.region
'510100'
"""

from adapters.base import Format
from adapters.families import tencent
from adapters.families.json_document import json_document
from adapters.id_types import TENCENT
from adapters.record import Field, Record, Role
from exchange.core.health_code import TestResult
from exchange.core.outcome import Reason

STATUS = Record(
    path="data",
    fields=(
        Field("certificate_type", Role.DOCUMENT_TYPE, required=True),
        Field("certificate_id", Role.DOCUMENT_NUMBER, required=True),
        *tencent.STATUS,
        Field("channel", Role.REGION_STAND_IN, regions={"sk": "440100", "szin": "440300"}),
        Field("nucleic.result", Role.TEST_RESULT),
        Field("nucleic.sample_time", Role.SAMPLE_TIME, time="bj"),
        Field("nucleic.report_time", Role.RESULT_TIME, time="bj"),
        Field("nucleic.org", Role.LABORATORY),
        Field("vaccine.dose", Role.DOSES),
        Field("vaccine.date", Role.LAST_DOSE_DATE, time="date"),
        *tencent.DROPPED,
        Field("qr_style", Role.REPORT, reports={"bw": Reason.UPSTREAM_ERROR}),
    ),
    id_types=TENCENT,
    results={
        "0": TestResult.NEGATIVE,
        "1": TestResult.POSITIVE,
        "2": TestResult.PENDING,
        "3": TestResult.INVALID,
    },
    rows=tencent.ROWS,
)

FORMATS: tuple[Format, ...] = (
    json_document(
        "440000-status-v1",
        family="tencent",
        content="answer to a query for one person",
        envelope=tencent.envelope("0"),
        record=STATUS,
    ),
)
