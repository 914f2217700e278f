"""530000 Yunnan (云南省), 云南健康码 and 云南抗疫情: a code, and scanning in at places.

``530000-dual-v1`` is a stream of the records of both tools. A scan (``KYQ``) says where somebody
is, not how ill: it is a statement without a level, even if a colour stands in it.

Basis: designed; no public format was found, the notation was made up for the catalogue.

>>> from adapters.members.m530000_yunnan import FORMATS
>>> payload = (
...     '{"kind":"JKM","zjlx":"1","zjhm":"510102190402290011","colour":"green",'
...     '"time":1648771200,"xzqh":"510100"}'
... )
>>> FORMATS[0].decode(payload.encode(), 1648771200000, {})[0].health_code.native_status
'green'
"""

from adapters.base import Format
from adapters.families.ndjson import ndjson
from adapters.id_types import DIGIT
from adapters.record import ANY, Field, Record, Role, Row, When
from exchange.core.health_code import Level

DUAL = Record(
    fields=(
        Field("kind", Role.STATUS, required=True),
        Field("zjlx", Role.DOCUMENT_TYPE, required=True),
        Field("zjhm", Role.DOCUMENT_NUMBER, required=True),
        Field("colour", Role.STATUS, required=When("kind", "JKM")),
        Field("time", Role.AS_OF, required=True, time="s"),
        Field("xzqh", Role.REGION),
        Field("note", Role.REASON),
        Field("xm", Role.DROPPED),
        Field("place", Role.DROPPED),
    ),
    id_types=DIGIT,
    rows=(
        Row(("JKM", "green"), Level.LOW, native_status="green"),
        Row(("JKM", "yellow"), Level.MEDIUM, native_status="yellow"),
        Row(("JKM", "red"), Level.HIGH, native_status="red"),
        Row(("KYQ", ANY), Level.UNSPECIFIED),
    ),
)

FORMATS: tuple[Format, ...] = (
    ndjson(
        "530000-dual-v1",
        family="ndjson",
        content="stream of records of two tools",
        record=DUAL,
    ),
)
