"""450000 Guangxi (广西壮族自治区), 广西健康码: prints its data source on the code.

``450000-panel-v1`` is a list of records from access panels. The ordinals are those of a device, not
of risk: **1 is red, 2 green, 3 yellow**. The printed source names who speaks in brackets; panels
hand on codes of other members too, and those are refused.

Basis: public fragment. The ordinals come from a device vendor's published enumeration, the printed
source from the text of a published picture; that the two come together, and the field names, are
designed.

>>> from adapters.members.m450000_guangxi import FORMATS
>>> payload = (
...     '[{"certType":"NI","certNo":"510102190402290011","healthStatus":0,'
...     '"dataSource":"国家政务服务平台（广西壮族自治区）‖广西大数据发展局",'
...     '"checkTime":"2022/4/1 8:00:00","area":"51"}]'
... )
>>> FORMATS[0].decode(payload.encode(), 1648771200000, {})[0].health_code.level.name
'UNSPECIFIED'
"""

from adapters.base import Format
from adapters.families.json_document import RECORDS, Envelope, json_document
from adapters.id_types import GATE
from adapters.record import Field, Record, Role, Row
from exchange.core.health_code import Level, State


def _speaker(source: str) -> str | None:
    """Read who speaks out of a printed source: what stands in its first full-width brackets."""
    name, closed, _ = source.partition("（")[2].partition("）")
    return "450000" if closed and name.startswith("广西") else None


PANEL = Record(
    fields=(
        Field("certType", Role.DOCUMENT_TYPE, required=True),
        Field("certNo", Role.DOCUMENT_NUMBER, required=True),
        Field("healthStatus", Role.STATUS, required=True),
        Field(
            "dataSource",
            Role.ISSUER,
            required=True,
            written="国家政务服务平台（广西壮族自治区）‖广西大数据发展局",
            accepts=_speaker,
        ),
        Field("checkTime", Role.AS_OF, required=True, time="slash"),
        Field("area", Role.REGION, region="2"),
        Field("personName", Role.DROPPED),
    ),
    id_types=GATE,
    rows=(
        Row(0, Level.UNSPECIFIED),
        Row(1, Level.HIGH),
        Row(2, Level.LOW),
        Row(3, Level.MEDIUM),
        Row(4, State.EXPIRED),
    ),
)

FORMATS: tuple[Format, ...] = (
    json_document(
        "450000-panel-v1",
        family="gate-ordinal",
        content="list of records from access panels",
        envelope=Envelope(template=RECORDS),
        record=PANEL,
    ),
)
