"""110000 Beijing (北京市), 北京健康宝: words instead of colours, with numbered pop-ups over them.

``110000-words-v1`` answers a query for one person. Five pop-ups, each a reason with its own way
out, can stand over any of the words and never change the level; they are written as circled digits
one after another. The member keeps its answers for four hours, and so long do they hold. Days since
a test are a rule of display and never carried.

Basis: designed; no public format was found, the notation was made up for the catalogue.

>>> from adapters.members.m110000_beijing import FORMATS
>>> payload = (
...     '{"code":200,"msg":"","data":{"zjlx":"01","zjhm":"510102190402290011","jkzt":"未见异常",'
...     '"pdsj":"2022年04月01日 08时00分","xzqh":"510100"}}'
... )
>>> FORMATS[0].decode(payload.encode(), 1648771200000, {})[0].health_code.level.name
'LOW'
"""

from adapters.base import Format
from adapters.families.json_document import RECORD, Envelope, json_document
from adapters.holds import Marks
from adapters.id_types import WS
from adapters.record import Field, Record, Role, Row, Validity
from exchange.core.health_code import Hold, Level, TestResult

ENVELOPE = Envelope(
    template={"code": 200, "msg": "", "data": RECORD},
    code="code",
    no_record=("404",),
)

WORDS = Record(
    path="data",
    fields=(
        Field("zjlx", Role.DOCUMENT_TYPE, required=True),
        Field("zjhm", Role.DOCUMENT_NUMBER, required=True),
        Field("jkzt", Role.STATUS, required=True),
        Field("pdsj", Role.AS_OF, required=True, time="cn"),
        Field("tc", Role.HOLD),
        Field("xzqh", Role.REGION),
        Field("hsjg", Role.TEST_RESULT),
        Field("cysj", Role.SAMPLE_TIME, time="bj"),
        Field("jgsj", Role.RESULT_TIME, time="bj"),
        Field("jcjg", Role.LABORATORY),
        Field("hsts", Role.DROPPED),
        Field("cxsj", Role.DROPPED),
        Field("xm", Role.DROPPED),
    ),
    id_types=WS,
    results={
        "阴性": TestResult.NEGATIVE,
        "阳性": TestResult.POSITIVE,
        "检测中": TestResult.PENDING,
        "无效": TestResult.INVALID,
    },
    rows=(
        Row("未见异常", Level.LOW),
        Row("居家观察", Level.MEDIUM),
        Row("集中观察", Level.HIGH),
    ),
    holds=Marks(
        {
            "①": Hold("POPUP_1", "14日内到访过有本土病例的县区"),
            "②": Hold("POPUP_2", "入境集中隔离期内"),
            "③": Hold("POPUP_3", "时空关联待人工判定"),
            "④": Hold("POPUP_4", "未按要求完成核酸检测"),
            "⑤": Hold("POPUP_5", "14日内到访过陆地边境县区"),
        }
    ),
    validity=Validity(hours=4),
)

FORMATS: tuple[Format, ...] = (
    json_document(
        "110000-words-v1",
        family="words",
        content="answer to a query for one person",
        envelope=ENVELOPE,
        record=WORDS,
    ),
)
