"""Asking a real Prometheus every question of every dashboard and rule."""

from collections.abc import Iterator

import msgspec

from dashboards.alerts import ALERTS
from dashboards.boards import BOARDS
from dashboards.monitor.processes import asked
from dashboards.panels import Query
from dashboards.rules import RECORDINGS, objective_recordings

_FILLED_IN = {
    "$__rate_interval": "15s",
    "$job": ".+",
    "$instance": ".+",
    "$node": ".+",
    "$member": ".+",
    "$destination": ".+",
}


class Asked(msgspec.Struct, frozen=True):
    """A question and its answer.

    Attributes:
        place: Dashboard and panel, or kind of rule and its name.
        query: The question.
        series: How many series it has now.
        error: What Prometheus objects to, or ``""``.
    """

    place: str
    query: Query
    series: int
    error: str

    @property
    def problem(self) -> str:
        """What is wrong, or ``""``: refused, or empty without saying why."""
        if self.error:
            return f"{self.place}: {self.error}"
        if not self.series and not self.query.empty_because:
            return f"{self.place}: nothing for {self.query.expression}"
        return ""


def questions() -> Iterator[tuple[str, Query]]:
    """Return every question with its place."""
    for board in BOARDS:
        for panel in board.panels:
            for query in panel.queries:
                yield f"{board.title} / {panel.title}", query
        if board.annotations is not None:
            yield f"{board.title} / annotations", board.annotations
    for rule in (*RECORDINGS, *objective_recordings()):
        yield f"rule / {rule.record}", Query(rule.expression)
    for alert in ALERTS:
        yield f"alert / {alert.name}", Query(alert.expression, empty_because="all is well")


def filled_in(expression: str) -> str:
    """Return a query as Grafana asks it with all of everything chosen."""
    for name, value in _FILLED_IN.items():
        expression = expression.replace(name, value)
    return expression


def ask_all(prometheus: str) -> list[Asked]:
    """Ask every question."""
    return [_ask(prometheus, place, query) for place, query in questions()]


def _ask(prometheus: str, place: str, query: Query) -> Asked:
    try:
        series = len(asked(prometheus, "query", query=filled_in(query.expression))["result"])
    except ValueError as error:
        return Asked(place, query, 0, str(error))
    return Asked(place, query, series, "")


def sick_rules(prometheus: str) -> list[str]:
    """Return what Prometheus itself could not evaluate."""
    groups = asked(prometheus, "rules")["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    return [f"{rule['name']}: {rule.get('lastError')}" for rule in rules if rule["health"] == "err"]


def firing(prometheus: str) -> set[str]:
    """Return the names of the alerts that fire."""
    found = asked(prometheus, "query", query='ALERTS{alertstate="firing"}')["result"]
    return {one["metric"]["alertname"] for one in found}
