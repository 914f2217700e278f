"""The document of the metrics, written from the table in ``exchange.metrics``."""

from exchange.metrics import METRICS, PREFIX
from exchange.metrics.kinds import Gauge, Histogram, Metric

_HEAD = """# Metrics

Written by `python -m dashboards.build` from the table in `exchange/metrics`; a test compares them.

`health-exchange serve --metrics-port 7444` serves them on `http://127.0.0.1:7444/metrics`, for all
worker processes together, as Prometheus' text or OpenMetrics. Workers write their figures once a
second; counts survive the death of a worker (what a killed one counted in its last second is lost),
its gauges do not. Counters end in `_total`, as is usual.

**series, at most** is the bound of each metric: labels come from fixed lists (members, formats,
methods, codes, reasons), never from a request. What would go beyond is counted with the label
values `other`. A histogram has so many series for each bucket. The largest are pairs: destination
by issuer, by reason; in practice a pair has two or three reasons.

| metric | type | labels | series, at most | across workers | what it says |
| --- | --- | --- | --- | --- | --- |
"""
_TAIL = """
## Scraping

```yaml
scrape_configs:
  - job_name: health-exchange
    static_configs: [{targets: ["127.0.0.1:7444"]}]
  - job_name: cassandra
    static_configs: [{targets: ["127.0.0.1:7070"]}]
```

The rules and dashboards go by these two job names. The nodes' figures come from the JMX exporter
agent, configured in `tools/cassandra/templates/metrics.yaml`.
"""


def shown_name(metric: Metric) -> str:
    """Return the name as Prometheus has it."""
    return f"{PREFIX}{metric.name}{'_total' if metric.kind == 'counter' else ''}"


def metrics_document() -> str:
    """Return the document."""
    return _HEAD + "".join(_line(metric) for metric in METRICS) + _TAIL


def _line(metric: Metric) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    series = f"{metric.series_max:,}"
    if isinstance(metric, Histogram):
        series += f" x {len(metric.buckets) + 3}"
    across = metric.across.value if isinstance(metric, Gauge) else "sum"
    cells = (f"`{shown_name(metric)}`", metric.kind, labels, series, across, metric.help)
    return f"| {' | '.join(cells)} |\n"
