"""460000 Hainan (海南省), 海南健康码: little is public.

``460000-xml-v1`` is a batch with one element for each person and the values in attributes. The
digits fall as the risk rises: 2 green, 1 yellow, 0 red.

Basis: designed; no public format was found, the notation was made up for the catalogue.

>>> from adapters.members.m460000_hainan import FORMATS
>>> payload = (
...     '<?xml version="1.0" encoding="UTF-8"?><healthCodes><hc type="SFZ"'
...     ' number="510102190402290011" status="2" time="2022-04-01T08:00:00+08:00"'
...     ' until="2022-04-08T23:59:59+08:00" region="510100"/></healthCodes>'
... )
>>> FORMATS[0].decode(payload.encode(), 1648771200000, {})[0].health_code.level.name
'LOW'
"""

from adapters.base import Format
from adapters.families.xml_document import xml_attributes
from adapters.id_types import SHORT
from adapters.record import Field, Record, Role, Row
from exchange.core.health_code import Level

BATCH = Record(
    path="hc",
    fields=(
        Field("type", Role.DOCUMENT_TYPE, required=True),
        Field("number", Role.DOCUMENT_NUMBER, required=True),
        Field("status", Role.STATUS, required=True),
        Field("time", Role.AS_OF, required=True, time="iso"),
        Field("until", Role.VALID_UNTIL, time="iso"),
        Field("region", Role.REGION),
        Field("reason", Role.REASON),
        Field("name", Role.DROPPED),
    ),
    id_types=SHORT,
    rows=(
        Row("2", Level.LOW),
        Row("1", Level.MEDIUM),
        Row("0", Level.HIGH),
    ),
)

FORMATS: tuple[Format, ...] = (
    xml_attributes(
        "460000-xml-v1",
        family="xml-attributes",
        content="batch",
        root="healthCodes",
        element="hc",
        record=BATCH,
    ),
)
