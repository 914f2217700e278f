"""130000 Hebei (河北省), 河北健康码: the national answer handed on, with symptoms and tests.

``130000-relay-v1`` holds a JSON text inside JSON, with one report for each province. Hebei speaks
for itself only: reports of other members are refused in their places. Declared symptoms and the
latest nucleic and antibody tests belong to the person and go into every health code.

Basis: public fragment. Field names, symptom codes and levels come from the code of a public client;
``cardId``, ``cardType``, ``xzqh``, ``bgsj`` and ``yy`` are designed, because the public answer is
masked and has no dates. That client hid every error as load and showed unlisted levels as high;
neither is done here.

>>> from adapters.members.m130000_hebei import FORMATS
>>> content = (
...     '{"data":{"person":{"cardType":"10","cardId":"510102190402290011"},"healthyReport":'
...     '[{"xzqh":"13","healthyStaus":"00","bgsj":"2022-04-01 08:00:00"}],'
...     '"yqReports":[{"symptom":"1"}]}}'
... )
>>> import json
>>> payload = json.dumps({"errcode": 0, "errmsg": "", "content": content})
>>> FORMATS[0].decode(payload.encode(), 1648771200000, {})[0].health_code.level.name
'LOW'
"""

from adapters.base import Format
from adapters.families import relay
from adapters.families.json_document import json_document
from adapters.holds import Marks
from adapters.id_types import TENCENT
from adapters.record import Field, Record, Role
from exchange.core.health_code import Hold, TestKind, TestResult

RELAY = Record(
    path=relay.PATH,
    fields=(
        *relay.PERSON,
        Field("healthyReport.xzqh", Role.ISSUER, required=True, written="13"),
        *relay.REPORT,
        Field("yqReports.symptom", Role.HOLD),
        Field("hsjc.hsjcjg", Role.TEST_RESULT),
        Field("hsjc.hsjcjgmc", Role.LABORATORY),
        Field("hsjc.hsjcsj", Role.RESULT_TIME, time="bj"),
        Field("ktjc.ktjcjg", Role.TEST_RESULT, test=TestKind.ANTIBODY),
        Field("ktjc.ktjcjgmc", Role.LABORATORY, test=TestKind.ANTIBODY),
        Field("ktjc.ktjcsj", Role.RESULT_TIME, time="bj", test=TestKind.ANTIBODY),
        Field("yqReports.phone", Role.DROPPED),
        Field("yqReports.temperature", Role.DROPPED),
    ),
    id_types=TENCENT,
    results={
        "阴性": TestResult.NEGATIVE,
        "阳性": TestResult.POSITIVE,
        "待出结果": TestResult.PENDING,
        "作废": TestResult.INVALID,
    },
    rows=relay.ROWS,
    holds=Marks(
        {
            "2": Hold("SYMPTOM_2", "发热乏力咳嗽等感冒样症状"),
            "3": Hold("SYMPTOM_3", "呼吸困难"),
            "4": Hold("SYMPTOM_4", "恶心腹泻"),
            "5": Hold("SYMPTOM_5", "心慌胸闷"),
            "6": Hold("SYMPTOM_6", "结膜炎"),
            "7": Hold("SYMPTOM_7", "其他症状"),
        },
        separator="^",
        none="1",
    ),
)

FORMATS: tuple[Format, ...] = (
    json_document(
        "130000-relay-v1",
        family="relay",
        content="relay of the national answer",
        envelope=relay.ENVELOPE,
        record=RELAY,
    ),
)
