"""The cases of `cases/`: a line of rule and data each, with the value it gives or that it fails."""

import json
from pathlib import Path
from typing import Any

import pytest

from exchange.core.certlogic import evaluate_line

CASES = Path(__file__).parent / "cases"


def exactly(value: object) -> str:
    """Write JSON so that 1 and true differ."""
    return json.dumps(value, sort_keys=True)


def collected() -> list[Any]:
    return [
        pytest.param(line, id=f"{path.stem}-{number}")
        for path in sorted(CASES.glob("*.jsonl"))
        for number, line in enumerate(path.read_bytes().splitlines(), 1)
    ]


@pytest.mark.parametrize("line", collected())
def test_a_line_gives_what_it_expects(line: bytes) -> None:
    answer = json.loads(evaluate_line(line))
    found = "fails" if "error" in answer else answer
    assert exactly(found) == exactly(json.loads(line)["expected"])


def test_every_operator_has_cases() -> None:
    text = b"".join(path.read_bytes() for path in CASES.glob("*.jsonl"))
    words = b"var if and ! === in + < > <= >= before after not-before not-after plusTime"
    rest = b"dccDateOfBirth extractFromUVCI reduce"
    missing = [word for word in (words + b" " + rest).split() if b'{"%s":' % word not in text]
    assert missing == []
