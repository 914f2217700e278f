"""The whole corpus of the shared folder, where it stands beside the project."""

from pathlib import Path

import pytest

from adapters.cases import answer
from adapters.registry import FORMATS
from tests.adapters.cases_io import KEYS, comparable, read_cases

SHARED = Path(__file__).parents[3] / "shared" / "formats" / "cases"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared folder with the corpus is absent")
@pytest.mark.parametrize("format_id", FORMATS)
def test_every_case_of_the_shared_corpus_has_its_answer(format_id: str) -> None:
    given = {"case", "format", "received_time", "payload", "payload_base64", "health_code"}
    cases = read_cases(SHARED / f"{format_id}.jsonl")
    different = [
        case["case"]
        for case in cases
        if comparable(answer(case, KEYS))
        != comparable({key: value for key, value in case.items() if key not in given})
    ]
    assert cases
    assert different == []
