"""docs/errors.md is checked both ways: it lists every reason that the code has, and no other."""

import re

import pytest
from google.rpc import code_pb2

from exchange.api.v1 import error_reason_pb2, health_code_service_pb2 as pb
from exchange.core.decision import DecisionReason
from exchange.core.errors import ExchangeError
from exchange.wire.status import CODES
from tests.docs.conftest import ROOT

TEXT = (ROOT / "docs/errors.md").read_text("utf-8")
REASONS = pb.RecordFailure.Reason.items()
PREFIX = "ERROR_REASON_"
UNSPECIFIED = "UNSPECIFIED"


def rows(heading: str) -> dict[str, list[str]]:
    """The rows of the table below a heading, by reason."""
    section = TEXT.split(f"## {heading}\n")[1].split("\n## ")[0]
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if line.startswith("| `")
    ]
    found = {row[0].strip("`"): row[1:] for row in cells}
    assert len(found) == len(cells), "a reason stands there twice"
    return found


@pytest.mark.parametrize(
    ("heading", "reasons"),
    [
        ("Calls", [name.removeprefix(PREFIX) for name, _ in error_reason_pb2.ErrorReason.items()]),
        ("Records", [name.removeprefix("REASON_") for name, _ in REASONS]),
        ("Decisions", [reason.value for reason in DecisionReason]),
    ],
)
def test_every_reason_is_explained_and_no_other(heading: str, reasons: list[str]) -> None:
    assert set(rows(heading)) == set(reasons) - {UNSPECIFIED}


@pytest.mark.parametrize("heading", ["Calls", "Records", "Decisions"])
def test_every_reason_has_a_meaning_somebody_who_mends_it_and_whether_to_try_again(
    heading: str,
) -> None:
    for reason, cells in rows(heading).items():
        assert all(cells), reason
        assert len(cells) == (4 if heading == "Calls" else 3), reason


def test_the_codes_are_those_that_errors_are_sent_with() -> None:
    documented = rows("Calls")
    compared = 0
    for kind, code in CODES.items():
        reason = getattr(kind, "reason", None)
        if isinstance(reason, str) and kind is not ExchangeError and reason in documented:
            codes = re.findall(r"`([A-Z_]+)`", documented[reason][0])
            assert code_pb2.Code.Name(code) in codes, reason
            compared += 1
    assert compared > 5
