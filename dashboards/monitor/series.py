"""Answers of Prometheus as named series, and figures as people read them."""

import re
import time
from collections.abc import Iterable, Mapping

import msgspec

from dashboards.monitor.processes import asked
from dashboards.monitor.queries import filled_in
from dashboards.panels import Query

Labels = dict[str, str]
STEPS = 60
"""Points of a line at most: as many as a small picture can show."""
_PLACE = re.compile(r"{{ *([a-z_]+) *}}")
_PER_SECOND = frozenset({"reqps", "cps", "ops"})
_SPANS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"), (0.001, "ms"), (0, "µs"))
_THOUSAND, _MEBIBYTE = 1_000, 1 << 20


class Series(msgspec.Struct, frozen=True):
    """One series of an answer.

    Attributes:
        name: By the legend of its query.
        labels: As Prometheus has them.
        points: Seconds since 1970 and value, in order; one for an instant.
    """

    name: str
    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]

    @property
    def last(self) -> float:
        """The newest value."""
        return self.points[-1][1]


class Source:
    """Asks one Prometheus for what a panel shows."""

    def __init__(self, prometheus: str, seconds: float) -> None:
        """Take where to ask, and how far lines go back."""
        self._base = prometheus
        self._end = time.time()
        self._seconds = seconds

    def now(self, query: Query) -> list[Series]:
        """Return the newest values."""
        found = asked(
            self._base, "query", query=filled_in(query.expression), time=f"{self._end:.3f}"
        )
        return _named(query, ((one["metric"], [one["value"]]) for one in found["result"]))

    def lines(self, query: Query) -> list[Series]:
        """Return values over time."""
        found = asked(
            self._base,
            "query_range",
            query=filled_in(query.expression),
            start=f"{self._end - self._seconds:.3f}",
            end=f"{self._end:.3f}",
            step=f"{max(1.0, self._seconds / STEPS):.3f}",
        )
        return _named(query, ((one["metric"], one["values"]) for one in found["result"]))


def _named_by(legend: str, labels: Labels) -> str:
    return _PLACE.sub(lambda place: labels.get(place[1], ""), legend).strip()


def _named(query: Query, answer: Iterable[tuple[Labels, list[tuple[float, str]]]]) -> list[Series]:
    found = []
    for labels, values in answer:
        name = _named_by(query.legend, labels)
        # A quantile of nothing is no number, and nothing to draw.
        points = tuple((float(at), float(value)) for at, value in values if value != "NaN")
        if points:
            found.append(Series(name or " ".join(labels.values()) or "all", labels, points))
    return found


def shown(value: float, unit: str) -> str:
    """Return a figure with its unit, short."""
    if unit == "percentunit":
        return f"{value:.1%}"
    if unit == "s":
        size, name = next(one for one in _SPANS if abs(value) >= one[0])
        return f"{value / (size or 1e-6):.3g} {name}" if value else "0 s"
    if unit == "bytes":
        return f"{value / _MEBIBYTE:,.1f} MiB"
    text = f"{value:,.0f}" if abs(value) >= _THOUSAND else f"{value:.3g}"
    return f"{text}/s" if unit in _PER_SECOND else text
