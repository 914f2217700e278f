"""Real faults of a real exchange: the alerts that fire, and no others."""

import asyncio
import os
from pathlib import Path

import pytest

from dashboards.build import files
from dashboards.monitor.faults import AT_ONCE, NODE_STOPS, OF_THE_MACHINE, do_faults
from dashboards.monitor.kit import running_kit
from dashboards.monitor.processes import Watching
from dashboards.monitor.shortened import EVERY, shortened, write_shortened_rules
from dashboards.rule_cases import CASES


@pytest.mark.cassandra
@pytest.mark.timeout(300)
def test_each_fault_fires_its_alerts_and_no_others(tmp_path: Path) -> None:
    """One exchange for all: a quiet day, three members with a fault each, then the node stops."""
    watching = Watching(write_shortened_rules(tmp_path / "rules"), EVERY)
    with running_kit(tmp_path, "cassandra", dict(os.environ), watching) as running:
        seen = asyncio.run(do_faults(running))
    assert [(one.name, one.fired) for one in seen] == [(one.name, one.wanted) for one in seen]
    assert len(seen) == 5
    assert not seen[0].wanted


def test_what_fires_for_a_fault_is_what_recorded_series_of_it_fire() -> None:
    replayed = {name for case in CASES for one in case.expected for name in one.alerts}
    alerts = {name for fault in (*AT_ONCE, NODE_STOPS) for name, _ in fault.alerts}
    assert alerts <= replayed
    assert not alerts & OF_THE_MACHINE


def test_all_times_of_the_rules_are_shortened_and_nothing_else() -> None:
    text = 'expr: "rate(a[5m]) > 5 * avg_over_time(b:rate15m[1d] offset 30m) and c > 93600"\n'
    assert shortened(f'{text}for: "1m"') == (
        'expr: "rate(a[3000ms]) > 5 * avg_over_time(b:rate15m[864000ms] offset 18000ms)'
        ' and c > 20"\nfor: "600ms"'
    )
    for name in ("rules/alerts.yml", "rules/recordings.yml"):
        before, after = files()[name], shortened(files()[name])
        assert before.count("[") == after.count("ms]") + before.count("[$")
        assert before.count("for: ") == after.count('ms"')
