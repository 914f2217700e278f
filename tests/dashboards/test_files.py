"""What is written in Python, what is checked in, and what is documented are the same."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dashboards.alerts import ALERTS
from dashboards.boards import BOARDS
from dashboards.build import GENERATED, HERE, ROOT, files
from dashboards.documentation import metrics_document, shown_name
from dashboards.objectives import BURNS, OBJECTIVES
from dashboards.panels import Dashboard, Panel
from dashboards.rules import RECORDINGS, objective_recordings
from exchange.metrics import METRICS

PLAYBOOKS = HERE / "playbooks"
HEADINGS = ["What users see", "Confirm", "The first five minutes", "It is over when"]
OURS = re.compile(r"\bhealth_exchange_[a-z0-9_]+")
NODE_METRICS = re.compile(r"\bcassandra_[a-z0-9_]+")
PANELS = [(board, panel) for board in BOARDS for panel in board.panels]


def title(value: object) -> str:
    return value.title if isinstance(value, Dashboard | Panel) else ""


def expressions() -> list[str]:
    found = [query.expression for _, panel in PANELS for query in panel.queries]
    found += [board.annotations.expression for board in BOARDS if board.annotations]
    found += [rule.expression for rule in (*RECORDINGS, *objective_recordings())]
    found += [alert.expression for alert in ALERTS]
    return found


def test_what_is_checked_in_is_what_the_python_files_say() -> None:
    command = [sys.executable, "-m", "dashboards.build", "--check"]
    answer = subprocess.run(  # noqa: S603 - our own command
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stdout


def test_everything_an_sre_needs_goes_into_one_folder(tmp_path: Path) -> None:
    url = "https://sre.example/books/"
    command = [
        sys.executable, "-m", "dashboards.build", "--into", str(tmp_path), "--playbooks-url", url,
    ]  # fmt: skip
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)  # noqa: S603 - our own
    written = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    books = {f"playbooks/{path.name}" for path in PLAYBOOKS.glob("*.md")}
    assert written == set(files()) | books
    assert f"{url}member-silent.md" in (tmp_path / "rules" / "alerts.yml").read_text()


def test_every_metric_is_used_and_every_one_used_exists() -> None:
    text = " ".join(expressions())
    recorded = {rule.record for rule in (*RECORDINGS, *objective_recordings())}
    for name in recorded:
        text = text.replace(name, " ")
    used = {re.sub(r"_(bucket|count|sum)$", "", name) for name in OURS.findall(text)}
    assert used == {shown_name(metric) for metric in METRICS}


def test_the_document_lists_every_metric() -> None:
    document = metrics_document()
    assert document == (ROOT / "docs" / "metrics.md").read_text("utf-8")
    listed = re.findall(r"^\| `(health_exchange_[a-z_]+)`", document, re.MULTILINE)
    assert listed == [shown_name(metric) for metric in METRICS]


def test_labels_in_queries_are_labels_of_the_metric() -> None:
    labels = {shown_name(metric): {*metric.labels, "le", "instance", "job"} for metric in METRICS}
    for expression in expressions():
        for name, selector in re.findall(r"\b(health_exchange_[a-z_]+)\{([^}]*)\}", expression):
            metric = re.sub(r"_(bucket|count|sum)$", "", name)
            asked = set(re.findall(r"([a-z_]+)(?:=~|!=|!~|=)", selector))
            assert asked <= labels[metric], expression


def test_every_metric_of_the_nodes_that_is_shown_is_exported() -> None:
    exported = (ROOT / "tools/cassandra/templates/metrics.yaml").read_text("utf-8")
    names = set(re.findall(r"name: (cassandra_[a-z_]+)", exported))
    shown = {name for text in expressions() for name in NODE_METRICS.findall(text)}
    assert shown <= names


def test_recorded_series_that_are_asked_for_are_recorded() -> None:
    recorded = {rule.record for rule in (*RECORDINGS, *objective_recordings())}
    asked = {
        name
        for text in expressions()
        for name in re.findall(r"\b[a-z_]+:health_exchange_[a-z_]+:[a-z0-9_]+", text)
    }
    assert asked <= recorded


@pytest.mark.parametrize(("board", "panel"), PANELS, ids=title)
def test_a_panel_says_what_good_looks_like(board: Dashboard, panel: Panel) -> None:
    assert board.description
    assert "Good: " in panel.description or "What " in panel.description
    assert panel.unit
    assert panel.queries
    if panel.playbook:
        assert (PLAYBOOKS / f"{panel.playbook}.md").exists()
    values = [threshold.value for threshold in panel.thresholds]
    assert values == sorted(values)


def test_panels_of_a_dashboard_have_titles_of_their_own() -> None:
    for board in BOARDS:
        titles = [panel.title for panel in board.panels]
        assert len(titles) == len(set(titles))


def test_panels_lie_within_the_grid_and_beside_each_other() -> None:
    for path in (GENERATED / "dashboards").glob("*.json"):
        taken: set[tuple[int, int]] = set()
        for panel in json.loads(path.read_text("utf-8"))["panels"]:
            place = panel["gridPos"]
            cells = {
                (place["x"] + x, place["y"] + y)
                for x in range(place["w"])
                for y in range(place["h"])
            }
            assert not cells & taken
            assert all(x < 24 for x, _ in cells)
            taken |= cells


def test_no_alert_lacks_a_playbook_and_no_playbook_its_alert() -> None:
    books = {path.stem for path in PLAYBOOKS.glob("*.md")}
    assert {alert.playbook for alert in ALERTS} == books


def test_playbooks_answer_the_same_four_questions() -> None:
    for path in PLAYBOOKS.glob("*.md"):
        text = path.read_text("utf-8")
        assert re.findall(r"^## (.*)$", text, re.MULTILINE) == HEADINGS, path.name
        for link in re.findall(r"\]\(([^)]*)\)", text):
            assert (PLAYBOOKS / link).exists(), f"{path.name}: {link}"


def test_alerts_say_how_urgent_they_are_and_have_names_of_their_own() -> None:
    assert {alert.severity for alert in ALERTS} == {"page", "ticket"}
    names = [alert.name for alert in ALERTS]
    assert len(names) == len(set(names))
    assert all(alert.summary.endswith(".") for alert in ALERTS)


def test_each_objective_is_watched_over_windows_of_which_the_short_one_is_a_twelfth() -> None:
    assert all(0.9 < objective.target < 1 for objective in OBJECTIVES)
    ratios = {burn.long / burn.short for burn in BURNS}
    assert ratios == {12}
