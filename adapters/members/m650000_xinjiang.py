"""650000 Xinjiang (新疆维吾尔自治区), 新疆健康码: green, yellow, red, and the day's temperature.

``650000-temp-v1`` is a batch. The letters are initials of Chinese words, so ``H`` (黄) is
**yellow**, and ``R`` red. Temperature is entered anew each day: a statement holds to the end of its
day, and fever is a hold that carries the degrees.

Basis: designed; no public format was found, the notation was made up for the catalogue.

>>> from adapters.members.m650000_xinjiang import FORMATS
>>> payload = (
...     '{"total":1,"rows":[{"zjlb":"0","zjhm":"510102190402290011","ms":"L","tw":375,'
...     '"rq":"2022-04-01","xzqh":"5101"}]}'
... )
>>> FORMATS[0].decode(payload.encode(), 1648771200000, {})[0].health_code.holds
(Hold(code='FEVER', text='37.5'),)
"""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from adapters.base import Format
from adapters.families.json_document import RECORDS, Envelope, json_document
from adapters.id_types import DIGIT0
from adapters.record import Field, Record, Role, Row, Validity
from adapters.texts import is_count
from exchange.core.health_code import Hold, Level
from exchange.core.outcome import NotRepresentableError

FEVER: Final = "FEVER"
FEVER_FROM: Final = "373"
"""Tenths of a degree: as much or more is a fever."""

_DEGREES: Final = re.compile(r"([1-9][0-9]*)\.([0-9])")


def _is_fever(tenths: str) -> bool:
    """Compare digits without leading zeros; they may be too many for an integer."""
    return (len(tenths), tenths) >= (len(FEVER_FROM), FEVER_FROM)


class _Temperature:
    """Tenths of a degree in a whole number; what is none is ignored."""

    def read(self, cells: Sequence[str]) -> tuple[Hold, ...]:
        """Read a temperature."""
        tenths = cells[0].lstrip("0") if is_count(cells[0]) else ""
        return (Hold(FEVER, f"{tenths[:-1]}.{tenths[-1]}"),) if _is_fever(tenths) else ()

    def write(self, holds: Sequence[Hold]) -> tuple[str | msgspec.Raw]:
        """Write the only hold, which must be a fever as this format writes it."""
        if not holds:
            return ("",)
        degrees = _DEGREES.fullmatch(holds[0].text)
        tenths = "".join(degrees.groups()) if degrees else ""
        if len(holds) > 1 or holds[0].code != FEVER or not _is_fever(tenths):
            raise NotRepresentableError("holds")
        return (msgspec.Raw(tenths.encode()),)


TEMPERATURE = Record(
    path="rows",
    fields=(
        Field("zjlb", Role.DOCUMENT_TYPE, required=True),
        Field("zjhm", Role.DOCUMENT_NUMBER, required=True),
        Field("ms", Role.STATUS, required=True),
        Field("tw", Role.HOLD),
        Field("rq", Role.AS_OF, required=True, time="date"),
        Field("xzqh", Role.REGION, region="2|4"),
        Field("yy", Role.REASON),
        Field("xm", Role.DROPPED),
    ),
    id_types=DIGIT0,
    rows=(
        Row("L", Level.LOW),
        Row("H", Level.MEDIUM),
        Row("R", Level.HIGH),
    ),
    holds=_Temperature(),
    validity=Validity(),
)

FORMATS: tuple[Format, ...] = (
    json_document(
        "650000-temp-v1",
        family="pinyin-json",
        content="batch with the day's temperature",
        envelope=Envelope(template={"total": 1, "rows": RECORDS}),
        record=TEMPERATURE,
    ),
)
