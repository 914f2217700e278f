"""Counters, gauges and histograms of one process: plain dictionaries, a quarter of a microsecond.

A single check touches half a dozen metrics, so an observation is a dictionary lookup and nothing
else: no lock, no file, no object per series. All observations are made on the event loop of the
process; a gauge may be set from any thread. How the figures of several processes become one stands
in ``exchange.server.observe``.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from enum import StrEnum

Labels = tuple[str, ...]
"""Values of a metric's labels, in the order in which the metric names them."""
Values = dict[Labels, float]
Histories = dict[Labels, list[float]]
"""By labels: observations per bucket, those beyond the last, then the sum of all."""

OVERFLOW = "other"
"""Stands for every label of the series that a metric has no room for."""


class Across(StrEnum):
    """How a gauge of several worker processes becomes one figure."""

    SUM = "sum"
    MIN = "min"
    MAX = "max"
    NEWEST = "newest"
    """The largest, and that of a worker that has ended still counts: instants that only grow."""


class Metric:
    """What all metrics have.

    Attributes:
        name: Without prefix and without ``_total``.
        help: One sentence.
        labels: Names.
        unit: ``seconds``, ``bytes``, ``rows`` ... ; ``""`` for a plain count of what it names.
        series_max: The most series it can have. What comes beyond is counted as ``OVERFLOW``, so
            that a mistake costs one series and not a monitoring system.
    """

    kind = ""
    values: Mapping[Labels, float | list[float]]

    def __init__(
        self, name: str, help_text: str, labels: Labels = (), *, unit: str = "", series_max: int = 1
    ) -> None:
        self.name = name
        self.help = help_text
        self.labels = labels
        self.unit = unit
        self.series_max = series_max

    def _room(self, labels: Labels, taken: int) -> Labels:
        """Return the labels under which a new series may be opened."""
        if len(labels) != len(self.labels):
            raise ValueError(f"{self.name} has the labels {self.labels}.")
        return labels if taken < self.series_max else (OVERFLOW,) * len(labels)


class Counter(Metric):
    """Counts what happened since the process started."""

    kind = "counter"
    values: Values

    def __init__(
        self, name: str, help_text: str, labels: Labels = (), *, unit: str = "", series_max: int = 1
    ) -> None:
        super().__init__(name, help_text, labels, unit=unit, series_max=series_max)
        self.values = {}

    def begin(self, *series: Labels) -> None:
        """Show series before anything is counted: Prometheus sees a rise only from a value on."""
        for labels in series:
            self.add(labels, 0)

    def add(self, labels: Labels = (), amount: float = 1) -> None:
        """Count something that happened."""
        values = self.values
        try:
            values[labels] += amount
        except KeyError:
            labels = self._room(labels, len(values))
            values[labels] = values.get(labels, 0) + amount

    def add_all(self, amounts: Mapping[Labels, float]) -> None:
        """Count many things at once."""
        for labels, amount in amounts.items():
            self.add(labels, amount)


class Gauge(Metric):
    """Says how something is at this moment."""

    kind = "gauge"
    values: Values

    def __init__(  # noqa: PLR0913 - what describes a metric stands in one call.
        self,
        name: str,
        help_text: str,
        labels: Labels = (),
        *,
        unit: str = "",
        series_max: int = 1,
        across: Across = Across.SUM,
    ) -> None:
        super().__init__(name, help_text, labels, unit=unit, series_max=series_max)
        self.across = across
        self.values = {}

    def set(self, value: float, labels: Labels = ()) -> None:
        """Say how it is now."""
        if labels not in self.values:
            labels = self._room(labels, len(self.values))
        # A truth value is a number here and not in the file that a parent reads.
        self.values[labels] = float(value)

    def add(self, amount: float) -> None:
        """Move a gauge without labels."""
        self.values[()] = self.values.get((), 0) + amount

    def raise_to(self, value: float, labels: Labels = ()) -> None:
        """Set it unless it is larger already."""
        if value > self.values.get(labels, float("-inf")):
            self.set(value, labels)

    def replace(self, values: Mapping[Labels, float]) -> None:
        """Say how all of it is now; series that are not named are gone."""
        self.values = {labels: float(value) for labels, value in values.items()}


class Histogram(Metric):
    """Counts observations by size."""

    kind = "histogram"
    values: Histories

    def __init__(  # noqa: PLR0913 - what describes a metric stands in one call.
        self,
        name: str,
        help_text: str,
        labels: Labels = (),
        *,
        buckets: tuple[float, ...],
        unit: str = "",
        series_max: int = 1,
    ) -> None:
        super().__init__(name, help_text, labels, unit=unit, series_max=series_max)
        self.buckets = buckets
        self.values = {}

    def observe(self, value: float, labels: Labels = ()) -> None:
        """Count one observation."""
        try:
            history = self.values[labels]
        except KeyError:
            history = self._open(labels)
        history[bisect_left(self.buckets, value)] += 1
        history[-1] += value

    def observe_all(self, values: Iterable[float], labels: Labels = ()) -> None:
        """Count many observations of one series."""
        history = self.values.get(labels) or self._open(labels)
        # In order, a bucket is one search for its end and not a step for each value.
        ordered = sorted(values)
        start = 0
        for place, edge in enumerate(self.buckets):
            end = bisect_right(ordered, edge, start)
            history[place] += end - start
            start = end
        history[len(self.buckets)] += len(ordered) - start
        history[-1] += sum(ordered)

    def _open(self, labels: Labels) -> list[float]:
        labels = self._room(labels, len(self.values))
        return self.values.setdefault(labels, [0.0] * (len(self.buckets) + 2))
