"""Rules give what the JavaScript reference gives, wherever the specification decides."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from exchange.core.certlogic import DateTime, EvaluationError, Json, Value, compile_rule
from tests.core.certlogic.rule_maker import RULE_MAKERS, RuleMaker
from tests.core.certlogic.wild_rules import WILD_MAKERS, WildMaker

HERE = Path(__file__).resolve().parent
INSTALLED = HERE.parents[1] / "var" / "node"
NODE = shutil.which("node")
PACKAGE = INSTALLED / "node_modules" / "certlogic-js" / "package.json"

pytestmark = [
    pytest.mark.certlogic_js,
    pytest.mark.skipif(NODE is None, reason="node is not installed"),
    pytest.mark.skipif(
        not PACKAGE.exists(),
        reason="the JavaScript reference is missing: run tests/conformance/certlogic_js/install.py",
    ),
]

Evaluate = Callable[[Json, Json], dict[str, Any]]


@pytest.fixture(scope="module")
def reference() -> Iterator[Evaluate]:
    script = str(HERE / "certlogic_js" / "evaluate_lines.js")
    command = [NODE or "node", script, str(INSTALLED)]
    with subprocess.Popen(  # noqa: S603 -- the words are our own
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        questions, answers = process.stdin, process.stdout

        def evaluate(logic: Json, data: Json) -> dict[str, Any]:
            questions.write(json.dumps({"logic": logic, "data": data}).encode() + b"\n")
            questions.flush()
            answer: dict[str, Any] = json.loads(answers.readline())
            return answer

        yield evaluate
        questions.close()


def comparable(value: Value) -> Any:
    if isinstance(value, DateTime):
        return {"dateTime": value.instant_ms}
    if isinstance(value, list):
        return [comparable(item) for item in value]
    if isinstance(value, dict):
        return {key: comparable(item) for key, item in value.items()}
    return int(value) if isinstance(value, float) and value.is_integer() else value


def outcome(logic: Json, data: Json) -> dict[str, Any]:
    try:
        return {"value": comparable(compile_rule(logic).evaluate(data))}
    except EvaluationError:
        return {"error": "failed"}


@settings(derandomize=True, deadline=None, max_examples=6000)
@given(st.one_of(RULE_MAKERS, WILD_MAKERS))
def test_rules_give_what_the_reference_gives(
    reference: Evaluate, maker: RuleMaker | WildMaker
) -> None:
    logic, data = maker.rule(), maker.data
    answer = reference(logic, data)
    expected = {"error": "failed"} if "error" in answer else answer
    assert json.dumps(outcome(logic, data), sort_keys=True) == json.dumps(expected, sort_keys=True)
