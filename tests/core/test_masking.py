import re

import pytest
from hypothesis import given, strategies as st

from exchange.core.health_code import HealthCode, Hold, Level, State, Test, TestKind, TestResult
from exchange.core.masking import MASK, mask, mask_free_text, mask_word


@pytest.mark.parametrize(
    "text",
    [
        "电话13800000000",
        "138 0000 0000",
        "138-0000-0000",
        "138\u20130000\u20130000",
        "E\u2014123\u221245",
        "１３８００００００００",
        "510102190402290011",
        "护照E12345678",
        "passport ab12345",
        "AB 12345",
        "1 2 3 4 5 6 7",
        "138\u300000000000",
    ],
)
def test_numbers_of_persons_are_masked(text: str) -> None:
    masked = mask_free_text(text)
    assert MASK in masked
    assert not re.search(r"[0-9０-９]{3}", masked)


@pytest.mark.parametrize(
    "text",
    ["", "请居家观察", "reason & <text>", "第14日", "24小时内", "2020", "Ａ级", "密接（同车）"],
)
def test_texts_without_numbers_of_persons_stay_as_they_are(text: str) -> None:
    assert mask_free_text(text) == text


def test_rule_ids_stay_and_long_numbers_in_words_go() -> None:
    assert mask_word("R-2022-03") == "R-2022-03"
    assert mask_word("AB12345") == "AB12345"
    assert mask_word("x510102190402290011") == f"x{MASK}"


def test_every_text_of_a_health_code_is_masked() -> None:
    number = "510102190402290011"
    code = HealthCode(
        0,
        Level.LOW,
        State.ACTIVE,
        holds=(Hold(number, number),),
        native_status=number,
        tests=(Test(TestKind.NUCLEIC_ACID, TestResult.NEGATIVE, laboratory=number),),
        reason=number,
        guidance=number,
        rule=number,
    )
    assert number not in repr(mask(code))


@given(st.text(alphabet="0123456789 -　AZaz一二，", max_size=40))
def test_no_run_of_seven_digits_survives(text: str) -> None:
    squeezed = re.sub(r"[\s-]", "", mask_free_text(text))
    assert not re.search(r"[0-9]{7}", squeezed)
