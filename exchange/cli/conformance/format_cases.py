"""Cases of member formats: case lines as in the catalogue, and a member's own samples."""

from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from adapters.base import Keys
from adapters.cases import CaseError, answer
from adapters.registry import FORMATS
from exchange.cli.conformance.results import CaseResult, Difference, differences
from exchange.cli.exits import CommandError
from exchange.core.json_view import outcome_view
from exchange.core.times import parse_rfc3339

_ANSWERS = ("outcomes", "encoded", "encoded_base64", "error")
"""What a case line may expect; everything else of it is what is asked, or a note."""
_TIMES = frozenset({"as_of", "valid_until", "sample_time", "result_time"})


def case_files(place: Path) -> list[Path]:
    """Return the files of a corpus: one file, or all ``.jsonl`` of a directory.

    Raises:
        CommandError: There is none.
    """
    files = sorted(place.glob("*.jsonl")) if place.is_dir() else [place]
    if not files or not all(one.is_file() for one in files):
        raise CommandError(f"{place} is no file of cases and no directory with *.jsonl in it.")
    return files


def run_cases(path: Path, corpus: str, keys: Mapping[str, Keys]) -> Iterator[CaseResult]:
    """Answer every case of a file and compare.

    A line without an expected answer is a sample: it passes if every record of it is read.

    Raises:
        CommandError: A line is no case.
    """
    content = path.read_bytes().removeprefix(BOM_UTF8)  # Some editors put a mark in front.
    for number, line in enumerate(content.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            case = msgspec.json.decode(line, type=dict[str, Any])
            got = answer(case, keys)
            expected = {key: case[key] for key in _ANSWERS if key in case}
            found = _compared(expected, got) if expected else _unread(got)
        except CaseError as error:
            where = error.field or "it"
            raise CommandError(f"{path}, line {number} is no case: {where} is wrong.") from None
        except (msgspec.MsgspecError, ValueError):
            raise CommandError(f"{path}, line {number} is no case: no JSON object.") from None
        format_id = str(case["format"])
        name = str(case.get("case", number))
        yield CaseResult(format_id[:6], format_id, corpus, name, tuple(found))


def run_sample(
    path: Path, format_id: str, received_ms: int, keys: Mapping[str, Keys]
) -> CaseResult:
    """Read a member's own payload, just as it sends it: it passes if every record of it is read."""
    outcomes = FORMATS[format_id].decode(path.read_bytes(), received_ms, keys.get(format_id, {}))
    views = [outcome_view(one) for one in outcomes]
    found = _unread({"outcomes": views}) if views else [Difference("outcomes", "a record", "none")]
    return CaseResult(format_id[:6], format_id, str(path.parent), path.name, tuple(found))


def _unread(got: Mapping[str, Any]) -> list[Difference]:
    """List what of an answer without an expected one is an error."""
    if "error" in got:
        return [Difference("", "bytes", _said(got["error"]))]
    return [
        Difference(f"outcomes[{at}]", "a health code", _said(one["error"]))
        for at, one in enumerate(got.get("outcomes", []))
        if "error" in one
    ]


def _said(error: Mapping[str, str]) -> str:
    return f"{error['reason']} {error['field']}".strip()


def _compared(expected: Any, got: Any) -> list[Difference]:
    one, other = _comparable(expected), _comparable(got)
    return differences(one, other)


def _comparable(value: Any, key: str = "") -> Any:
    """Leave out empty values and turn times into instants, as two answers are compared."""
    if isinstance(value, list):
        return [_comparable(element) for element in value]
    if isinstance(value, dict):
        return {
            name: _comparable(one, name) for name, one in value.items() if one not in ("", None, [])
        }
    if key in _TIMES and isinstance(value, str):
        try:
            return parse_rfc3339(value)
        except ValueError:
            return value  # No time is equal to it: the difference shows it.
    return value
