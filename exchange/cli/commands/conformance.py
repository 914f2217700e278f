"""`conformance`: run case corpora, or a member's own samples, through the adapters."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from adapters.__main__ import TEST_KEYS
from exchange.app import load_format_keys
from exchange.cli.conformance.format_cases import case_files, run_cases, run_sample
from exchange.cli.conformance.page import page
from exchange.cli.conformance.results import CaseResult, Difference, Score, scores
from exchange.cli.conformance.rule_cases import run_rule_cases
from exchange.cli.exits import CommandError, ExitCode
from exchange.cli.names import member_word
from exchange.cli.options import Json, format_option
from exchange.cli.output import out, print_json, table

Places = Annotated[
    list[Path],
    typer.Argument(
        help="Files of cases (.jsonl), directories of them, or with --format payloads as you send "
        "them.",
    ),
]
PayloadFormat = Annotated[
    str,
    format_option(
        "The files are payloads in this format; each passes if every record of it is read."
    ),
]
CertLogic = Annotated[Path | None, typer.Option(help="Folder with suites of the rule language.")]
Report = Annotated[Path | None, typer.Option(help="Write the report to this HTML page.")]
KeysDir = Annotated[
    Path | None,
    typer.Option(help="Keys of formats that need some, FORMAT.toml; without it the test keys."),
]


def conformance(  # noqa: PLR0913 - an argument per option
    places: Places,
    *,
    payload_format: PayloadFormat = "",
    certlogic: CertLogic = None,
    format_keys_dir: KeysDir = None,
    report: Report = None,
    json: Json = False,
) -> int:
    """Compare what the adapters make of cases with what they should. Needs no exchange.

    A case is a line of JSON with `format`, `received_time`, `payload` (or `payload_base64`) and the
    expected `outcomes`; without them it passes if every record is read. Nothing shown holds the
    number of a document.
    """
    keys = load_format_keys(format_keys_dir) if format_keys_dir else TEST_KEYS
    now = datetime.now(UTC)
    if payload_format:
        received_ms = int(now.timestamp() * 1000)
        results = [run_sample(one, payload_format, received_ms, keys) for one in places]
    else:
        results = [
            one
            for place in places
            for path in case_files(place)
            for one in run_cases(path, place.name, keys)
        ]
    if not results:
        raise CommandError("There is no case in these files.")
    if certlogic is not None:
        results += run_rule_cases(certlogic)
    found = scores(results)
    if report is not None:
        report.parent.mkdir(parents=True, exist_ok=True)
        report.write_text(page(found, results, f"{now:%Y-%m-%d %H:%M}Z"), encoding="utf-8")
    if json:
        print_json(_as_json(found, results))
    else:
        _show(found, results)
    return ExitCode.DONE if all(one.passed for one in results) else ExitCode.SOME_FAILED


def _show(found: list[Score], results: list[CaseResult]) -> None:
    console = out()
    rows = [
        (member_word(one.member), one.group, f"{one.passed}/{one.total}", _mark(one))
        for one in found
    ]
    console.print(table(("member", "format or suite", "passed", ""), rows))
    for case, one in _first_differences(results):
        console.print(f"{case.group} {case.case}: {one.path}: {one.got}, not {one.expected}")
    passed, total = sum(one.passed for one in found), sum(one.total for one in found)
    console.print(f"{passed:,} of {total:,} cases pass.")


def _mark(score: Score) -> str:
    return "" if score.passed == score.total else "FAILED"


def _first_differences(results: list[CaseResult]) -> Iterator[tuple[CaseResult, Difference]]:
    """Give the first difference of each format or suite."""
    seen: set[str] = set()
    for case in results:
        if not case.passed and case.group not in seen:
            seen.add(case.group)
            yield case, case.differences[0]


def _as_json(found: list[Score], results: list[CaseResult]) -> dict[str, object]:
    failed = [msgspec.to_builtins(one) for one in results if not one.passed]
    return {"scores": [msgspec.to_builtins(one) for one in found], "failed_cases": failed}
