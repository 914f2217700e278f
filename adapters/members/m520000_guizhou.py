r"""520000 Guizhou (贵州省), 贵州健康码: little is public beyond the name.

``520000-csv-v1`` is the daily file. ``24:00:00`` closes a day there: it is read as 00:00:00 of the
next one, and never written.

Basis: designed; no public format was found, the notation was made up for the catalogue.

>>> from adapters.members.m520000_guizhou import FORMATS
>>> payload = (
...     "证件类型,证件号码,健康码状态,更新时间,有效截止,行政区划代码,说明,规则编号,"
...     "核酸结果,采样时间,检测机构,姓名,手机号\n"
...     "身份证,510102190402290011,绿码,2022-04-01 08:00:00,2022-04-08 23:59:59,5101,,,,,,,\n"
... )
>>> FORMATS[0].decode(payload.encode("gb18030"), 1648771200000, {})[0].health_code.region
'510100'
"""

from adapters.base import Format
from adapters.families.csv_file import csv_file
from adapters.id_types import WORDS
from adapters.record import Field, Record, Role, Row
from exchange.core.health_code import Level, State, TestResult

DAILY = Record(
    fields=(
        Field("证件类型", Role.DOCUMENT_TYPE, required=True),
        Field("证件号码", Role.DOCUMENT_NUMBER, required=True),
        Field("健康码状态", Role.STATUS, required=True),
        Field("更新时间", Role.AS_OF, required=True, time="bj24"),
        Field("有效截止", Role.VALID_UNTIL, time="bj24"),
        Field("行政区划代码", Role.REGION, region="2|4"),
        Field("说明", Role.REASON),
        Field("规则编号", Role.RULE),
        Field("核酸结果", Role.TEST_RESULT),
        Field("采样时间", Role.SAMPLE_TIME, time="bj24"),
        Field("检测机构", Role.LABORATORY),
        Field("姓名", Role.DROPPED),
        Field("手机号", Role.DROPPED),
    ),
    id_types=WORDS,
    results={
        "阴": TestResult.NEGATIVE,
        "阳": TestResult.POSITIVE,
        "待查": TestResult.PENDING,
        "作废": TestResult.INVALID,
    },
    rows=(
        Row("绿码", Level.LOW),
        Row("黄码", Level.MEDIUM),
        Row("红码", Level.HIGH),
        Row("失效", State.EXPIRED),
        Row("注销", State.WITHDRAWN),
    ),
)

FORMATS: tuple[Format, ...] = (
    csv_file(
        "520000-csv-v1",
        family="csv",
        content="daily file",
        record=DAILY,
        codec="gb18030",
    ),
)
