"""What Grafana's dashboard-linter is told to leave: queries that name no exchange, and why."""

from dashboards.boards import BOARDS
from dashboards.panels import OF_NODE, Panel
from dashboards.yaml_text import Yaml

_NODES = "figures of Cassandra's nodes: they have a job and a variable of their own"
_RECORDED = "a recorded series: it holds all exchanges together and has no instance"
_RULES = ("target-job-rule", "target-instance-rule")


def linter_settings() -> Yaml:
    """Return the exceptions of each panel, as the linter reads them."""
    entries: list[Yaml] = [
        {"dashboard": board.title, "panel": panel.title, "reason": reason}
        for board in BOARDS
        for panel in board.panels
        if (reason := _reason(panel))
    ]
    return {"exclusions": {rule: {"entries": entries} for rule in _RULES}}


def _reason(panel: Panel) -> str:
    if all(OF_NODE in query.expression for query in panel.queries):
        return _NODES
    if all(":health_exchange_" in query.expression for query in panel.queries):
        return _RECORDED
    return ""
