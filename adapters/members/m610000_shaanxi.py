"""610000 Shaanxi (陕西省), 陕西健康码 and 西安一码通: a province and a city inside it.

``610000-status-v1`` answers a query for one person. ``610000-ymt-v1`` is the answer of Xi'an's own
city code, which the province hands on: it speaks for the province, and always from Xi'an. A test
that is not there says nothing: none was made in the last day, or the query was cut short.

Basis: designed; no public format was found, both notations were made up for the catalogue.

>>> from adapters.members.m610000_shaanxi import FORMATS
>>> payload = (
...     '{"flag":"1","info":"","data":{"certType":"IDENTITY_CARD",'
...     '"certNo":"510102190402290011","jkmys":"green","gxsj":"1648771200000",'
...     '"sxsj":"1649433599000","xzqh":"510100"}}'
... )
>>> FORMATS[0].decode(payload.encode(), 1648771200000, {})[0].health_code.native_status
'green'
>>> payload = (
...     '{"status":0,"message":"","result":{"idtype":"1","idnum":"510102190402290011",'
...     '"color":0,"updated":"20220401080000"}}'
... )
>>> FORMATS[1].decode(payload.encode(), 1648771200000, {})[0].health_code.region
'610100'
"""

from adapters.base import Format
from adapters.families.json_document import RECORD, Envelope, json_document
from adapters.id_types import ALIPAY, DIGIT
from adapters.record import Field, Record, Role, Row
from exchange.core.health_code import Level, State, TestResult

STATUS_ENVELOPE = Envelope(
    template={"flag": "1", "info": "", "data": RECORD},
    code="flag",
    no_record=("2",),
)

STATUS = Record(
    path="data",
    fields=(
        Field("certType", Role.DOCUMENT_TYPE, required=True),
        Field("certNo", Role.DOCUMENT_NUMBER, required=True),
        Field("jkmys", Role.STATUS, required=True),
        Field("gxsj", Role.AS_OF, required=True, time="ms_str"),
        Field("sxsj", Role.VALID_UNTIL, time="ms_str"),
        Field("xzqh", Role.REGION),
        Field("yy", Role.REASON),
        Field("gz", Role.RULE),
        Field("xm", Role.DROPPED),
    ),
    id_types=ALIPAY,
    rows=(
        Row("green", Level.LOW),
        Row("yellow", Level.MEDIUM),
        Row("red", Level.HIGH),
        Row("none", State.EXPIRED),
    ),
)

CITY_ENVELOPE = Envelope(
    template={"status": 0, "message": "", "result": RECORD},
    code="status",
    no_record=("4",),
)

CITY = Record(
    path="result",
    fields=(
        Field("idtype", Role.DOCUMENT_TYPE, required=True),
        Field("idnum", Role.DOCUMENT_NUMBER, required=True),
        Field("color", Role.STATUS, required=True),
        Field("updated", Role.AS_OF, required=True, time="compact"),
        Field("hs.jg", Role.TEST_RESULT),
        Field("hs.cy", Role.SAMPLE_TIME, time="compact"),
        Field("hs.sj", Role.RESULT_TIME, time="compact"),
        Field("realname", Role.DROPPED),
    ),
    id_types=DIGIT,
    results={
        "0": TestResult.NEGATIVE,
        "1": TestResult.POSITIVE,
        "2": TestResult.PENDING,
        "9": TestResult.INVALID,
    },
    rows=(
        Row(0, Level.LOW),
        Row(1, Level.MEDIUM),
        Row(2, Level.HIGH),
        Row(3, State.PENDING),
    ),
    region="610100",
)

FORMATS: tuple[Format, ...] = (
    json_document(
        "610000-status-v1",
        family="pinyin-json",
        content="answer to a query for one person",
        envelope=STATUS_ENVELOPE,
        record=STATUS,
    ),
    json_document(
        "610000-ymt-v1",
        family="pinyin-json",
        content="answer of the Xi'an city code, handed on by the province",
        envelope=CITY_ENVELOPE,
        record=CITY,
    ),
)
