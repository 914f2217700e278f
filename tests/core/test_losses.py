"""What a format made of a statement, field by field."""

from typing import Any

import msgspec
import pytest

from exchange.core.health_code import (
    Document,
    DocumentType,
    HealthCode,
    Level,
    State,
    Test,
    TestKind,
    TestResult,
    Vaccination,
)
from exchange.core.losses import Loss, LossKind, losses
from exchange.core.outcome import Translated

PERSON = Document(DocumentType.OTHER, "ABC123")
TEST = Test(TestKind.NUCLEIC_ACID, TestResult.NEGATIVE, 1_000, 2_000, "lab")
FULL = HealthCode(
    1_648_771_200_123,
    Level.ELEVATED,
    State.ACTIVE,
    1_649_000_000_000,
    region="510100",
    tests=(TEST,),
    vaccination=Vaccination(2, "2021-06-01"),
    reason="why",
    document_unique=False,
)


def lost(**fields: Any) -> tuple[Loss, ...]:
    read = msgspec.structs.replace(FULL, **fields)
    return losses(Translated("510000", PERSON, FULL), Translated("510000", PERSON, read))


def test_what_reads_back_the_same_lost_nothing() -> None:
    assert lost() == ()


@pytest.mark.parametrize(
    ("fields", "loss"),
    [
        ({"valid_until_ms": None}, Loss("valid_until", LossKind.LEFT_OUT)),
        ({"as_of_ms": 1_648_771_200_000}, Loss("as_of", LossKind.CHANGED)),
        ({"level": Level.HIGH}, Loss("level", LossKind.CHANGED)),
        ({"region": ""}, Loss("region", LossKind.LEFT_OUT)),
        ({"guidance": "constant"}, Loss("guidance", LossKind.ADDED)),
        ({"tests": ()}, Loss("tests", LossKind.LEFT_OUT)),
        ({"tests": (TEST, TEST)}, Loss("tests", LossKind.CHANGED)),
        (
            {"tests": (msgspec.structs.replace(TEST, laboratory=""),)},
            Loss("tests.laboratory", LossKind.LEFT_OUT),
        ),
        (
            {"tests": (msgspec.structs.replace(TEST, sample_time_ms=0),)},
            Loss("tests.sample_time", LossKind.CHANGED),
        ),
        ({"vaccination": None}, Loss("vaccination", LossKind.LEFT_OUT)),
        ({"document_unique": True}, Loss("document_unique", LossKind.CHANGED)),
    ],
)
def test_each_field_that_differs_is_named_with_what_became_of_it(
    fields: dict[str, Any], loss: Loss
) -> None:
    assert lost(**fields) == (loss,)


def test_an_issuer_that_the_format_does_not_carry_is_named() -> None:
    found = losses(Translated("510000", PERSON, FULL), Translated("370000", PERSON, FULL))
    assert found == (Loss("issuer", LossKind.CHANGED),)
