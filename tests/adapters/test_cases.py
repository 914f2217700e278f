"""Every case of every registered format, the catalogue's and our own, reading and writing."""

from typing import Any

import pytest

from adapters.cases import answer
from adapters.registry import FORMATS
from exchange.core.members import BY_CODE
from tests.adapters.cases_io import CASES, KEYS, OWN_CASES, comparable, read_cases

ALL = [
    pytest.param(case, id=f"{format_id}:{case['case']}")
    for format_id in FORMATS
    for folder in (CASES, OWN_CASES)
    for case in read_cases(folder / f"{format_id}.jsonl")
]


@pytest.mark.parametrize("case", ALL)
def test_the_case_has_its_answer(case: dict[str, Any]) -> None:
    given = {"case", "format", "received_time", "payload", "payload_base64", "health_code"}
    expected = {key: value for key, value in case.items() if key not in given}
    found = answer(case, KEYS)
    if "outcomes" in expected:
        assert comparable(found) == comparable(expected)
    else:
        assert found == expected


@pytest.mark.parametrize("format_id", FORMATS)
def test_every_format_has_cases_of_the_catalogue(format_id: str) -> None:
    assert read_cases(CASES / f"{format_id}.jsonl")


@pytest.mark.parametrize("format_id", FORMATS)
def test_a_format_belongs_to_a_member_that_lists_it(format_id: str) -> None:
    assert format_id in BY_CODE[FORMATS[format_id].member].formats
