"""Charts as SVG, written by hand: bars beside their limits, and lines over time."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

import msgspec

from loadtest.figures import Line, median

WIDTH, BAR, GAP, LEFT = 900, 16, 8, 330
_OWN, _LIMIT = "#1f6f8b", "#c9d6df"
_COLOURS = ("#1f6f8b", "#3fa34d", "#d1495b", "#edae49", "#6c5b7b")


def _svg(height: float, parts: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" '
        f'width="{WIDTH}" height="{height:.0f}" font-family="sans-serif" font-size="12">'
        f'<rect width="{WIDTH}" height="{height:.0f}" fill="white"/>'
    )
    return head + "".join(parts) + "</svg>\n"


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _bar(y: float, part: float, colour: str) -> str:
    width = max(1.0, part * (WIDTH - LEFT - 130))
    return f'<rect x="{LEFT}" y="{y:.1f}" width="{width:.1f}" height="{BAR}" fill="{colour}"/>'


def bars(lines: Sequence[Line]) -> str:
    """Draw each path's rate beside its limit's; every pair has a scale of its own."""
    parts = [_text(10, 20, "Rate of each path (dark) beside its limit (light), median of rounds")]
    y = 40.0
    for line in lines:
        own = median(line.rounds).rate
        limit = median(line.limit_rounds).rate if line.limit_rounds else 0.0
        most = max(own, limit)
        rows = f", {line.statements:,} rows" if line.statements else ""
        parts.append(_text(LEFT - 8, y + 13, f"{line.path}, {line.store}{rows}", "end"))
        parts.append(_bar(y, own / most, _OWN))
        parts.append(_text(WIDTH - 120, y + 13, f"{own:,.0f}/s"))
        y += BAR
        if limit:
            parts.append(_bar(y, limit / most, _LIMIT))
            parts.append(_text(LEFT - 8, y + 13, line.limit, "end"))
            parts.append(_text(WIDTH - 120, y + 13, f"{limit:,.0f}/s"))
            y += BAR
        y += GAP
    return _svg(y + 10, parts)


class Curve(msgspec.Struct, frozen=True):
    """Values over time.

    Attributes:
        name: For the legend.
        points: Seconds and value.
    """

    name: str
    points: tuple[tuple[float, float], ...]


def curves(title: str, panels: Sequence[tuple[str, Sequence[Curve]]]) -> str:
    """Draw panels of curves over one axis of time, one below the other."""
    parts, panel_height = [_text(10, 20, title)], 220
    ends = [x for _, some in panels for one in some for x, _ in one.points]
    end = max([*ends, 1e-9])
    for place, (unit, some) in enumerate(panels):
        top = 40 + place * (panel_height + 40)
        most = max([y for one in some for _, y in one.points] + [1e-9])
        parts += [
            (
                f'<rect x="70" y="{top}" width="{WIDTH - 90}" height="{panel_height}" fill="none" '
                'stroke="#999"/>'
            ),
            _text(64, top + 12, f"{most:,.0f}", "end"),
            _text(64, top + panel_height, "0", "end"),
            _text(WIDTH - 20, top + panel_height + 15, f"{end:.0f} s", "end"),
            _text(74, top - 5, unit),
        ]
        for index, one in enumerate(some):
            colour = _COLOURS[index % len(_COLOURS)]
            drawn = " ".join(
                f"{70 + x / end * (WIDTH - 90):.1f},{top + panel_height * (1 - y / most):.1f}"
                for x, y in one.points
            )
            parts.append(
                f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
            )
            label = _text(180 + index * 150, top - 5, one.name)
            parts.append(label.replace("<text", f'<text fill="{colour}"'))
    return _svg(40 + len(panels) * (panel_height + 40) + 10, parts)
