"""640000 Ningxia (宁夏回族自治区), 宁夏防疫健康码: little is public.

``640000-soap-v1`` answers a query for one person in SOAP 1.2; the result element holds a second XML
text, escaped. The digits fall as the risk rises: 3 green, 2 yellow, 1 red, 0 lapsed.

Basis: designed; no public format was found, the notation was made up for the catalogue.

>>> from adapters.members.m640000_ningxia import FORMATS
>>> inner = (
...     "<Response><Code>200</Code><Data><CertType>111</CertType>"
...     "<CertNo>510102190402290011</CertNo><CodeStatus>3</CodeStatus>"
...     "<StatusTime>2022年04月01日 08时00分</StatusTime><ValidDate>2022-04-08</ValidDate>"
...     "<AreaCode>510100</AreaCode></Data></Response>"
... )
>>> FORMATS[0].decode(SOAP.write(inner).encode(), 1648771200000, {})[0].health_code.level.name
'LOW'
"""

from adapters.base import Format
from adapters.families.xml_document import Answer, Soap, xml_answer
from adapters.id_types import GAT
from adapters.record import Field, Record, Role, Row
from exchange.core.health_code import Level, State

SOAP = Soap(
    envelope_namespace="http://www.w3.org/2003/05/soap-envelope",
    reply="QueryResponse",
    reply_namespace="urn:healthcode:640000",
    result="QueryReturn",
)

ANSWER = Answer(
    root="Response",
    code="Code",
    success="200",
    no_record=("404",),
    container="Data",
    path="Response.",
)

STATUS = Record(
    path="Response.Data",
    fields=(
        Field("CertType", Role.DOCUMENT_TYPE, required=True),
        Field("CertNo", Role.DOCUMENT_NUMBER, required=True),
        Field("CodeStatus", Role.STATUS, required=True),
        Field("StatusReason", Role.REASON),
        Field("Guide", Role.GUIDANCE),
        Field("StatusTime", Role.AS_OF, required=True, time="cn"),
        Field("ValidDate", Role.VALID_UNTIL, time="date"),
        Field("AreaCode", Role.REGION),
        Field("Name", Role.DROPPED),
    ),
    id_types=GAT,
    rows=(
        Row("3", Level.LOW),
        Row("2", Level.MEDIUM),
        Row("1", Level.HIGH),
        Row("0", State.EXPIRED),
    ),
)

FORMATS: tuple[Format, ...] = (
    xml_answer(
        "640000-soap-v1",
        family="soap",
        content="answer to a query for one person",
        answer=ANSWER,
        record=STATUS,
        soap=SOAP,
    ),
)
