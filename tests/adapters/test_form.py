"""Forms: which pair counts, and that no payload keeps the reader busy."""

import pytest
from hypothesis import given, strategies as st

from adapters.families.form import PAIRS_MAX, read_form
from adapters.families.json_text import UnreadableError

TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)


def escaped(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


@given(pairs=st.dictionaries(TEXTS, TEXTS, min_size=1))
def test_every_text_can_be_escaped(pairs: dict[str, str]) -> None:
    payload = "&".join(f"{escaped(key)}={escaped(value)}" for key, value in pairs.items())
    assert read_form(payload.encode()) == pairs


def test_of_a_repeated_key_the_first_counts_however_it_is_written() -> None:
    assert read_form(b"rc=&%72c=1&rc=2") == {"rc": ""}


def test_a_pair_without_a_value_has_an_empty_one() -> None:
    assert read_form(b"a&b=&=c&&d=e=f") == {"a": "", "b": "", "": "c", "d": "e=f"}


@pytest.mark.parametrize("payload", [
    b"a=%", b"a=%4", b"a=%4g", b"%=a", b"a=\xff", b"a=%ff", b"a=1&a=%ff", b"a=%e7&=%bb%bf",
    b"a=%e7+%bb%bf", b"a=\xe7%bb%bf", b"a=%ed%a0%80",
])  # fmt: skip
def test_what_is_no_text_makes_the_whole_unreadable(payload: bytes) -> None:
    with pytest.raises(UnreadableError):
        read_form(payload)


def test_a_payload_of_nothing_but_marks_is_unreadable() -> None:
    with pytest.raises(UnreadableError):
        read_form(b"&" * PAIRS_MAX)


def test_as_many_pairs_as_are_allowed_are_read() -> None:
    assert read_form(b"&".join([b"a=%62"] * PAIRS_MAX)) == {"a": "b"}
