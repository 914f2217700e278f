"""The specification's suites and the public rules, run from the shared folder, which is not ours.

The folder is `../shared` beside the repository, or wherever `EXCHANGE_SHARED` says.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from exchange.core.certlogic import (
    EvaluationError,
    Json,
    affected_fields,
    compile_rule,
    evaluate_line,
    validate,
)

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("EXCHANGE_SHARED", ROOT.parent / "shared")) / "certlogic"

pytestmark = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the CertLogic corpus is absent: set EXCHANGE_SHARED to its folder"
)


def exactly(value: object) -> str:
    """Write JSON so that 1 and true differ."""
    return json.dumps(value, sort_keys=True)


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def files(folder: str) -> list[Any]:
    return [pytest.param(path, id=path.stem) for path in sorted((SHARED / folder).glob("*.json"))]


def assertions(suite: dict[str, Any]) -> Iterator[tuple[Json, Json, Json]]:
    """Give expression, data and expected value of all that is not to be skipped."""
    for case in suite["cases"]:
        for assertion in case["assertions"]:
            levels = (suite, case, assertion)
            if any(level.get("directive") == "skip" for level in levels):
                continue
            owner = assertion if "certLogicExpression" in assertion else case
            yield owner["certLogicExpression"], assertion["data"], assertion["expected"]


def with_value_sets(external: dict[str, Any]) -> dict[str, Any]:
    name = external.get("valueSets")
    if not isinstance(name, str):
        return external
    shelf = read(SHARED / "valuesets.json")
    bundle = {key: shelf["sets"][version] for key, version in shelf["bundles"][name].items()}
    return {**external, "valueSets": bundle}


def data_of(test: dict[str, Any]) -> dict[str, Any]:
    payload = {"payload": test["payload"]} if "payload" in test else {}
    return {**payload, "external": with_value_sets(test["external"])}


@pytest.mark.parametrize("path", files("suites"))
def test_a_suite_of_the_specification_passes(path: Path) -> None:
    for logic, data, expected in assertions(read(path)):
        assert exactly(compile_rule(logic).evaluate(data)) == exactly(expected), (logic, data)


def test_as_many_assertions_count_as_the_corpus_says() -> None:
    suites = [read(path) for path in (SHARED / "suites").glob("*.json")]
    assert sum(len(list(assertions(suite))) for suite in suites) == 218


@pytest.mark.parametrize("path", files("validation-suites"))
def test_a_suite_of_checks_passes(path: Path) -> None:
    for case in read(path)["cases"]:
        problems = validate(case["certLogicExpression"])
        assert len(problems) == len(case["issues"]), (case, problems)


@pytest.mark.parametrize("path", files("cases"))
def test_a_public_rule_gives_what_its_tests_expect(path: Path) -> None:
    content = read(path)
    rule = compile_rule(content["rule"]["Logic"])
    for test in content["tests"]:
        try:
            value = rule.evaluate(data_of(test))
        except EvaluationError:
            value = False  # a rule that cannot be evaluated is not met
        assert exactly(value) == exactly(test["expected"]), test["id"]


@pytest.mark.parametrize("path", files("cases"))
def test_a_public_rule_gives_the_same_from_a_line(path: Path) -> None:
    content = read(path)
    for test in content["tests"][:3]:
        line = {"logic": content["rule"]["Logic"], "data": data_of(test)}
        answer = json.loads(evaluate_line(json.dumps(line).encode()))
        assert exactly(answer.get("value", False)) == exactly(test["expected"]), test["id"]


@pytest.mark.parametrize("path", files("cases"))
def test_a_public_rule_has_no_problems_and_reads_its_affected_fields(path: Path) -> None:
    rule = read(path)["rule"]
    assert validate(rule["Logic"]) == ()
    assert affected_fields(rule["Logic"]) == set(rule["AffectedFields"])
