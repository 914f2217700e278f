"""The invariants of the fuzzer hold for every case, so that what it finds is news."""

import pytest

from adapters.base import Format
from adapters.cases import payload_of
from adapters.registry import FORMATS
from tests.adapters.cases_io import CASES, OWN_CASES, read_cases
from tests.adapters.test_properties import EVERY_FORMAT
from tests.fuzz.__main__ import CHOSEN
from tests.fuzz.invariants import check


@EVERY_FORMAT
def test_the_invariants_hold_for_every_case(format_: Format) -> None:
    for folder in (CASES, OWN_CASES):
        for case in read_cases(folder / f"{format_.id}.jsonl"):
            if "outcomes" in case:
                check(format_, payload_of(case))


@pytest.mark.parametrize("format_id", CHOSEN)
def test_the_formats_to_fuzz_are_registered(format_id: str) -> None:
    assert FORMATS[format_id].id == format_id
