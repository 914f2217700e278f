"""620000 Gansu (甘肃省), 甘肃省健康出行码: applied for when used, and only about the past.

``620000-travel-v1`` answers a query for one person. The code speaks of the time before it was
applied for and holds to the end of that day; the time of the query is never as-of. Six classes of
people cannot apply: no code (``wm``) is a statement without a level and with a hold, not a green
one.

Basis: designed; no public format was found, the notation was made up for the catalogue.

>>> from adapters.members.m620000_gansu import FORMATS
>>> payload = (
...     '<?xml version="1.0" encoding="UTF-8"?><result><code>0</code><cxm><zjlx>身份证</zjlx>'
...     "<zjhm>510102190402290011</zjhm><ztm>lvm</ztm><sqsj>2022-04-01 08:00:00</sqsj>"
...     "<xzqh>510100</xzqh></cxm></result>"
... )
>>> FORMATS[0].decode(payload.encode(), 1648771200000, {})[0].health_code.level.name
'LOW'
"""

from adapters.base import Format
from adapters.families.xml_document import Answer, xml_answer
from adapters.id_types import WORDS
from adapters.record import ANY, Field, Record, Role, Row, Validity, When
from exchange.core.health_code import Hold, Level

ANSWER = Answer(root="result", code="code", success="0", no_record=("1",), container="cxm")

TRAVEL = Record(
    path="cxm",
    fields=(
        Field("zjlx", Role.DOCUMENT_TYPE, required=True),
        Field("zjhm", Role.DOCUMENT_NUMBER, required=True),
        Field("ztm", Role.STATUS, required=True),
        Field("lb", Role.STATUS, required=When("ztm", "wm")),
        Field("sqsj", Role.AS_OF, required=True, time="bj"),
        Field("xzqh", Role.REGION),
        Field("yy", Role.REASON),
        Field("cxsj", Role.DROPPED),
        Field("xm", Role.DROPPED),
    ),
    id_types=WORDS,
    rows=(
        Row(("lvm", ANY), Level.LOW),
        Row(("huangm", ANY), Level.MEDIUM),
        Row(("hongm", ANY), Level.HIGH),
        *(
            Row(
                ("wm", f"{people}"),
                Level.UNSPECIFIED,
                holds=(Hold(f"NO_CODE_{people}", f"第{people}类人员不予申领"),),
                native_status=f"wm/{people}",
            )
            for people in range(1, 7)
        ),
    ),
    validity=Validity(),
)

FORMATS: tuple[Format, ...] = (
    xml_answer(
        "620000-travel-v1",
        family="xml-elements",
        content="answer to a query for one person",
        answer=ANSWER,
        record=TRAVEL,
    ),
)
