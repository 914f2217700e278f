"""500000 Chongqing (重庆市), 渝康码: an orange pop-up can stand over any colour.

``500000-popup-v1`` answers a query for one person. Orange is a hold and no level; it carries the
words of the pop-up. Grey means that something is abnormal: it says nothing about the risk, and is a
hold as well.

Basis: designed; no public format was found, the notation was made up for the catalogue.

>>> from adapters.members.m500000_chongqing import FORMATS
>>> payload = (
...     '{"code":"0","msg":"","data":{"card_type":"1","card_no":"510102190402290011",'
...     '"mzt":"绿","gxsj":"2022-04-01 08:00:00","xzqh":"510100"}}'
... )
>>> FORMATS[0].decode(payload.encode(), 1648771200000, {})[0].health_code.level.name
'LOW'
"""

from collections.abc import Sequence

from adapters.base import Format
from adapters.families.json_document import RECORD, Envelope, json_document
from adapters.id_types import DIGIT
from adapters.record import Field, Record, Role, Row
from exchange.core.health_code import Hold, Level, State
from exchange.core.outcome import NotRepresentableError

ENVELOPE = Envelope(
    template={"code": "0", "msg": "", "data": RECORD},
    code="code",
    empty_is_nothing=True,
)

POPUP = "ORANGE_POPUP"
ORANGE = "橙"


class _OrangePopup:
    """One pop-up: its colour and its text, which is free and may be empty."""

    def read(self, cells: Sequence[str]) -> tuple[Hold, ...] | None:
        """Read colour and text; without a colour there is no pop-up, and no other is known."""
        colour, text = cells
        if not colour:
            return ()
        return (Hold(POPUP, text),) if colour == ORANGE else None

    def write(self, holds: Sequence[Hold]) -> tuple[str, str]:
        """Write the only hold, which must be a pop-up."""
        if not holds:
            return "", ""
        if len(holds) > 1 or holds[0].code != POPUP:
            raise NotRepresentableError("holds")
        return ORANGE, holds[0].text


STATUS = Record(
    path="data",
    fields=(
        Field("card_type", Role.DOCUMENT_TYPE, required=True),
        Field("card_no", Role.DOCUMENT_NUMBER, required=True),
        Field("mzt", Role.STATUS, required=True),
        Field("tc.ys", Role.HOLD),
        Field("tc.nr", Role.HOLD),
        Field("gxsj", Role.AS_OF, required=True, time="bj"),
        Field("xzqh", Role.REGION),
        Field("yy", Role.REASON),
        Field("name", Role.DROPPED),
    ),
    id_types=DIGIT,
    rows=(
        Row("绿", Level.LOW),
        Row("黄", Level.MEDIUM),
        Row("红", Level.HIGH),
        Row("灰", Level.UNSPECIFIED, holds=(Hold("GREY", "灰码异常"),)),
        Row("其他", State.PENDING),
    ),
    holds=_OrangePopup(),
)

FORMATS: tuple[Format, ...] = (
    json_document(
        "500000-popup-v1",
        family="pinyin-json",
        content="answer to a query for one person",
        envelope=ENVELOPE,
        record=STATUS,
    ),
)
