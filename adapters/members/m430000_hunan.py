r"""430000 Hunan (湖南省), 湖南省居民健康卡: black means applied for and not yet issued.

``430000-card-v1`` is a batch of lines. Black is not worse than red: nothing is decided, so it is
PENDING (weak source). The byte of the delimiter also ends characters of GB18030, so a line is
decoded before it is cut.

Basis: designed; no public format was found, the notation was made up for the catalogue.

>>> from adapters.members.m430000_hunan import FORMATS
>>> payload = "510102190402290011^0^01^202204010800^202204082359^510100^^^\r\n"
>>> FORMATS[0].decode(payload.encode("gb18030"), 1648771200000, {})[0].health_code.level.name
'LOW'
"""

from adapters.base import Format
from adapters.families.delimited import delimited
from adapters.id_types import DIGIT0
from adapters.record import Field, Record, Role, Row
from exchange.core.health_code import Level, State

CARD = Record(
    fields=(
        Field("KH", Role.DOCUMENT_NUMBER, required=True),
        Field("LX", Role.DOCUMENT_TYPE, required=True),
        Field("YS", Role.STATUS, required=True),
        Field("SJ", Role.AS_OF, required=True, time="compact12"),
        Field("YXQ", Role.VALID_UNTIL, time="compact12"),
        Field("DQ", Role.REGION),
        Field("SM", Role.REASON),
        Field("TS", Role.GUIDANCE),
        Field("XM", Role.DROPPED),
    ),
    id_types=DIGIT0,
    rows=(
        Row("01", Level.LOW),
        Row("02", Level.MEDIUM),
        Row("03", Level.HIGH),
        Row("04", State.PENDING),
    ),
)

FORMATS: tuple[Format, ...] = (
    delimited(
        "430000-card-v1",
        family="delimited",
        content="batch of resident health cards",
        record=CARD,
        delimiter="^",
        codec="gb18030",
        line_end="\r\n",
    ),
)
