"""The kit on the real thing: two workers, a real Prometheus, every query of panels and rules."""

import asyncio
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from defusedxml.ElementTree import fromstring

from dashboards.boards import BOARDS
from dashboards.build import HERE
from dashboards.monitor.kit import running_kit
from dashboards.monitor.load import run_load
from dashboards.monitor.pictures import draw_all
from dashboards.monitor.processes import Running, fetched, wait_for
from dashboards.monitor.programs import prometheus_program
from dashboards.monitor.queries import ask_all, firing, questions, sick_rules

SVG = "{http://www.w3.org/2000/svg}"
LOAD_SECONDS = 8.0
STORES = ["sqlite", pytest.param("cassandra", marks=pytest.mark.cassandra)]


@pytest.fixture(scope="module", params=STORES)
def kit(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    store: str = request.param
    with running_kit(tmp_path_factory.mktemp("kit"), store, dict(os.environ)) as running:
        asyncio.run(run_load(running.address, LOAD_SECONDS))
        yield running


def test_every_query_is_answered_and_none_is_empty_without_a_reason(kit: Running) -> None:
    answers = ask_all(kit.prometheus)
    assert [one.problem for one in answers if one.problem] == []
    assert len(answers) == len(list(questions()))


def test_promtool_finds_no_fault_with_what_the_exchange_shows(kit: Running) -> None:
    ran = subprocess.run(  # noqa: S603 - our own command
        [prometheus_program("promtool"), "check", "metrics"],
        input=fetched(f"{kit.metrics}/metrics"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_pictures_show_every_panel_of_every_dashboard(kit: Running, tmp_path: Path) -> None:
    drawn = draw_all(kit.prometheus, tmp_path, LOAD_SECONDS)
    assert [path.stem for path in drawn] == [board.uid for board in BOARDS]
    for board, path in zip(BOARDS, drawn, strict=True):
        texts = {one.text for one in fromstring(path.read_text("utf-8")).iter(f"{SVG}text")}
        assert {panel.title for panel in board.panels} <= texts
    lines = fromstring(drawn[0].read_text("utf-8")).iter(f"{SVG}polyline")
    assert sum(bool(line.get("points")) for line in lines) > len(BOARDS[0].panels) / 2


def test_prometheus_evaluates_every_rule(kit: Running) -> None:
    assert sick_rules(kit.prometheus) == []


def test_a_healthy_exchange_fires_no_alert(kit: Running) -> None:
    assert firing(kit.prometheus) == set()


def test_commands_in_playbooks_work(kit: Running) -> None:
    variables = os.environ | {"METRICS": kit.metrics, "PROMETHEUS": kit.prometheus}
    for path in sorted((HERE / "playbooks").glob("*.md")):
        commands = re.findall(r"```sh\n(.*?)```", path.read_text("utf-8"), re.DOTALL)
        assert commands, path.name
        for command in commands:
            ran = subprocess.run(  # noqa: S603 - our own command
                ["/bin/bash", "-e", "-c", command],
                env=variables,
                capture_output=True,
                text=True,
                check=False,
            )
            assert ran.returncode == 0, f"{path.name}: {command} {ran.stderr}"
            assert ran.stdout.strip(), f"{path.name}: {command}"


def test_something_that_never_becomes_ready_is_reported() -> None:
    with pytest.raises(Exception, match="The moon does not answer within 0 s"):
        wait_for(lambda: False, "The moon does not answer", 0.2)
