"""Cases of the rule language CertLogic: the specification's suites, and public rules with tests."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from exchange.cli.conformance.results import CaseResult, differences
from exchange.cli.exits import CommandError
from exchange.core.certlogic import EvaluationError, compile_rule, validate

_NAME = "CertLogic"


def run_rule_cases(folder: Path) -> Iterator[CaseResult]:
    """Run the suites, the checks and the public rules of a folder.

    Raises:
        CommandError: It is no such folder, or a file cannot be read.
    """
    if not (folder / "suites").is_dir():
        raise CommandError(f"{folder} has no suites of CertLogic.")
    try:
        for path in sorted((folder / "suites").glob("*.json")):
            yield from _suite(path)
        for path in sorted((folder / "validation-suites").glob("*.json")):
            yield from _checks(path)
        shelf = _read(folder / "valuesets.json")
        for path in sorted((folder / "cases").glob("*.json")):
            yield from _public_rule(path, shelf)
    except (ValueError, KeyError) as error:
        raise CommandError(f"{folder} holds a file that is no suite.") from error


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _result(group: str, path: Path, case: str, expected: Any, got: Any) -> CaseResult:
    found = differences({"value": _exact(expected)}, {"value": _exact(got)})
    return CaseResult("", f"{_NAME} {group}", path.stem, case, tuple(found))


def _exact(value: Any) -> str:
    """Write a value so that 1 and true differ."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _suite(path: Path) -> Iterator[CaseResult]:
    suite = _read(path)
    for case in suite["cases"]:
        for at, assertion in enumerate(case["assertions"]):
            if any(one.get("directive") == "skip" for one in (suite, case, assertion)):
                continue
            owner = assertion if "certLogicExpression" in assertion else case
            logic = compile_rule(owner["certLogicExpression"])
            name = f"{case.get('name', '')} {at}"
            yield _result(
                "suites", path, name, assertion["expected"], logic.evaluate(assertion["data"])
            )


def _checks(path: Path) -> Iterator[CaseResult]:
    for at, case in enumerate(_read(path)["cases"]):
        problems = len(validate(case["certLogicExpression"]))
        name = f"{case.get('name', '')} {at}"
        yield _result("checks", path, name, len(case["issues"]), problems)


def _public_rule(path: Path, shelf: Any) -> Iterator[CaseResult]:
    content = _read(path)
    rule = compile_rule(content["rule"]["Logic"])
    for test in content["tests"]:
        payload = {"payload": test["payload"]} if "payload" in test else {}
        data = {**payload, "external": _with_value_sets(test["external"], shelf)}
        try:
            value = rule.evaluate(data)
        except EvaluationError:
            value = False  # A rule that cannot be evaluated is not met.
        yield _result("public rules", path, str(test["id"]), test["expected"], value)


def _with_value_sets(external: dict[str, Any], shelf: Any) -> dict[str, Any]:
    name = external.get("valueSets")
    if not isinstance(name, str):
        return external
    bundle = {key: shelf["sets"][version] for key, version in shelf["bundles"][name].items()}
    return {**external, "valueSets": bundle}
