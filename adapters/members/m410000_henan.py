"""410000 Henan (河南省), 河南健康码 and 豫康码: what a colour rests on must be visible.

``410000-status-v1`` answers a query for one person. A colour that rests on the scan of a place code
alone, or that was set by hand, gets a hold; the level stays what the member says. Every other
basis, known or not, says nothing.

Basis: designed; no public format was found, the notation was made up for the catalogue.

>>> from adapters.members.m410000_henan import FORMATS
>>> payload = (
...     '{"code":200,"message":"","data":{"zjlx":"111","zjhm":"510102190402290011","ztm":"1",'
...     '"fmsj":1648771200000,"yxqz":1649433599000,"xzqh":"510100"}}'
... )
>>> FORMATS[0].decode(payload.encode(), 1648771200000, {})[0].health_code.level.name
'LOW'
"""

from collections.abc import Sequence

from adapters.base import Format
from adapters.families.json_document import RECORD, Envelope, json_document
from adapters.id_types import GAT
from adapters.record import Field, Record, Role, Row
from exchange.core.health_code import Hold, Level
from exchange.core.outcome import NotRepresentableError

ENVELOPE = Envelope(
    template={"code": 200, "message": "", "data": RECORD},
    code="code",
    no_record=("404",),
)

HOLDS = {
    "03": Hold("PLACE_SCAN", "仅凭场所码扫码赋码"),
    "09": Hold("MANUAL", "人工赋码"),
}


class _Basis:
    """The basis of an assignment: one code, of which two are holds."""

    def read(self, cells: Sequence[str]) -> tuple[Hold, ...]:
        """Read a basis; one that is not in the table says nothing."""
        hold = HOLDS.get(cells[0])
        return () if hold is None else (hold,)

    def write(self, holds: Sequence[Hold]) -> tuple[str]:
        """Write the only hold; there is room for one."""
        codes = [code for code, hold in HOLDS.items() if hold in holds]
        if len(codes) != len(holds) or len(codes) > 1:
            raise NotRepresentableError("holds")
        return (codes[0] if codes else "",)


STATUS = Record(
    path="data",
    fields=(
        Field("zjlx", Role.DOCUMENT_TYPE, required=True),
        Field("zjhm", Role.DOCUMENT_NUMBER, required=True),
        Field("ztm", Role.STATUS, required=True),
        Field("fmsj", Role.AS_OF, required=True, time="ms"),
        Field("yxqz", Role.VALID_UNTIL, time="ms"),
        Field("xzqh", Role.REGION),
        Field("fmyj", Role.HOLD),
        Field("fmyy", Role.REASON),
        Field("gzbh", Role.RULE),
        Field("xm", Role.DROPPED),
        Field("czr", Role.DROPPED),
    ),
    id_types=GAT,
    rows=(
        Row("1", Level.LOW),
        Row("2", Level.MEDIUM),
        Row("3", Level.HIGH),
    ),
    holds=_Basis(),
)

FORMATS: tuple[Format, ...] = (
    json_document(
        "410000-status-v1",
        family="pinyin-json",
        content="answer to a query for one person",
        envelope=ENVELOPE,
        record=STATUS,
    ),
)
