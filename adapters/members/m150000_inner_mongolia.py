"""150000 Inner Mongolia (内蒙古自治区), 内蒙古健康码: little is public.

``150000-form-v1`` answers a query for one person in the encoding of web forms, with the colour in
pinyin. Grey (``hui``) is being checked: nothing is decided, so there is no level.

Basis: designed; no public format was found, the notation was made up for the catalogue.

>>> from adapters.members.m150000_inner_mongolia import FORMATS
>>> payload = (
...     "rc=0&zjlx=01&zjhm=510102190402290011&ys=lv&pdsj=20220401080000&yxq=20220408&xzqh=5101"
... )
>>> FORMATS[0].decode(payload.encode(), 1648771200000, {})[0].health_code.native_status
'lv'
"""

from adapters.base import Format
from adapters.families.form import FormCode, form
from adapters.id_types import WS
from adapters.record import Field, Record, Role, Row
from exchange.core.health_code import Level, State

CODE = FormCode(key="rc", success="0", no_record=("1",))

FORM = Record(
    fields=(
        Field("zjlx", Role.DOCUMENT_TYPE, required=True),
        Field("zjhm", Role.DOCUMENT_NUMBER, required=True),
        Field("ys", Role.STATUS, required=True),
        Field("pdsj", Role.AS_OF, required=True, time="compact"),
        Field("yxq", Role.VALID_UNTIL, time="date8"),
        Field("xzqh", Role.REGION, region="2|4"),
        Field("yy", Role.REASON),
        Field("ts", Role.GUIDANCE),
        Field("xm", Role.DROPPED),
        Field("sjh", Role.DROPPED),
    ),
    id_types=WS,
    rows=(
        Row("lv", Level.LOW),
        Row("huang", Level.MEDIUM),
        Row("hong", Level.HIGH),
        Row("hui", State.PENDING),
    ),
)

FORMATS: tuple[Format, ...] = (
    form(
        "150000-form-v1",
        family="form",
        content="answer to a query for one person",
        code=CODE,
        record=FORM,
    ),
)
