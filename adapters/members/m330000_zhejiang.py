r"""330000 Zhejiang (浙江省), 浙江健康码: the first province with a code.

``330000-mzt-v1`` answers a query with a list inside a text inside the answer; an empty list means
*unknown* and is never green. ``330000-soap-v1`` is the answer of a city (Shaoxing) that the
province hands on and answers for. ``330000-ry-v1`` is the daily file of red and yellow.

Basis: of the first a public fragment: ``code``, the embedded ``datas``, ``mzt``, ``sfzh`` and the
empty list come from public calling code; colour words, time, region and reason are designed. Of the
second a public fragment: ``CodeStatus``, ``StatusReason``, ``Name``, the code 200 and the capital X
come from public calling code of a city (which city is inferred); the values and the time are
designed. The third is designed; no public format was found, the notation was made up for the
catalogue.

>>> from adapters.members.m330000_zhejiang import FORMATS
>>> payload = (
...     r'{"code":"00","msg":"","datas":"{\"data\":[{\"sfzh\":\"510102190402290011\",'
...     r'\"mzt\":\"绿码\",\"tjsj\":1648771200000,\"xzqh\":\"510100\"}]}"}'
... )
>>> FORMATS[0].decode(payload.encode(), 1648771200000, {})[0].health_code.native_status
'绿码'
"""

from adapters.base import Format
from adapters.families import ry_file
from adapters.families.json_document import RECORDS, Envelope, Text, json_document
from adapters.families.ndjson import ndjson
from adapters.families.xml_document import Answer, Soap, xml_answer
from adapters.id_types import GAT
from adapters.record import Field, Record, Role, Row
from exchange.core.health_code import Level
from exchange.core.outcome import Reason

MZT_ENVELOPE = Envelope(
    template={"code": "00", "msg": "", "datas": Text({"data": RECORDS})},
    code="code",
    nothing=Reason.NO_RECORD,
)

MZT = Record(
    path="datas.data",
    fields=(
        Field("sfzh", Role.DOCUMENT_NUMBER, required=True),
        Field("mzt", Role.STATUS, required=True),
        Field("tjsj", Role.AS_OF, required=True, time="ms"),
        Field("xzqh", Role.REGION),
        Field("myy", Role.REASON),
        Field("xm", Role.DROPPED),
    ),
    rows=(
        Row("绿码", Level.LOW),
        Row("黄码", Level.MEDIUM),
        Row("红码", Level.HIGH),
    ),
)

CITY_SOAP = Soap(
    envelope_namespace="http://schemas.xmlsoap.org/soap/envelope/",
    reply="InvokeResponse",
    reply_namespace="urn:healthcode:city",
    result="InvokeResult",
)

CITY_ANSWER = Answer(
    root="Response",
    code="Code",
    success="200",
    no_record=("404",),
    container="Data",
    path="Response.",
)

CITY = Record(
    path="Response.Data",
    fields=(
        Field("IDCard", Role.DOCUMENT_NUMBER, required=True),
        Field("CodeStatus", Role.STATUS, required=True),
        Field("StatusReason", Role.REASON),
        Field("StatusTime", Role.AS_OF, required=True, time="bj"),
        Field("Region", Role.REGION),
        Field("Name", Role.DROPPED),
    ),
    rows=(
        Row("GREEN", Level.LOW),
        Row("YELLOW", Level.MEDIUM),
        Row("RED", Level.HIGH),
    ),
    region="330600",
)

RED_YELLOW = Record(
    fields=(
        Field("zjlx", Role.DOCUMENT_TYPE, required=True),
        Field("zjhm", Role.DOCUMENT_NUMBER, required=True),
        Field("ys", Role.STATUS, required=ry_file.when_put("czlx")),
        Field("czlx", Role.STATUS, required=True),
        Field("sj", Role.AS_OF, required=True, time="ms"),
        Field("xzqh", Role.REGION, region="2|4"),
        Field("yy", Role.REASON),
        Field("gz", Role.RULE),
        Field("xm", Role.DROPPED),
    ),
    id_types=GAT,
    rows=ry_file.rows(yellow="yellow", red="red"),
    blame=("czlx", "ys"),
)

FORMATS: tuple[Format, ...] = (
    json_document(
        "330000-mzt-v1",
        family="datas",
        content="answer to a query for one person",
        envelope=MZT_ENVELOPE,
        record=MZT,
    ),
    xml_answer(
        "330000-soap-v1",
        family="soap",
        content="answer of a city, handed on by the province",
        answer=CITY_ANSWER,
        record=CITY,
        soap=CITY_SOAP,
    ),
    ndjson(
        "330000-ry-v1",
        family="ry-file",
        content="daily file of red and yellow",
        record=RED_YELLOW,
    ),
)
