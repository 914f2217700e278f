"""Showing figures to Prometheus: families with help and types, in text or OpenMetrics."""

from collections.abc import Callable, Iterable, Mapping

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from exchange.metrics import METRICS, PREFIX
from exchange.metrics.kinds import Histogram, Labels, Metric

Figures = Mapping[str, Mapping[Labels, float | list[float]]]
"""By name of the metric: its values by labels; those of a histogram are lists."""


def local_figures() -> Figures:
    """Return the figures of this process."""
    return {metric.name: metric.values for metric in METRICS}


class FiguresCollector(Collector):
    """Gives Prometheus' registry what a source knows at the moment of asking."""

    def __init__(self, source: Callable[[], Figures]) -> None:
        self._source = source

    def collect(self) -> Iterable[Family]:
        """Return one family per metric that has been touched."""
        figures = self._source()
        return [
            _family(metric, figures[metric.name]) for metric in METRICS if figures.get(metric.name)
        ]

    def describe(self) -> Iterable[Family]:
        """Return nothing: names are checked by a test, not at each registration."""
        return ()


def _family(metric: Metric, values: Mapping[Labels, float | list[float]]) -> Family:
    name = PREFIX + metric.name
    # Copies: the event loop may add a series while another thread shows them.
    items = list(values.items())
    if isinstance(metric, Histogram):
        histogram = HistogramMetricFamily(name, metric.help, labels=metric.labels)
        for labels, history in items:
            assert isinstance(history, list)  # noqa: S101 - histograms have nothing else.
            histogram.add_metric(labels, _buckets(metric, history), sum_value=history[-1])
        return histogram
    family_type = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = family_type(name, metric.help, labels=metric.labels)
    for labels, value in items:
        assert not isinstance(value, list)  # noqa: S101 - histograms alone have lists.
        family.add_metric(labels, value)
    return family


def _buckets(metric: Histogram, history: list[float]) -> list[tuple[str, float]]:
    total = 0.0
    found = []
    for bound, count in zip((*metric.buckets, float("inf")), history[:-1], strict=True):
        total += count
        found.append(("+Inf" if bound == float("inf") else str(float(bound)), total))
    return found
