"""540000 Tibet (西藏自治区), 西藏健康码: little is public.

``540000-fixed-v1`` is a batch of lines with cells of fixed widths in bytes; a longer text is cut at
a whole character, a line may end early, and what lies beyond the last cell is ignored.

Basis: designed; no public format was found, the notation was made up for the catalogue.

>>> from adapters.members.m540000_tibet import FORMATS
>>> payload = f"{'1111510102190402290011':44}202204010800202204085101"
>>> FORMATS[0].decode(payload.encode("gb18030"), 1648771200000, {})[0].health_code.region
'510100'
"""

from adapters.base import Format
from adapters.families.fixed_width import fixed_width
from adapters.id_types import GAT
from adapters.record import Field, Record, Role, Row
from exchange.core.health_code import Level, State

FIXED = Record(
    fields=(
        Field("JKM", Role.STATUS, required=True, width=1),
        Field("ZJLX", Role.DOCUMENT_TYPE, required=True, width=3),
        Field("ZJHM", Role.DOCUMENT_NUMBER, required=True, width=40),
        Field("SJ", Role.AS_OF, required=True, time="compact12", width=12),
        Field("YXQ", Role.VALID_UNTIL, time="date8", width=8),
        Field("QH", Role.REGION, region="2|4", width=4),
        Field("YY", Role.REASON, width=40),
        Field("XM", Role.DROPPED, width=20),
    ),
    id_types=GAT,
    rows=(
        Row("1", Level.LOW),
        Row("3", Level.MEDIUM),
        Row("5", Level.HIGH),
        Row("0", State.PENDING),
    ),
)

FORMATS: tuple[Format, ...] = (
    fixed_width(
        "540000-fixed-v1",
        family="fixed-width",
        content="batch",
        record=FIXED,
    ),
)
