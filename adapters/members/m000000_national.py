"""000000 National platform (国家政务服务平台), 防疫健康信息码: a level, and every report.

The platform passes on a risk level; the colour is made where it is shown. ``000000-level-v1``
answers a query for one person. Its ``11``, a close contact, is a larger number than the ``10`` of
red and yet less strict: orange. ``000000-relay-v1`` hands on what each province reported about one
person, one outcome a report, each with the reporting member as issuer; the platform is the only
member that may speak for others. A level that is not listed stays unknown, although the public
client showed it as high.

Basis: ``000000-level-v1`` is designed. ``000000-relay-v1`` rests on a public fragment: field names
and levels come from the code of a public client that shows the national answer; ``cardId``,
``cardType``, ``xzqh``, ``bgsj``, ``yy`` and the code 10 for high are designed, because the public
answer is masked and has no dates.

>>> from adapters.members.m000000_national import FORMATS
>>> payload = (
...     '{"retCode":"0","retMsg":"","result":{"cardType":"111","cardNo":"510102190402290011",'
...     '"riskLevel":"00","reportTime":"2022-04-01T08:00:00+08:00",'
...     '"validTime":"2022-04-08T23:59:59+08:00","areaCode":"510100"}}'
... )
>>> FORMATS[0].decode(payload.encode(), 1648771200000, {})[0].health_code.level.name
'LOW'
"""

from adapters.base import Format
from adapters.families import relay
from adapters.families.json_document import RECORD, Envelope, json_document
from adapters.id_types import GAT, TENCENT
from adapters.record import Field, Record, Role, Row
from exchange.core.health_code import Level, State
from exchange.core.members import MEMBERS

LEVEL_ENVELOPE = Envelope(
    template={"retCode": "0", "retMsg": "", "result": RECORD},
    code="retCode",
    no_record=("404",),
)

LEVEL = Record(
    path="result",
    fields=(
        Field("cardType", Role.DOCUMENT_TYPE, required=True),
        Field("cardNo", Role.DOCUMENT_NUMBER, required=True),
        Field("riskLevel", Role.STATUS, required=True),
        Field("reportTime", Role.AS_OF, required=True, time="iso"),
        Field("validTime", Role.VALID_UNTIL, time="iso"),
        Field("areaCode", Role.REGION),
        Field("reason", Role.REASON),
        Field("guide", Role.GUIDANCE),
        Field("ruleNo", Role.RULE),
        Field("userName", Role.DROPPED),
        Field("mobile", Role.DROPPED),
        Field("queryTime", Role.DROPPED),
    ),
    id_types=GAT,
    rows=(
        Row("00", Level.LOW),
        Row("01", Level.MEDIUM),
        Row("11", Level.ELEVATED),
        Row("10", Level.HIGH),
        Row("90", State.PENDING),
        Row("91", State.EXPIRED),
        Row("92", State.WITHDRAWN),
    ),
)

REPORTERS = {member.code[:2]: member.code for member in MEMBERS}
"""Members by the two digits under which they report."""

RELAY = Record(
    path=relay.PATH,
    fields=(
        *relay.PERSON,
        Field("healthyReport.xzqh", Role.ISSUER, required=True, accepts=REPORTERS.get),
        *relay.REPORT,
    ),
    id_types=TENCENT,
    rows=relay.ROWS,
)

FORMATS: tuple[Format, ...] = (
    json_document(
        "000000-level-v1",
        family="level-json",
        content="answer to a query for one person",
        envelope=LEVEL_ENVELOPE,
        record=LEVEL,
    ),
    json_document(
        "000000-relay-v1",
        family="relay",
        content="answer that relays every province's report on one person",
        envelope=relay.ENVELOPE,
        record=RELAY,
    ),
)
