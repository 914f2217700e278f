"""140000 Shanxi (山西省), 山西健康码: shown in a payment app, in the shape of its open interface.

``140000-alipay-v1`` answers a query for one person. The time of the assessment may be null: the
time of the response then stands in for it. The fourth colour, ``init``, means under review and is
no risk level.

Basis: public fragment. ``code_color``, ``refresh_time`` (nullable), ``city_code``, the colours and
``init`` come from a public SDK of the payment app; the document's fields, ``expire_time``,
``reason``, ``gmt_response`` and the error codes are designed.

>>> from adapters.members.m140000_shanxi import FORMATS
>>> payload = (
...     '{"alipay_ebpp_industry_gov_healthcode_query_response":{"code":"10000","msg":"Success",'
...     '"cert_type":"IDENTITY_CARD","cert_no":"510102190402290011","code_color":"green",'
...     '"refresh_time":"2022-04-01 08:00:00","expire_time":"2022-04-08 23:59:59",'
...     '"city_code":"510100"},"sign":"dGVzdA=="}'
... )
>>> FORMATS[0].decode(payload.encode(), 1648771200000, {})[0].health_code.native_status
'green'
"""

from adapters.base import Format
from adapters.families import alipay
from adapters.families.json_document import json_document
from adapters.id_types import ALIPAY
from adapters.record import Field, Record, Role, Row
from exchange.core.health_code import Level, State

COLOUR = Record(
    path=alipay.PATH,
    fields=(
        Field("cert_type", Role.DOCUMENT_TYPE, required=True),
        Field("cert_no", Role.DOCUMENT_NUMBER, required=True),
        Field("code_color", Role.STATUS, required=True),
        Field("refresh_time", Role.AS_OF, required=True, time="bj"),
        Field("expire_time", Role.VALID_UNTIL, time="bj"),
        Field("city_code", Role.REGION),
        Field("reason", Role.REASON),
        Field("gmt_response", Role.AS_OF_STAND_IN, time="bj"),
        Field("user_name", Role.DROPPED),
        Field("qr_code", Role.DROPPED),
    ),
    id_types=ALIPAY,
    rows=(
        Row("green", Level.LOW),
        Row("yellow", Level.MEDIUM),
        Row("red", Level.HIGH),
        Row("init", State.PENDING),
    ),
)

FORMATS: tuple[Format, ...] = (
    json_document(
        "140000-alipay-v1",
        family="alipay",
        content="answer to a query for one person",
        envelope=alipay.ENVELOPE,
        record=COLOUR,
    ),
)
