"""Document numbers against the vectors, and what the vectors do not say."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from exchange.core.documents import (
    InvalidDocumentError,
    check_character,
    examine,
    fold,
    is_unique,
    normalise,
)  # fmt: skip
from exchange.core.health_code import Document, DocumentType

DIRECTORY = Path(__file__).parent / "vectors"
VECTORS = [
    {"asOf": found["asOf"], **vector}
    for found in map(json.loads, (path.read_text("utf-8") for path in DIRECTORY.glob("*.json")))
    for vector in found["vectors"]
]
TODAY = 20220401


def answer(vector: dict[str, Any]) -> dict[str, str]:
    today = int(vector["asOf"].replace("-", ""))
    try:
        examined = examine(vector["type"], vector["input"], today)
    except InvalidDocumentError as error:
        return {"error": error.code}
    found = {
        "normalised": examined.number,
        "birthDate": examined.birth_date,
        "sex": examined.sex,
    }
    return {key: value for key, value in found.items() if value}


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_every_vector_has_its_answer(vector: dict[str, Any]) -> None:
    assert answer(vector) == vector["expected"]


def test_the_number_decides_between_the_two_resident_types() -> None:
    document = normalise(DocumentType.RESIDENT_ID, "820000190104181954", TODAY)
    assert document.type is DocumentType.HK_MACAO_TAIWAN_RESIDENCE_PERMIT


def test_a_permit_type_does_not_take_a_resident_number() -> None:
    with pytest.raises(InvalidDocumentError) as caught:
        normalise(DocumentType.HK_MACAO_TAIWAN_RESIDENCE_PERMIT, "510102190402290011", TODAY)
    assert caught.value.code == "region"


@pytest.mark.parametrize(
    ("document_type", "number", "unique"),
    [
        (DocumentType.RESIDENT_ID, "510102190402290011", True),
        (DocumentType.PASSPORT, "E00000000", True),
        (DocumentType.PASSPORT, "AB12345", False),
        (DocumentType.HK_MACAO_PERMIT, "H00000000", True),
        (DocumentType.OTHER, "C00000000", False),
    ],
)
def test_foreign_passports_and_other_documents_are_not_unique(
    document_type: DocumentType, number: str, unique: bool
) -> None:
    assert is_unique(normalise(document_type, number, TODAY)) is unique


def test_a_document_never_shows_its_number() -> None:
    document = Document(DocumentType.RESIDENT_ID, "510102190402290011")
    assert "510102190402290011" not in repr(document)
    assert "510102190402290011" not in str(InvalidDocumentError("checksum"))


def code_of(document_type: DocumentType, text: str) -> str | Document:
    try:
        return normalise(document_type, text, TODAY)
    except InvalidDocumentError as error:
        return error.code


@given(st.text(max_size=40), st.sampled_from(list(DocumentType)))
def test_any_text_gives_a_normal_form_or_a_code(text: str, document_type: DocumentType) -> None:
    codes = {"empty", "charset", "length", "prefix", "region", "birthdate", "checksum"}
    found = code_of(document_type, text)
    assert found in codes or isinstance(found, Document)
    assert isinstance(found, str) or code_of(found.type, found.number) == found


@given(st.text(max_size=30))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(alphabet="0123456789", min_size=17, max_size=17))
def test_the_check_character_is_the_weighted_sum_modulo_eleven(digits: str) -> None:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))
    assert check_character(digits) == "10X98765432"[total % 11]
