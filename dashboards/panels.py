"""What a dashboard is made of, as values: queries, panels, rows, variables."""

from enum import StrEnum

import msgspec


class Kind(StrEnum):
    """How a panel shows its figures, in Grafana's words."""

    LINES = "timeseries"
    FIGURE = "stat"
    TABLE = "table"
    BARS = "bargauge"
    HEATMAP = "heatmap"


class Query(msgspec.Struct, frozen=True):
    """One question to Prometheus.

    Attributes:
        expression: PromQL. ``$job``, ``$instance``, ``$node``, ``$member``, ``$destination`` and
            ``$__rate_interval`` are filled in by Grafana.
        legend: Of each series, with labels in double braces; in a table the name of the column.
        empty_because: Why it may have no series while all is well; ``""``: it always has some.
    """

    expression: str
    legend: str = ""
    empty_because: str = ""


class Threshold(msgspec.Struct, frozen=True):
    """From a value on a figure has a colour."""

    value: float
    colour: str


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """One panel.

    Attributes:
        title: What it shows.
        description: What good looks like, in a sentence or two.
        unit: Grafana's name of the unit.
        queries: What it asks.
        kind: How it shows it.
        thresholds: From green on, in rising order; () where no value is better than another.
        playbook: Name of the playbook for when it does not look good; ``""`` if none.
        width: Of 24 columns.
        matrix: For a table: labels of rows and columns, and it shows one value per cell.
        stacked: Whether lines stand on each other.
        lowest: Of its axis, None where Grafana may choose.
    """

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    kind: Kind = Kind.LINES
    thresholds: tuple[Threshold, ...] = ()
    playbook: str = ""
    width: int = 8
    matrix: tuple[str, str] | None = None
    stacked: bool = False
    lowest: float | None = 0


class Row(msgspec.Struct, frozen=True):
    """Panels below one heading."""

    title: str
    panels: tuple[Panel, ...]


class Variable(msgspec.Struct, frozen=True):
    """A choice above a dashboard.

    Attributes:
        name: As queries have it after the dollar sign.
        title: For people.
        values: PromQL of Grafana: ``label_values(metric, label)``.
    """

    name: str
    title: str
    values: str


class Dashboard(msgspec.Struct, frozen=True, kw_only=True):
    """One dashboard.

    Attributes:
        uid: Stable, part of its address.
        title: For people.
        description: What question it answers.
        rows: From top to bottom.
        variables: Besides the data source.
        annotations: Query whose changes are marked on all panels, or None.
    """

    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...]
    annotations: Query | None = None

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All panels in order."""
        return tuple(panel for row in self.rows for panel in row.panels)


JOB = Variable("job", "Job", "label_values(health_exchange_build_info, job)")
INSTANCE = Variable(
    "instance", "Instance", 'label_values(health_exchange_build_info{job=~"$job"}, instance)'
)
NODE = Variable("node", "Node", 'label_values(up{job="cassandra"}, instance)')
MEMBER = Variable(
    "member",
    "Member",
    "label_values(health_exchange_member_last_contact_timestamp_seconds, member)",
)
DESTINATION = Variable(
    "destination", "Destination", "label_values(health_exchange_policy_revision, destination)"
)

OF_EXCHANGE = 'job=~"$job",instance=~"$instance"'
"""Selects the figures of the exchanges that were chosen."""
OF_NODE = 'job="cassandra",instance=~"$node"'
"""Selects the figures of the nodes of Cassandra that were chosen."""


def per_second(metric: str, by: str = "", where: str = OF_EXCHANGE) -> str:
    """Return the rate of a counter, summed up by labels or over all."""
    grouped = f" by ({by}) " if by else ""
    return f"sum{grouped}(rate({metric}{{{where}}}[$__rate_interval]))"


GREEN, YELLOW, RED = "green", "yellow", "red"


def rising(yellow: float, red: float) -> tuple[Threshold, ...]:
    """Return thresholds of a figure that is better the smaller it is."""
    return (Threshold(0, GREEN), Threshold(yellow, YELLOW), Threshold(red, RED))


def falling(red_below: float, yellow_below: float) -> tuple[Threshold, ...]:
    """Return thresholds of a figure that is better the larger it is."""
    return (Threshold(0, RED), Threshold(red_below, YELLOW), Threshold(yellow_below, GREEN))
