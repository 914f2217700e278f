"""Alerts fire on faults, keep silent on noise and resolve, judged by promtool itself."""

import subprocess
from pathlib import Path

import pytest

from dashboards.alerts import ALERTS, Alert
from dashboards.build import GENERATED
from dashboards.monitor.programs import prometheus_program
from dashboards.promtool_cases import case_file
from dashboards.rule_cases import CASES, Case

RULES = GENERATED / "rules"


@pytest.fixture(scope="module")
def promtool() -> Path:
    return prometheus_program("promtool")


def run(promtool: Path, *arguments: str | Path) -> str:
    """Run promtool; return what it complains of, nothing if all is well."""
    command = [str(promtool), *map(str, arguments)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    return ran.stdout + ran.stderr if ran.returncode else ""


def test_promtool_finds_no_fault_with_the_rules(promtool: Path) -> None:
    assert run(promtool, "check", "rules", *RULES.glob("*.yml")) == ""


def test_promtool_finds_no_fault_with_the_settings_to_begin_with(promtool: Path) -> None:
    assert run(promtool, "check", "config", GENERATED / "prometheus.yml") == ""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_alerts_fire_when_they_should_and_no_others(
    case: Case, promtool: Path, tmp_path: Path
) -> None:
    path = tmp_path / "case.yml"
    path.write_text(case_file(case, RULES))
    assert run(promtool, "test", "rules", path) == ""


def fires(alert: Alert) -> set[int]:
    return {
        index
        for index, case in enumerate(CASES)
        if any(alert.name in one.alerts for one in case.expected)
    }


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_every_alert_fires_in_one_case_and_keeps_silent_in_another(alert: Alert) -> None:
    assert fires(alert)
    assert len(fires(alert)) < len(CASES)


def test_a_case_that_expects_the_wrong_alert_fails(promtool: Path, tmp_path: Path) -> None:
    """Without this a mistake in the file could make all cases pass."""
    quiet, failing = CASES[0], CASES[2]
    for name, case, expected in (
        ("one.yml", failing, quiet.expected[:1]),
        ("two.yml", quiet, failing.expected),
    ):
        last = max(one.minute for one in failing.expected)
        wrong = Case(
            name="wrong",
            series=case.series,
            expected=tuple(one for one in failing.expected if one.alerts)
            if expected is failing.expected
            else tuple(type(one)(85, ()) for one in failing.expected if one.minute <= last),
        )
        path = tmp_path / name
        path.write_text(case_file(wrong, RULES))
        assert "FAILED" in run(promtool, "test", "rules", path)
