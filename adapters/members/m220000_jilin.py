"""220000 Jilin (吉林省), 吉祥码: four colours, sealed.

``220000-sealed-v1`` is a list of records, encrypted and authenticated in an envelope. The dynamic
QR picture expires within minutes; that is not the validity of the statement, which has none.

Basis: designed; no public format was found, the notation was made up for the catalogue.

>>> from adapters.members.m220000_jilin import RECORDS_INSIDE
>>> inner = (
...     '{"code":"000000","data":[{"certType":"SFZ","certNo":"510102190402290011","color":"G",'
...     '"assessTime":"2022-04-01 08:00:00","areaCode":"510100"}]}'
... )
>>> RECORDS_INSIDE.decode(inner.encode(), 1648771200000, {})[0].health_code.native_status
'G'
"""

from adapters.base import Format
from adapters.families.json_document import RECORDS, Envelope, json_document
from adapters.families.sealed import sealed
from adapters.id_types import SHORT
from adapters.record import Field, Record, Role, Row
from exchange.core.health_code import Level

COLOUR = Record(
    path="data",
    fields=(
        Field("certType", Role.DOCUMENT_TYPE, required=True),
        Field("certNo", Role.DOCUMENT_NUMBER, required=True),
        Field("color", Role.STATUS, required=True),
        Field("assessTime", Role.AS_OF, required=True, time="bj"),
        Field("areaCode", Role.REGION),
        Field("reason", Role.REASON),
        Field("expireTime", Role.DROPPED),
        Field("expireTimeNumber", Role.DROPPED),
        Field("name", Role.DROPPED),
    ),
    id_types=SHORT,
    rows=(
        Row("G", Level.LOW),
        Row("Y", Level.MEDIUM),
        Row("O", Level.ELEVATED),
        Row("R", Level.HIGH),
    ),
)

RECORDS_INSIDE = json_document(
    "220000-sealed-v1",
    family="sealed",
    content="sealed list of records",
    envelope=Envelope(template={"code": "000000", "data": RECORDS}, code="code"),
    record=COLOUR,
)
"""What an envelope holds."""

FORMATS: tuple[Format, ...] = (sealed(RECORDS_INSIDE, "FourColorQRAPP"),)
