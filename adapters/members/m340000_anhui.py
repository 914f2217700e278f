"""340000 Anhui (安徽省), 安康码: the first entry into the province is yellow.

``340000-status-v1`` answers a query for one person. Grade 01 at a first entry means *not yet
assessed*, so it is PENDING and no risk. The app can be switched to the national code
(``code_source``), which is then not Anhui's statement. ``340000-ry-v1`` is the daily file of red
and yellow, with cells of fixed widths in bytes between a header and a trailer with the count.

Basis: designed; no public format was found, both notations were made up for the catalogue.

>>> from adapters.members.m340000_anhui import FORMATS
>>> payload = (
...     '{"errcode":"0","errmsg":"SUCCESS","requestId":"0","data":{"cid_type":"10",'
...     '"cid":"510102190402290011","risk_assessment_grade":"00","report_expired":false,'
...     '"report_date":"2022-04-01 08:00:00","report_valid_date":"2022-04-08 23:59:59",'
...     '"living_address":{"province_code":"51","city_code":"5101"},"code_source":"akm"}}'
... )
>>> FORMATS[0].decode(payload.encode(), 1648771200000, {})[0].health_code.region
'510100'
"""

from adapters.base import Format
from adapters.families import ry_file, tencent
from adapters.families.fixed_width import fixed_width
from adapters.families.framed import FixedFrame
from adapters.families.json_document import json_document
from adapters.id_types import DIGIT0, TENCENT
from adapters.record import ANY, Field, Record, Role, Row
from exchange.core.health_code import Level, State

# A lapsed declaration is written with grade 01, so this row stands before its siblings.
STATUS = Record(
    path="data",
    fields=(
        Field("cid_type", Role.DOCUMENT_TYPE, required=True),
        Field("cid", Role.DOCUMENT_NUMBER, required=True),
        *tencent.STATUS,
        Field("first_entry", Role.STATUS),
        Field("code_source", Role.ISSUER, written="akm"),
        *tencent.DROPPED,
    ),
    id_types=TENCENT,
    rows=(
        Row(("00", False, ANY), Level.LOW),
        Row(("01", False, "1"), State.PENDING),
        Row(("01", False, ANY), Level.MEDIUM),
        Row(("10", False, ANY), Level.HIGH),
        Row(("01", True, ANY), State.EXPIRED),
        Row(("00", True, ANY), State.EXPIRED),
        Row(("10", True, ANY), State.EXPIRED),
    ),
)

RED_YELLOW = Record(
    fields=(
        Field("ZJLX", Role.DOCUMENT_TYPE, required=True, width=2),
        Field("ZJHM", Role.DOCUMENT_NUMBER, required=True, width=40),
        Field("MS", Role.STATUS, required=ry_file.when_put("CZ"), width=1),
        Field("CZ", Role.STATUS, required=True, width=1),
        Field("SJ", Role.AS_OF, required=True, time="compact", width=14),
        Field("XZQH", Role.REGION, width=6),
        Field("YY", Role.REASON, width=60),
        Field("XM", Role.DROPPED, width=20),
    ),
    id_types=DIGIT0,
    rows=ry_file.rows(yellow="Y", red="R"),
    blame=("CZ", "MS"),
)

FORMATS: tuple[Format, ...] = (
    json_document(
        "340000-status-v1",
        family="tencent",
        content="answer to a query for one person",
        envelope=tencent.envelope("0"),
        record=STATUS,
    ),
    fixed_width(
        "340000-ry-v1",
        family="ry-file",
        content="daily file of red and yellow",
        record=RED_YELLOW,
        frame=FixedFrame(),
    ),
)
