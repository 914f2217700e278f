"""The documents of metrics and alerts, written from their tables and from ``texts``."""

from collections.abc import Iterable
from pathlib import Path

from dashboards.alerts import ALERTS
from dashboards.objectives import OBJECTIVES
from dashboards.rule_cases import CASES, Case
from exchange.metrics import METRICS, PREFIX
from exchange.metrics.kinds import Gauge, Histogram, Metric

_TEXTS = Path(__file__).parent / "texts"
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
Together at most {series:,} series of one exchange, were every member to use every format wrongly in
every way and every pair to refuse for every reason; a country's day has a tenth of that.

## Scraping

`dashboards/generated/prometheus.yml` is a configuration to begin with. The rules and dashboards go
by its two job names, `health-exchange` and `cassandra`. The nodes' figures come from the JMX
exporter agent, configured in `tools/cassandra/templates/metrics.yaml`; `python -m tools.cassandra
--metrics-port 7070` starts a node with it.
"""
FOLDER_DOCUMENT = (_TEXTS / "folder.md").read_text("utf-8")
"""What stands where in the folder of `make grafana-files`."""


def shown_name(metric: Metric) -> str:
    """Return the name as Prometheus has it."""
    return f"{PREFIX}{metric.name}{'_total' if metric.kind == 'counter' else ''}"


def metrics_document() -> str:
    """Return the document."""
    series = sum(metric.series_max * _per_label_set(metric) for metric in METRICS)
    return _HEAD + "".join(_line(metric) for metric in METRICS) + _TAIL.format(series=series)


def _per_label_set(metric: Metric) -> int:
    """Return how many series one set of labels has: buckets, that beyond them, sum and count."""
    return len(metric.buckets) + 3 if isinstance(metric, Histogram) else 1


def _line(metric: Metric) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    series = f"{metric.series_max:,}"
    if isinstance(metric, Histogram):
        series += f" x {_per_label_set(metric)}"
    across = metric.across.value if isinstance(metric, Gauge) else "sum"
    cells = (f"`{shown_name(metric)}`", metric.kind, labels, series, across, metric.help)
    return f"| {' | '.join(cells)} |\n"


_ALERTS_HEAD = (_TEXTS / "monitoring.md").read_text("utf-8")


_WINDOWS = """
Each is watched over four pairs of windows: 14.4 times the rate that uses up a month's budget over
an hour, and 6 times over six hours, page; 3 times over a day and once over three days are tickets.

Of the calls that are refused, those count against check-availability that the exchange could not
answer in time (`shed`, `full`). Those of a member that is over its quota (`quota`) or held back
(`flood`) do not: they are its own doing, nobody else's calls are refused for them, and each has an
alert of its own.
"""
_FIRED = """
Run by promtool: these alerts and no others, and they resolve where the trouble ends.

"""


def alerts_document() -> str:
    """Return the document of promises, alerts and what they were tried on."""
    promises = [(one.name, one.promise, f"{one.target:.1%}") for one in OBJECTIVES]
    alerts = [
        (one.name, one.severity, one.lasting or "at once", _link(one.playbook)) for one in ALERTS
    ]
    cases = [(case.name, ", ".join(_fired(case))) for case in CASES]
    return (
        f"{_ALERTS_HEAD}## Promises\n\n"
        f"{_table(('name', 'promise', 'target'), promises)}{_WINDOWS}\n## Alerts\n\n"
        f"{_table(('alert', 'severity', 'lasting', 'playbook'), alerts)}\n"
        f"## What happens, and what fires\n{_FIRED}"
        f"{_table(('what happens', 'fires'), cases)}"
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = (head, ("---",) * len(head), *rows)
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _link(playbook: str) -> str:
    return f"[{playbook}](../dashboards/playbooks/{playbook}.md)"


def _fired(case: Case) -> list[str]:
    return sorted({name for one in case.expected for name in one.alerts})
