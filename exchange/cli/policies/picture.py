"""The map of recognition as an SVG picture: destinations down, issuers across."""

from collections.abc import Mapping, Sequence
from html import escape

from exchange.core.matrix import Pair
from exchange.core.members import BY_CODE
from exchange.core.policy import Recognition
from exchange.core.verdict import Verdict

CELL, LEFT, TOP, FOOT = 22, 190, 170, 60
"""Pixels: a cell, the room for names, the legend."""

_FILL = {
    Verdict.ADMIT: "#2e7d32",
    Verdict.CROSS_CHECK: "#f9a825",
    Verdict.REFUSE: "#b71c1c",
    Verdict.UNSPECIFIED: "#9e9e9e",
}
SIGNS = {Recognition.RECOGNISE: "", Recognition.CROSS_CHECK: "?", Recognition.IGNORE: "x"}
"""Sign in a cell: colour alone does not carry it, and not everybody sees colours."""


def svg(pairs: Mapping[tuple[str, str], Pair], codes: Sequence[str]) -> str:
    """Draw the map."""
    width = LEFT + CELL * len(codes) + 20
    height = TOP + CELL * len(codes) + FOOT
    size = f'width="{width}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">',
        "<title>Who accepts whom: destinations down, issuers across</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        *_names(codes),
        *(
            _cell(pairs[destination, issuer], column, row)
            for row, destination in enumerate(codes)
            for column, issuer in enumerate(codes)
        ),
        *_legend(TOP + CELL * len(codes) + 24),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _names(codes: Sequence[str]) -> list[str]:
    found = []
    for place, code in enumerate(codes):
        name = escape(f"{code} {BY_CODE[code].name}")[:30]
        y = TOP + CELL * place + 15
        x = LEFT + CELL * place + 15
        found.append(f'<text x="{LEFT - 6}" y="{y}" text-anchor="end">{name}</text>')
        found.append(f'<text transform="translate({x},{TOP - 6}) rotate(-60)">{name}</text>')
    return found


def _cell(pair: Pair, column: int, row: int) -> str:
    x, y = LEFT + CELL * column, TOP + CELL * row
    words = escape(
        f"{BY_CODE[pair.destination].name} and a green of {BY_CODE[pair.issuer].name}: "
        f"{pair.recognition.value}, {pair.verdict.name}"
    )
    sign = SIGNS[pair.recognition]
    text = f'<text x="{x + 10}" y="{y + 15}" text-anchor="middle">{sign}</text>' if sign else ""
    return (
        f'<g><title>{words}</title><rect x="{x}" y="{y}" width="{CELL - 2}" height="{CELL - 2}" '
        f'fill="{_FILL[pair.verdict]}"/>{text}</g>'
    )


def _legend(y: int) -> list[str]:
    words = (
        (Verdict.ADMIT, "a plain green is admitted"),
        (Verdict.CROSS_CHECK, "it is looked at"),
        (Verdict.REFUSE, "it is refused"),
    )
    found = []
    for place, (verdict, text) in enumerate(words):
        x = LEFT + 210 * place
        found.append(f'<rect x="{x}" y="{y}" width="14" height="14" fill="{_FILL[verdict]}"/>')
        found.append(f'<text x="{x + 20}" y="{y + 12}">{text}</text>')
    signs = "? cross-checked, x not recognised; rules of the destination are counted in"
    found.append(f'<text x="{LEFT}" y="{y + 32}">{signs}</text>')
    return found
