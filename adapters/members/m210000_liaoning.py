"""210000 Liaoning (辽宁省), 辽事通健康码: yellow turns green after 14 days of check-ins.

``210000-status-v1`` answers a query for one person: a grade, a declaration that can lapse
(``report_expired``) and the address in parts. Days of check-in never change a level here: only the
member says when yellow has become green. The expiry of the QR picture is not the validity of the
statement. Cities speak through the province.

Basis: designed; no public format was found, the notation was made up for the catalogue.

>>> from adapters.members.m210000_liaoning import FORMATS
>>> payload = (
...     '{"errcode":0,"errmsg":"SUCCESS","requestId":"0","data":{"certificate_type":"10",'
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

STATUS = Record(
    path="data",
    fields=(
        Field("certificate_type", Role.DOCUMENT_TYPE, required=True),
        Field("certificate_id", Role.DOCUMENT_NUMBER, required=True),
        *tencent.STATUS,
        Field("clock_days", Role.DROPPED),
        *tencent.DROPPED,
    ),
    id_types=TENCENT,
    rows=tencent.ROWS,
)

FORMATS: tuple[Format, ...] = (
    json_document(
        "210000-status-v1",
        family="tencent",
        content="answer to a query for one person",
        envelope=tencent.envelope(0),
        record=STATUS,
    ),
)
