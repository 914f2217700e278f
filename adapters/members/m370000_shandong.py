"""370000 Shandong (山东省), 山东省电子健康通行码: a yellow card may only have expired.

``370000-card-v1`` is a list of electronic pass cards. Yellow has two meanings that only the reason
code tells apart: with ``99`` the card has expired and is to be declared again, which is no risk.
For green and red the code is not looked at. The gold skin shows vaccination and is never a colour.

Basis: designed; no public format was found, the notation was made up for the catalogue.

>>> from adapters.members.m370000_shandong import FORMATS
>>> payload = (
...     '{"status":"success","records":[{"zjlx":"01","zjhm":"510102190402290011","txkys":"绿",'
...     '"sbsj":"2022-04-01 08:00:00","yxqz":"2022-04-08","xzqh":"510100"}]}'
... )
>>> FORMATS[0].decode(payload.encode(), 1648771200000, {})[0].health_code.native_status
'绿'
"""

from adapters.base import Format
from adapters.families.json_document import RECORDS, Envelope, json_document
from adapters.id_types import WS
from adapters.record import ANY, Field, Record, Role, Row
from exchange.core.health_code import Level, State

ENVELOPE = Envelope(template={"status": "success", "records": RECORDS}, code="status")

CARD = Record(
    path="records",
    fields=(
        Field("zjlx", Role.DOCUMENT_TYPE, required=True),
        Field("zjhm", Role.DOCUMENT_NUMBER, required=True),
        Field("txkys", Role.STATUS, required=True),
        Field("yydm", Role.STATUS),
        Field("sbsj", Role.AS_OF, required=True, time="bj"),
        Field("yxqz", Role.VALID_UNTIL, time="date"),
        Field("xzqh", Role.REGION),
        Field("yy", Role.REASON),
        Field("ymjc", Role.DOSES),
        Field("ymrq", Role.LAST_DOSE_DATE, time="date8"),
        Field("skin", Role.DROPPED),
        Field("xm", Role.DROPPED),
        Field("sjh", Role.DROPPED),
    ),
    id_types=WS,
    rows=(
        Row(("绿", ANY), Level.LOW),
        Row(("黄", ""), Level.MEDIUM),
        Row(("红", ANY), Level.HIGH),
        Row(("黄", "01"), Level.MEDIUM, native_status="黄/01"),
        Row(("黄", "99"), State.EXPIRED, native_status="黄/99"),
    ),
)

FORMATS: tuple[Format, ...] = (
    json_document(
        "370000-card-v1",
        family="pinyin-json",
        content="list of electronic pass cards",
        envelope=ENVELOPE,
        record=CARD,
    ),
)
