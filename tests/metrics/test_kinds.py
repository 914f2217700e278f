"""Counters, gauges and histograms count what they are told, within their bounds."""

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from adapters.registry import FORMATS
from exchange.core.decision import DecisionReason
from exchange.core.health_code import Level
from exchange.core.members import MEMBERS
from exchange.core.outcome import Reason
from exchange.metrics import (
    ACCEPTED_LEVELS,
    FORMATS_MAX,
    MEMBERS_MAX,
    METRICS,
    NON_RECOGNITIONS,
    PREFIX,
    RECORDS,
    UNKNOWN_FIELDS,
)
from exchange.metrics.exposition import FiguresCollector
from exchange.metrics.kinds import OVERFLOW, Counter, Gauge, Histogram


def test_a_counter_counts_by_labels() -> None:
    counter = Counter("c", "Help.", ("member",), series_max=2)
    counter.add(("510000",))
    counter.add_all({("510000",): 4, ("310000",): 1})
    assert counter.values == {("510000",): 5, ("310000",): 1}


def test_a_counter_that_has_begun_shows_0_and_keeps_what_it_has() -> None:
    counter = Counter("c", "Help.", ("member",), series_max=2)
    counter.add(("510000",), 3)
    counter.begin(("510000",), ("310000",))
    assert counter.values == {("510000",): 3, ("310000",): 0}


def test_series_beyond_the_bound_are_counted_together() -> None:
    counter = Counter("c", "Help.", ("member",), series_max=2)
    for name in ("a", "b", "c", "d"):
        counter.add((name,))
    counter.add(("a",))
    assert counter.values == {("a",): 2, ("b",): 1, (OVERFLOW,): 2}


def test_labels_of_another_number_are_refused() -> None:
    with pytest.raises(ValueError, match="labels"):
        Gauge("g", "Help.", ("member",)).set(1, ("a", "b"))


def test_a_gauge_is_raised_and_never_lowered() -> None:
    gauge = Gauge("g", "Help.")
    for value in (2, 3, 1):
        gauge.raise_to(value)
    assert gauge.values == {(): 3}


def test_an_observation_falls_into_the_bucket_that_ends_at_or_above_it() -> None:
    histogram = Histogram("h", "Help.", buckets=(1, 2))
    histogram.observe_all([0.5, 1, 1.5])
    histogram.observe(9)
    assert histogram.values == {(): [2, 1, 1, 12]}


def test_the_exposition_is_valid_open_metrics_with_help_and_types() -> None:
    registry = CollectorRegistry()
    labels = {
        metric.name: tuple(f"v{index}" for index in range(len(metric.labels))) for metric in METRICS
    }
    registry.register(
        FiguresCollector(
            lambda: {
                metric.name: {
                    labels[metric.name]: [1.0] * (len(metric.buckets) + 2)
                    if isinstance(metric, Histogram)
                    else 1.0
                }
                for metric in METRICS
            }
        )
    )
    text = generate_latest(registry).decode()  # type: ignore[no-untyped-call]
    parsed = text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
    families = {family.name: family for family in parsed}
    assert set(families) == {PREFIX + metric.name for metric in METRICS}
    for metric in METRICS:
        family = families[PREFIX + metric.name]
        assert (family.documentation, family.type) == (metric.help, metric.kind)


def test_names_follow_the_conventions() -> None:
    for metric in METRICS:
        assert metric.help.endswith(".")
        assert not metric.name.endswith("_total"), metric.name
        assert not metric.unit or metric.name.endswith(f"_{metric.unit}"), metric.name


def test_bounds_hold_the_lists_they_are_made_from() -> None:
    assert len(MEMBERS) <= MEMBERS_MAX
    assert len(FORMATS) <= FORMATS_MAX
    records = (len(FORMATS) + len(MEMBERS)) * (len(Reason) + 1)
    assert records <= RECORDS.series_max
    assert len(FORMATS) <= UNKNOWN_FIELDS.series_max
    levels = (len(FORMATS) + len(MEMBERS)) * len(Level)
    assert levels <= ACCEPTED_LEVELS.series_max
    pairs = len(MEMBERS) * (len(MEMBERS) + 1) * len(DecisionReason)
    assert pairs <= NON_RECOGNITIONS.series_max
