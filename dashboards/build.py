"""Writing what Grafana and Prometheus read: ``python -m dashboards.build``; see ``--help``."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from dashboards.alerts import ALERTS, Alert
from dashboards.boards import BOARDS
from dashboards.documentation import FOLDER_DOCUMENT, alerts_document, metrics_document
from dashboards.grafana import PLAYBOOKS_URL, dashboard_json
from dashboards.linter import linter_settings
from dashboards.rules import RECORDINGS, Recording, objective_recordings
from dashboards.yaml_text import Yaml, yaml_text

HERE = Path(__file__).parent
GENERATED = HERE / "generated"
ROOT = HERE.parent
SCRAPE_INTERVAL = "15s"
"""Grafana has to know it, for its `$__rate_interval`."""
_FIRST = "# Written by `python -m dashboards.build`; change the Python files, not this one.\n"


def recording_rules() -> Yaml:
    """Return the recording rules as Prometheus reads them."""
    # One group: its rules are evaluated in order, each on what those before it recorded.
    rules = [_recording(one) for one in (*RECORDINGS, *objective_recordings())]
    return {"groups": [{"name": "health-exchange", "rules": rules}]}


def _recording(recording: Recording) -> Yaml:
    rule: dict[str, Yaml] = {"record": recording.record, "expr": recording.expression}
    if recording.labels:
        rule["labels"] = dict(recording.labels)
    return rule


def alert_rules(playbooks_url: str = PLAYBOOKS_URL) -> Yaml:
    """Return the alerts as Prometheus reads them."""
    rules = [_alert(one, playbooks_url) for one in ALERTS]
    return {"groups": [{"name": "health-exchange-alerts", "rules": rules}]}


def _alert(alert: Alert, playbooks_url: str) -> Yaml:
    lasting: dict[str, Yaml] = {"for": alert.lasting} if alert.lasting else {}
    return {
        "alert": alert.name,
        "expr": alert.expression,
        **lasting,
        "labels": {"severity": alert.severity},
        "annotations": {
            "summary": alert.summary,
            "runbook_url": f"{playbooks_url}{alert.playbook}.md",
        },
    }


def provisioning() -> Mapping[str, Yaml]:
    """Return Grafana's provisioning files by path."""
    return {
        "provisioning/dashboards/health-exchange.yml": {
            "apiVersion": 1,
            "providers": [
                {
                    "name": "health-exchange",
                    "folder": "Health-code exchange",
                    "type": "file",
                    "options": {"path": "/etc/grafana/dashboards/health-exchange"},
                }
            ],
        },
        "provisioning/datasources/health-exchange.yml": {
            "apiVersion": 1,
            "datasources": [
                {
                    "name": "Prometheus",
                    "type": "prometheus",
                    "access": "proxy",
                    "url": "http://127.0.0.1:9090",
                    "isDefault": True,
                    "jsonData": {"httpMethod": "POST", "timeInterval": SCRAPE_INTERVAL},
                }
            ],
        },
    }


def prometheus_settings() -> Yaml:
    """Return settings of a Prometheus beside one exchange and one node, to begin with."""
    ports = {"health-exchange": 7444, "cassandra": 7070}
    return {
        "global": {"scrape_interval": SCRAPE_INTERVAL, "evaluation_interval": SCRAPE_INTERVAL},
        "rule_files": ["rules/*.yml"],
        "scrape_configs": [
            {"job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
            for job, port in ports.items()
        ],
    }


def files(playbooks_url: str = PLAYBOOKS_URL) -> dict[str, str]:
    """Return the text of every file by its path below ``generated``."""
    found = {
        "rules/recordings.yml": _FIRST + yaml_text(recording_rules()),
        "rules/alerts.yml": _FIRST + yaml_text(alert_rules(playbooks_url)),
    }
    found["prometheus.yml"] = _FIRST + yaml_text(prometheus_settings())
    found["README.md"] = FOLDER_DOCUMENT
    for board in BOARDS:
        content = json.dumps(dashboard_json(board, playbooks_url), indent=2, sort_keys=True)
        found[f"dashboards/{board.uid}.json"] = f"{content}\n"
    for path, content_yaml in provisioning().items():
        found[path] = _FIRST + yaml_text(content_yaml)
    return found


def main(
    *,
    check: Annotated[bool, typer.Option(help="Only compare; fail where files differ.")] = False,
    into: Annotated[Path | None, typer.Option(help="Put all an SRE needs into a folder.")] = None,
    playbooks_url: Annotated[str, typer.Option(help="Where playbooks are read.")] = PLAYBOOKS_URL,
) -> None:
    """Write dashboards, rules and the document of the metrics."""
    if into is not None:
        _write(into, files(playbooks_url))
        shutil.copytree(HERE / "playbooks", into / "playbooks", dirs_exist_ok=True)
        typer.echo(f"{into}: README.md says where each file goes.")
        return
    wanted = {f"dashboards/generated/{path}": text for path, text in files().items()}
    wanted["dashboards/generated/dashboard-linter.yml"] = _FIRST + yaml_text(linter_settings())
    wanted["docs/metrics.md"] = metrics_document()
    wanted["docs/monitoring.md"] = alerts_document()
    if not check:
        _write(ROOT, wanted)
        return
    stale = [path for path, text in wanted.items() if _text(ROOT / path) != text]
    known = {ROOT / path for path in wanted}
    stale += [
        str(path.relative_to(ROOT))
        for path in GENERATED.rglob("*")
        if path.is_file() and path not in known
    ]
    if stale:
        typer.echo(f"Not what the Python files say: {', '.join(stale)}. Run: make dashboards")
        raise typer.Exit(1)


def _write(directory: Path, texts: Mapping[str, str]) -> None:
    for path, text in texts.items():
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")


def _text(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


if __name__ == "__main__":
    typer.run(main)
