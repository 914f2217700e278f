r"""120000 Tianjin (天津市), 天津健康码: green, orange and red; there is no yellow.

``120000-pipe-v1`` is the daily file of lines between a header and a trailer with the count. Orange
stands where others have yellow, so it is MEDIUM. The date in the header is not used.

Basis: designed; no public format was found, the notation was made up for the catalogue.

>>> from adapters.members.m120000_tianjin import FORMATS
>>> payload = (
...     "HDR|120000|20220401|1\n"
...     "1|510102190402290011|G|20220401080000|20220408|510100||\n"
...     "TRL|1\n"
... )
>>> FORMATS[0].decode(payload.encode(), 1648771200000, {})[0].health_code.level.name
'LOW'
"""

from adapters.base import Format
from adapters.families.delimited import delimited
from adapters.families.framed import DelimitedFrame
from adapters.id_types import DIGIT
from adapters.record import Field, Record, Role, Row
from exchange.core.health_code import Level, State

PIPE = Record(
    fields=(
        Field("zjlx", Role.DOCUMENT_TYPE, required=True),
        Field("zjhm", Role.DOCUMENT_NUMBER, required=True),
        Field("ms", Role.STATUS, required=True),
        Field("pdsj", Role.AS_OF, required=True, time="compact"),
        Field("yxrq", Role.VALID_UNTIL, time="date8"),
        Field("xzqh", Role.REGION),
        Field("yy", Role.REASON),
        Field("xm", Role.DROPPED),
    ),
    id_types=DIGIT,
    rows=(
        Row("G", Level.LOW),
        Row("O", Level.MEDIUM),
        Row("R", Level.HIGH),
        Row("C", State.WITHDRAWN),
    ),
)

FORMATS: tuple[Format, ...] = (
    delimited(
        "120000-pipe-v1",
        family="delimited",
        content="daily file",
        record=PIPE,
        delimiter="|",
        frame=DelimitedFrame("|"),
    ),
)
