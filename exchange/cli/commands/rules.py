"""`rules`: evaluate CertLogic rules on data, and check them before they are ever run."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import msgspec
import typer

from exchange.cli.exits import CommandError, ExitCode
from exchange.cli.options import Json
from exchange.cli.output import out, print_json, table
from exchange.core.case_view import view_schema
from exchange.core.certlogic import evaluate_line, validate
from exchange.core.certlogic.limits import MAX_LINE_BYTES
from exchange.core.policy import Policy
from exchange.core.policy_check import PolicyProblem, check_policy

rules_app = typer.Typer(
    help="Evaluate CertLogic rules on data, and check them before they are ever run.",
    no_args_is_help=True,
)

File = Annotated[
    Path | None,
    typer.Argument(help="File with one JSON object a line; standard input if left out."),
]
RuleFile = Annotated[
    Path, typer.Argument(help="A policy, a rule, or a list of rules, as JSON.", metavar="FILE")
]
AnyData = Annotated[
    bool, typer.Option("--any-data", help="Do not check paths against the view of a case.")
]


@rules_app.command("evaluate")
def evaluate(file: File = None) -> None:
    """Read one {"logic", "data"} a line and answer each with {"value"} or {"error"}."""
    source = sys.stdin.buffer if file is None else file.open("rb")
    with source:
        for line in _lines(source):
            sys.stdout.buffer.write(evaluate_line(line) + b"\n")
            sys.stdout.buffer.flush()


@rules_app.command("validate")
def validate_file(file: RuleFile, *, any_data: AnyData = False, as_json: Json = False) -> int:
    """Report what is wrong with rules, each with its place; exit code 3 where anything is."""
    problems = _problems(file, any_data=any_data)
    if as_json:
        print_json({"problems": msgspec.to_builtins(problems)})
    elif problems:
        rows = [(one.place, str(one.code), one.message) for one in problems]
        out().print(table(("place", "problem", "in words"), rows))
    else:
        out().print("Nothing is wrong.")
    return ExitCode.WRONG_INPUT if problems else ExitCode.DONE


def _lines(source: BinaryIO) -> Iterator[bytes]:
    """Give every line, a blank one too: answers are matched to lines by their count.

    Of a line that is too long anyway only the beginning is held in memory.
    """
    while line := source.readline(MAX_LINE_BYTES + 2):
        yield line
        while not line.endswith(b"\n") and line:
            line = source.readline(MAX_LINE_BYTES)


def _problems(file: Path, *, any_data: bool) -> list[PolicyProblem]:
    try:
        content: Any = json.loads(file.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError):
        raise CommandError(f"{file} is no JSON.") from None
    if isinstance(content, dict) and "combination" in content:
        try:
            return list(check_policy(msgspec.convert(content, Policy)))
        except msgspec.ValidationError as error:
            return [PolicyProblem("", "NO_POLICY", str(error))]
    if isinstance(content, list) and all(isinstance(one, dict) for one in content):
        found = [_of_rule(one, f"[{place}]", any_data) for place, one in enumerate(content)]
        return [problem for problems in found for problem in problems]
    return _of_rule(content, "", any_data)


def _of_rule(content: Any, place: str, any_data: bool) -> list[PolicyProblem]:
    """Check a rule: bare, or with its logic under `logic` or `Logic`, beside its tests or not."""
    if isinstance(content, dict) and isinstance(content.get("rule"), dict):
        content, place = content["rule"], f"{place}.rule"
    logic = content
    if isinstance(content, dict):
        for key in ("logic", "Logic"):
            if key in content:
                logic, place = content[key], f"{place}.{key}".lstrip(".")
                break
    schema = None if any_data else view_schema()
    return [
        PolicyProblem(f"{place}{problem.place}", problem.code, problem.message)
        for problem in validate(logic, schema)
    ]
