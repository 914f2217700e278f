"""The generated dashboards are what Grafana's published types say a dashboard is."""

import json
from pathlib import Path
from typing import Any

import pytest

from dashboards.build import GENERATED
from tests.dashboards.grafana_types import problems

FILES = sorted((GENERATED / "dashboards").glob("*.json"))
KNOWN = {"/annotations/list/0/titleFormat is unknown"}
"""Read by Grafana's data source for Prometheus, which the types of dashboards know nothing of."""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_dashboard_is_of_grafanas_types(path: Path) -> None:
    assert set(problems(path.read_text("utf-8"))) <= KNOWN


def lines(board: dict[str, Any]) -> dict[str, Any]:
    """Return the first panel of lines."""
    found: dict[str, Any] = next(one for one in board["panels"] if one["type"] == "timeseries")
    return found


@pytest.mark.parametrize(
    ("name", "value", "place"),
    [
        ("descripion", "a slip", "descripion is unknown"),
        ("title", 3, "title is 3"),
        ("gridPos", {"h": "tall", "w": 1, "x": 0, "y": 0}, "h is 'tall'"),
        ("fieldConfig", {"defaults": {"unit": 1}, "overrides": []}, "unit is 1"),
        ("fieldConfig", {"defaults": {"custom": {"lineWidht": 1}}, "overrides": []}, "lineWidht"),
        ("options", {"tooltip": {"mode": "loud", "sort": "desc"}}, "mode is 'loud'"),
        ("targets", [{"expr": 1, "refId": "A"}], "expr is 1"),
        ("transformations", [{"id": 5, "options": {}}], "5"),
    ],
)
def test_what_is_not_of_grafanas_types_is_found(name: str, value: object, place: str) -> None:
    board = json.loads(FILES[0].read_text("utf-8"))
    lines(board)[name] = value
    assert any(place in one for one in problems(json.dumps(board)))
