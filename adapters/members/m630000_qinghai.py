"""630000 Qinghai (青海省), 信康码: two ways of recognition.

``630000-alipay-v1`` answers a query for one person through a payment app's open interface. Without
a time of refresh the answer was computed for this call, so the receiving instant stands in for it.
The fourth colour ``init`` means under review.

Basis: designed; no public format was found, the notation was made up for the catalogue.

>>> from adapters.members.m630000_qinghai import FORMATS
>>> payload = (
...     '{"alipay_ebpp_industry_gov_healthcode_query_response":{"code":"10000","msg":"Success",'
...     '"cert_type":"IDENTITY_CARD","cert_no":"510102190402290011","code_color":"green",'
...     '"refresh_time":"2022-04-01T08:00:00+08:00","city_code":"5101"},"sign":"dGVzdA=="}'
... )
>>> FORMATS[0].decode(payload.encode(), 1648771200000, {})[0].health_code.region
'510100'
"""

from adapters.base import Format
from adapters.families import alipay
from adapters.families.json_document import json_document
from adapters.id_types import ALIPAY
from adapters.record import Field, Record, Role, Row
from exchange.core.health_code import Level, State

STATUS = Record(
    path=alipay.PATH,
    fields=(
        Field("cert_type", Role.DOCUMENT_TYPE, required=True),
        Field("cert_no", Role.DOCUMENT_NUMBER, required=True),
        Field("code_color", Role.STATUS, required=True),
        Field("refresh_time", Role.AS_OF, time="iso"),
        Field("city_code", Role.REGION, region="2|4"),
        Field("code_reason", Role.REASON),
        Field("user_name", Role.DROPPED),
    ),
    id_types=ALIPAY,
    rows=(
        Row("green", Level.LOW),
        Row("yellow", Level.MEDIUM),
        Row("red", Level.HIGH),
        Row("init", State.PENDING),
    ),
    as_of_received=True,
)

FORMATS: tuple[Format, ...] = (
    json_document(
        "630000-alipay-v1",
        family="alipay",
        content="answer to a query for one person",
        envelope=alipay.ENVELOPE,
        record=STATUS,
    ),
)
