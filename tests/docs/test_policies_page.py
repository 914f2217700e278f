"""docs/policies.md is true: its tables name what rules see and nothing else, its commands run."""

import json
import re
import shlex

import pytest

from exchange.cli.main import run
from exchange.core.case_view import ISSUER_KEYS, view_schema
from exchange.core.certlogic import compile_rule, validate
from exchange.core.policy_check import check_policy
from tests.core.policies import decided, nucleic, policy_with, said
from tests.core.strategies import NOW_MS
from tests.docs.conftest import ROOT, command_lines

DOCUMENT = "docs/policies.md"
TEXT = (ROOT / DOCUMENT).read_text("utf-8")
RULES = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)]
SCHEMA = view_schema()
HOUR_MS = 3_600_000


def named(heading: str) -> list[str]:
    """The names in the first column of the table below a heading."""
    section = TEXT.split(f"### {heading}\n")[1].split("\n#")[0]
    return re.findall(r"^\| `([a-z0-9_]+)` \|", section, re.MULTILINE)


@pytest.mark.parametrize(
    ("heading", "place"),
    [("A statement", "statement"), ("A test", "test"), ("A vaccination", "vaccination")],
)
def test_every_field_of_an_object_is_explained_and_no_other(heading: str, place: str) -> None:
    assert named(heading) == list(SCHEMA["$defs"][place]["properties"])


@pytest.mark.parametrize("area", ["payload", "external"])
def test_every_path_is_explained_and_no_other(area: str) -> None:
    found = named(area)
    # One member stands for all.
    given = [one for one in SCHEMA["properties"][area]["properties"] if one not in ISSUER_KEYS]
    assert [one for one in found if one not in ISSUER_KEYS] == given
    assert len([one for one in found if one in ISSUER_KEYS]) == (area == "payload")


def test_the_rules_may_be_published_and_do_what_is_said_of_them() -> None:
    assert [validate(rule, SCHEMA) for rule in RULES] == [()] * 3
    assert check_policy(policy_with(*RULES)) == ()
    fresh = nucleic()
    tested = [decided(policy_with(RULES[0]), said(tests=tests)) for tests in ((fresh,), ())]
    assert [one.verdict.name for one in tested] == ["ADMIT", "CROSS_CHECK"]
    assert tested[1].findings[0].reason == "RULE_FAILED"
    regions = [
        decided(policy_with(RULES[1]), said(region=region), origin="510000").verdict.name
        for region in ("", "310115", "310101")
    ]
    assert regions == ["ADMIT", "CROSS_CHECK", "ADMIT"]
    # It is 8 o'clock in Beijing: 56 hours ago the third day before this one ended.
    by_day = [
        decided(policy_with(RULES[2]), said(tests=(nucleic(sample=NOW_MS - hours * HOUR_MS),)))
        for hours in (55, 57)
    ]
    assert [one.verdict.name for one in by_day] == ["ADMIT", "CROSS_CHECK"]
    assert compile_rule(RULES[2]).evaluate({}) is False


@pytest.mark.parametrize("line", command_lines(DOCUMENT))
def test_the_commands_run(
    line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    program, *arguments = shlex.split(line)
    assert program == "health-exchange"
    assert run(arguments) == 0
    assert capsys.readouterr().out
