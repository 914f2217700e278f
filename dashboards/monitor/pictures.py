"""Pictures of dashboards, drawn from what a real Prometheus answers: one SVG file for each."""

import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from xml.sax.saxutils import escape

from dashboards.boards import BOARDS
from dashboards.grafana import dashboard_json
from dashboards.monitor.series import Series, Source, shown
from dashboards.panels import Dashboard, Kind, Panel

COLUMN, LINE = 50, 24
"""Width of one of Grafana's columns and height of one of its lines, in points."""
_COLOURS = ("#3274d9", "#56a64b", "#e0b400", "#e02f44", "#8f3bb8", "#ff780a", "#37872d", "#1f60c4")
_NAMES_MAX, _ROWS_MAX = 5, 9
_TITLE, _MARGIN, _TEXT = 22, 8, 14
_WIDTH_OF_CHARACTER = 6.0


def draw_all(prometheus: str, directory: Path, seconds: float) -> list[Path]:
    """Draw every dashboard as it is now; return the files."""
    directory.mkdir(parents=True, exist_ok=True)
    source = Source(prometheus, seconds)
    paths = []
    for board in BOARDS:
        path = directory / f"{board.uid}.svg"
        path.write_text(board_svg(board, source), "utf-8")
        paths.append(path)
    return paths


def board_svg(board: Dashboard, source: Source) -> str:
    """Return one dashboard as SVG, its panels where Grafana puts them."""
    panels = iter(board.panels)
    parts = []
    bottom = 0
    for placed in dashboard_json(board)["panels"]:
        place = placed["gridPos"]
        bottom = max(bottom, place["y"] + place["h"])
        if placed["type"] == "row":
            body = _text(_MARGIN, LINE - 7, placed["title"], weight="bold")
        else:
            body = _panel(next(panels), place["w"] * COLUMN, place["h"] * LINE, source)
        parts.append(f'<g transform="translate({place["x"] * COLUMN},{place["y"] * LINE})">')
        parts += [body, "</g>"]
    size = f'width="{24 * COLUMN}" height="{bottom * LINE}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11">'
        f"<title>{escape(board.title)}</title>"
        f'<rect {size} fill="#ffffff"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _panel(panel: Panel, width: int, height: int, source: Source) -> str:
    frame = (
        f'<rect x="2" y="2" width="{width - 4}" height="{height - 4}" fill="none" stroke="#ccc"/>'
    )
    return frame + _text(_MARGIN, 16, panel.title) + _DRAW[panel.kind](panel, width, height, source)


def _text(x: float, y: float, text: str, **style: str) -> str:
    attributes = "".join(f' {_ATTRIBUTES[name]}="{value}"' for name, value in style.items())
    return f'<text x="{x:.0f}" y="{y:.0f}"{attributes}>{escape(text)}</text>'


_ATTRIBUTES = {"weight": "font-weight", "size": "font-size", "fill": "fill"}


def _empty(panel: Panel, width: int) -> str:
    why = "; ".join(query.empty_because for query in panel.queries if query.empty_because)
    words = textwrap.wrap(f"nothing: {why}", max(1, int(width / _WIDTH_OF_CHARACTER) - 2))
    return "".join(
        _text(_MARGIN, _TITLE + _TEXT * (index + 1), line, fill="#888")
        for index, line in enumerate(words)
    )


def _lines(panel: Panel, width: int, height: int, source: Source) -> str:
    series = [one for query in panel.queries for one in source.lines(query)]
    if not series:
        return _empty(panel, width)
    series.sort(key=lambda one: -one.last)
    values = [value for one in series for _, value in one.points]
    highest = max(values) or 1
    lowest = min(0, *values) if panel.lowest is not None else min(values)
    first = min(at for one in series for at, _ in one.points)
    span = max(one.points[-1][0] for one in series) - first or 1
    bottom = height - _MARGIN - _TEXT * min(len(series), _NAMES_MAX)
    top, wide = _TITLE + 10, width - 2 * _MARGIN
    parts = [_text(_MARGIN, top, shown(max(values), panel.unit), fill="#888")]
    for index, one in enumerate(series):
        points = " ".join(
            f"{_MARGIN + (at - first) / span * wide:.0f},"
            f"{bottom - (value - lowest) / (highest - lowest or 1) * (bottom - top):.0f}"
            for at, value in one.points
        )
        colour = _COLOURS[index % len(_COLOURS)]
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}"/>')
        if index < _NAMES_MAX:
            text = f"{one.name or panel.title}  {shown(one.last, panel.unit)}"
            parts.append(_text(_MARGIN, bottom + _TEXT * (index + 1), text, fill=colour))
    return "".join(parts)


def _figures(panel: Panel, width: int, _height: int, source: Source) -> str:
    series = [one for query in panel.queries for one in source.now(query)]
    if not series:
        return _empty(panel, width)
    parts = []
    for index, one in enumerate(series[:_NAMES_MAX]):
        y = _TITLE + 34 * (index + 1)
        parts.append(_text(_MARGIN, y - 6, shown(one.last, panel.unit), size="22"))
        parts.append(_text(_MARGIN, y + 6, one.name, fill="#888"))
    return "".join(parts)


def _bars(panel: Panel, width: int, _height: int, source: Source) -> str:
    series = [one for query in panel.queries for one in source.now(query)]
    longest = max((one.last for one in series), default=0) or 1
    parts = []
    for index, one in enumerate(series):
        y = _TITLE + 30 * index + 10
        long = max(1.0, one.last / longest * (width - 2 * _MARGIN))
        parts.append(_text(_MARGIN, y + 8, f"{one.name}  {shown(one.last, panel.unit)}"))
        parts.append(
            f'<rect x="{_MARGIN}" y="{y + 12}" width="{long:.0f}" height="8" fill="#3274d9"/>'
        )
    return "".join(parts) or _empty(panel, width)


def _table(panel: Panel, width: int, _height: int, source: Source) -> str:
    cells: dict[str, dict[str, float]] = {}
    for query in panel.queries:
        for one in source.now(query):
            row, column = _cell(panel, one, query.legend)
            cells.setdefault(row, {})[column] = one.last
    columns = sorted({name for row in cells.values() for name in row})
    if not panel.matrix:
        columns = [query.legend for query in panel.queries]
    left = max((len(row) for row in cells), default=0) * _WIDTH_OF_CHARACTER + 3 * _MARGIN
    step = min(110.0, (width - left) / max(1, len(columns)))
    most = max((value for row in cells.values() for value in row.values()), default=0) or 1
    parts = [
        _text(left + step * index, _TITLE + _TEXT, name or "(none)", fill="#888")
        for index, name in enumerate(columns)
    ]
    for number, (row, values) in enumerate(sorted(cells.items())[:_ROWS_MAX]):
        y = _TITLE + _TEXT * (number + 2)
        parts.append(_text(_MARGIN, y, row))
        for index, name in enumerate(columns):
            x = left + step * index
            if panel.matrix:
                parts.append(_heat(x, y, step, values.get(name, 0) / most))
            if name in values:
                parts.append(_text(x, y, shown(values[name], _unit(panel, name))))
    if len(cells) > _ROWS_MAX:
        y = _TITLE + _TEXT * (_ROWS_MAX + 2)
        parts.append(_text(_MARGIN, y, f"and {len(cells) - _ROWS_MAX} more", fill="#888"))
    return "".join(parts)


def _heat(x: float, y: float, width: float, share: float) -> str:
    return (
        f'<rect x="{x - 3:.0f}" y="{y - 11:.0f}" width="{width - 2:.0f}" height="{_TEXT}" '
        f'fill="#ff780a" fill-opacity="{share * 0.8:.2f}"/>'
    )


def _cell(panel: Panel, one: Series, legend: str) -> tuple[str, str]:
    if panel.matrix:
        row, column = panel.matrix
        return one.labels.get(row, ""), one.labels.get(column, "")
    return " ".join(
        value for name, value in sorted(one.labels.items()) if name != "__name__"
    ), legend


_COLUMN_UNITS: Mapping[str, str] = {
    "records/s": "cps",
    "refused share": "percentunit",
    "newest age": "s",
    "last contact": "s",
}


def _unit(panel: Panel, column: str) -> str:
    return _COLUMN_UNITS.get(column, panel.unit)


def _heatmap(panel: Panel, width: int, height: int, source: Source) -> str:
    series = [one for query in panel.queries for one in source.lines(query)]
    series.sort(key=lambda one: float(one.labels["le"]))
    if not series:
        return _empty(panel, width)
    tall = (height - _TITLE - 2 * _MARGIN) / len(series)
    wide = (width - 70) / len(series[0].points)
    below = dict.fromkeys((at for at, _ in series[0].points), 0.0)
    most = max(value for _, value in series[-1].points) or 1
    parts = []
    for number, one in enumerate(series):
        y = height - _MARGIN - tall * (number + 1)
        parts.append(_text(_MARGIN, y + tall, one.labels["le"], size="8"))
        for index, (at, value) in enumerate(one.points):
            share = (value - below.get(at, 0)) / most
            below[at] = value
            if share > 0:
                parts.append(
                    f'<rect x="{60 + index * wide:.1f}" y="{y:.1f}" width="{wide:.1f}" '
                    f'height="{tall:.1f}" fill="#ff780a" fill-opacity="{share:.2f}"/>'
                )
    return "".join(parts)


_DRAW: Mapping[Kind, Callable[[Panel, int, int, Source], str]] = {
    Kind.LINES: _lines,
    Kind.FIGURE: _figures,
    Kind.BARS: _bars,
    Kind.TABLE: _table,
    Kind.HEATMAP: _heatmap,
}
