"""Values to Grafana's JSON: one function per thing, plain dictionaries."""

from typing import Any

from dashboards.panels import Dashboard, Kind, Panel, Query, Row, Variable
from exchange.core.members import MEMBERS

Json = dict[str, Any]

PLAYBOOKS_URL = "https://health-exchange.example/playbooks/"
"""Where the playbooks are read; ``make grafana-files PLAYBOOKS_URL=...`` puts another one in."""
SCHEMA_VERSION = 41
"""Of Grafana 11 and 12; later ones bring it up to date by themselves."""
_COLUMNS = 24
_HEIGHT = 8
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_NAMES = {member.code: {"text": f"{member.code} {member.name}"} for member in MEMBERS}


def dashboard_json(dashboard: Dashboard, playbooks_url: str = PLAYBOOKS_URL) -> Json:
    """Return a dashboard as Grafana imports it."""
    return {
        "annotations": {"list": [_annotation(dashboard.annotations)]}
        if dashboard.annotations
        else {"list": []},
        "description": dashboard.description,
        "editable": False,
        "graphTooltip": 1,
        "links": [
            {
                "asDropdown": False,
                "includeVars": True,
                "keepTime": True,
                "tags": ["health-exchange"],
                "title": "Health-code exchange",
                "type": "dashboards",
            }
        ],
        "panels": _panels(dashboard.rows, playbooks_url),
        "refresh": "30s",
        "schemaVersion": SCHEMA_VERSION,
        "tags": ["health-exchange"],
        "templating": {"list": [_source(), *(_variable(one) for one in dashboard.variables)]},
        "time": {"from": "now-3h", "to": "now"},
        "timepicker": {},
        "timezone": "",
        "title": dashboard.title,
        "uid": dashboard.uid,
    }


def _source() -> Json:
    return {
        "label": "Data source",
        "name": "datasource",
        "query": "prometheus",
        "type": "datasource",
    }


def _variable(variable: Variable) -> Json:
    return {
        "allValue": ".+",
        "current": {"text": ["All"], "value": ["$__all"]},
        "datasource": _SOURCE,
        "includeAll": True,
        "label": variable.title,
        "multi": True,
        "name": variable.name,
        "query": {"query": variable.values, "refId": variable.name},
        "refresh": 2,
        "sort": 1,
        "type": "query",
    }


def _annotation(query: Query) -> Json:
    return {
        "datasource": _SOURCE,
        "enable": True,
        "expr": query.expression,
        "iconColor": "blue",
        "name": "Policy changes",
        "titleFormat": query.legend,
    }


def _panels(rows: tuple[Row, ...], playbooks_url: str) -> list[Json]:
    found: list[Json] = []
    top = 0
    for row in rows:
        found.append(
            {
                "collapsed": False,
                "gridPos": {"h": 1, "w": _COLUMNS, "x": 0, "y": top},
                "id": len(found) + 1,
                "panels": [],
                "title": row.title,
                "type": "row",
            }
        )
        top += 1
        left = 0
        for panel in row.panels:
            if left + panel.width > _COLUMNS:
                left, top = 0, top + _HEIGHT
            place = {"h": _HEIGHT, "w": panel.width, "x": left, "y": top}
            found.append(_panel(panel, len(found) + 1, place, playbooks_url))
            left += panel.width
        top += _HEIGHT
    return found


def _panel(panel: Panel, number: int, place: Json, playbooks_url: str) -> Json:
    found: Json = {
        "datasource": _SOURCE,
        "description": panel.description,
        "fieldConfig": {"defaults": _defaults(panel), "overrides": _overrides(panel)},
        "gridPos": place,
        "id": number,
        "options": _options(panel),
        "targets": [_target(panel, index) for index in range(len(panel.queries))],
        "title": panel.title,
        "type": panel.kind.value,
    }
    if panel.playbook:
        url = f"{playbooks_url}{panel.playbook}.md"
        found["links"] = [{"targetBlank": True, "title": "Playbook", "url": url}]
    if panel.kind is Kind.TABLE:
        found["transformations"] = _transformations(panel)
    return found


def _defaults(panel: Panel) -> Json:
    steps = [
        {"color": one.colour, "value": one.value if index else None}
        for index, one in enumerate(panel.thresholds)
    ] or [{"color": "blue", "value": None}]
    defaults: Json = {"unit": panel.unit, "thresholds": {"mode": "absolute", "steps": steps}}
    if panel.kind is Kind.LINES:
        defaults["custom"] = {
            "fillOpacity": 40 if panel.stacked else 8,
            "lineWidth": 1,
            "showPoints": "never",
            "stacking": {"group": "A", "mode": "normal" if panel.stacked else "none"},
            "thresholdsStyle": {"mode": "dashed" if panel.thresholds else "off"},
        }
        if panel.lowest is not None:
            defaults["min"] = panel.lowest
    if panel.kind is Kind.TABLE:
        defaults["mappings"] = [{"options": _NAMES, "type": "value"}]
        if panel.matrix:
            defaults["color"] = {"mode": "continuous-YlRd"}
        if panel.matrix or panel.thresholds:
            defaults["custom"] = {"cellOptions": {"type": "color-background"}}
    return defaults


_COLUMN_UNITS = {"/s": "cps", "share": "percentunit", "age": "s", "contact": "s"}


def _overrides(panel: Panel) -> list[Json]:
    """Give the columns of a table with several queries their units, by the end of their names."""
    if panel.kind is not Kind.TABLE or panel.matrix:
        return []
    return [
        {
            "matcher": {"id": "byName", "options": query.legend},
            "properties": [{"id": "unit", "value": unit}],
        }
        for query in panel.queries
        for end, unit in _COLUMN_UNITS.items()
        if query.legend.endswith(end)
    ]


def _options(panel: Panel) -> Json:
    if panel.kind is Kind.LINES:
        return {
            "legend": {
                "calcs": ["lastNotNull", "max"],
                "displayMode": "table",
                "placement": "bottom",
            },
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
    if panel.kind in (Kind.FIGURE, Kind.BARS):
        return {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}
    if panel.kind is Kind.HEATMAP:
        return {"calculate": False, "color": {"mode": "scheme", "scheme": "Oranges"}}
    return {"showHeader": True}


def _target(panel: Panel, index: int) -> Json:
    query = panel.queries[index]
    at_once = panel.kind in (Kind.TABLE, Kind.BARS)
    target: Json = {
        "datasource": _SOURCE,
        "expr": query.expression,
        "instant": at_once,
        "legendFormat": query.legend or "__auto",
        "range": not at_once,
        "refId": chr(ord("A") + index),
    }
    if panel.kind is Kind.TABLE:
        target["format"] = "table"
    if panel.kind is Kind.HEATMAP:
        target["format"] = "heatmap"
    return target


def _transformations(panel: Panel) -> list[Json]:
    if panel.matrix:
        row, column = panel.matrix
        return [
            {
                "id": "groupingToMatrix",
                "options": {"columnField": column, "rowField": row, "valueField": "Value"},
            }
        ]
    names = {
        f"Value #{chr(ord('A') + index)}": query.legend for index, query in enumerate(panel.queries)
    }
    if len(panel.queries) == 1:
        names = {"Value": panel.queries[0].legend}
    return [
        {"id": "merge", "options": {}},
        {
            "id": "organize",
            "options": {"excludeByName": {"Time": True}, "renameByName": names},
        },
    ]
