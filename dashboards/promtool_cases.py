"""Cases to promtool's test files."""

from pathlib import Path

from dashboards.alerts import ALERTS
from dashboards.rule_cases import Case, Fires
from dashboards.yaml_text import Yaml, yaml_text

GROUPS = ("health-exchange", "health-exchange-alerts")


def case_file(case: Case, rules: Path) -> str:
    """Return one case as ``promtool test rules`` reads it.

    promtool compares alerts with labels and texts; here only their names matter, so that it is
    asked for the series ``ALERTS``.
    """
    tests: Yaml = [
        {
            "name": case.name,
            "interval": f"{case.step}m",
            "input_series": [
                {"series": series, "values": values} for series, values in case.series.items()
            ],
            "promql_expr_test": [_expected(one) for one in case.expected],
        }
    ]
    return yaml_text(
        {
            "rule_files": [str(path.resolve()) for path in sorted(rules.glob("*.yml"))],
            "evaluation_interval": f"{case.step}m",
            # Alerts look at what was recorded at the same instant.
            "group_eval_order": GROUPS,
            "tests": tests,
        }
    )


def _expected(one: Fires) -> Yaml:
    unknown = set(one.alerts) - {alert.name for alert in ALERTS}
    if unknown:
        raise ValueError(f"There is no alert {', '.join(sorted(unknown))}.")
    samples: Yaml = [
        {"labels": f'{{alertname="{name}"}}', "value": 1} for name in sorted(one.alerts)
    ]
    return {
        "expr": 'count by (alertname) (ALERTS{alertstate="firing"}) > bool 0',
        "eval_time": f"{one.minute}m",
        "exp_samples": samples,
    }
