"""The JSON view of a statement: written, read back, and refused where it is none."""

from typing import Any

import pytest

from exchange.core.health_code import (
    Document,
    DocumentType,
    HealthCode,
    Hold,
    Level,
    State,
    Test,
    TestKind,
    TestResult,
    Vaccination,
)  # fmt: skip
from exchange.core.json_view import InvalidViewError, from_view, outcome_view, to_view
from exchange.core.outcome import Reason, Rejected, Translated

SAID = Translated(
    "510000",
    Document(DocumentType.RESIDENT_ID, "510102190402290011"),
    HealthCode(
        as_of_ms=1_648_771_200_123,
        level=Level.LOW,
        state=State.ACTIVE,
        holds=(Hold("POPUP_1", "示例"),),
        tests=(Test(TestKind.NUCLEIC_ACID, TestResult.NEGATIVE, 1_648_771_200_000),),
        vaccination=Vaccination(2, "2021-06-01"),
    ),
)


def changed(**fields: Any) -> dict[str, Any]:
    return to_view(SAID) | fields


def test_a_statement_reads_back_from_its_view() -> None:
    assert from_view(to_view(SAID)) == SAID


def test_times_are_utc_and_have_three_digits_only_if_they_need_them() -> None:
    view = to_view(SAID)
    assert view["as_of"] == "2022-04-01T00:00:00.123Z"
    assert view["tests"][0]["sample_time"] == "2022-04-01T00:00:00Z"


def test_an_error_has_a_reason_and_a_field() -> None:
    rejected = Rejected(Reason.MISSING_FIELD, "data.zjhm")
    assert outcome_view(rejected) == {"error": {"reason": "MISSING_FIELD", "field": "data.zjhm"}}


@pytest.mark.parametrize(
    ("view", "field"),
    [
        (None, ""),
        ({}, ""),
        (changed(holds=None), ""),
        (changed(issuer="51"), "issuer"),
        (changed(region="5101"), "region"),
        (changed(level="GREEN"), "level"),
        (changed(state="UNSPECIFIED"), "state"),
        (changed(state="PENDING"), "level"),
        (changed(as_of="2022-04-01"), "as_of"),
        (changed(valid_until="2022-04-01T00:00:00"), "valid_until"),
        (changed(document={"type": "CARD", "number": "1"}), "document.type"),
        (changed(document={"type": "OTHER", "number": "1"}), "document.number"),
        (changed(tests=[{"kind": "PCR", "result": "NEGATIVE"}]), "tests[0].kind"),
        (changed(vaccination={"doses": 0, "last_dose_date": "2021-06-01"}), "vaccination.doses"),
        (
            changed(vaccination={"doses": 1, "last_dose_date": "2021-02-29"}),
            "vaccination.last_dose_date",
        ),
    ],
)
def test_what_is_no_health_code_is_refused_with_its_field(view: object, field: str) -> None:
    with pytest.raises(InvalidViewError) as caught:
        from_view(view)
    assert caught.value.field == field


def test_a_refusal_never_shows_the_number() -> None:
    with pytest.raises(InvalidViewError) as caught:
        from_view(changed(document={"type": "RESIDENT_ID", "number": "510102190402290012"}))
    assert "510102190402290012" not in str(caught.value)
