"""Sealing keeps contents from whoever lacks the key, and each in its own place."""

import pytest
from hypothesis import given, strategies as st

from exchange.core.errors import StartError
from exchange.core.sealing import SealingKeys, UnsealError, parse_sealing_keys

OLD_LINE, NEW_LINE = "1:" + "0b" * 16, "7:" + "5c" * 16
KEYS = parse_sealing_keys(f"# keys\n{OLD_LINE}\n\n{NEW_LINE}\n", "test.key")
PLACE = b"510000 entry"


def counting(length: int) -> bytes:
    return bytes(range(length))


@given(content=st.binary(max_size=300), place=st.binary(max_size=20))
def test_what_was_sealed_comes_back(content: bytes, place: bytes) -> None:
    sealed = KEYS.seal(content, place, counting)
    assert KEYS.unseal(sealed, place) == content
    assert sealed[0] == 7
    assert sealed[1:13] == counting(12)
    assert len(sealed) == 1 + 12 + len(content) + 16


def test_the_content_does_not_stand_in_what_is_sealed() -> None:
    assert b"510102190402290011" not in KEYS.seal(b"510102190402290011" * 9, PLACE, counting)


def test_the_cipher_is_sm4_in_gcm() -> None:
    """The vector of RFC 8998, appendix A.1."""
    key = parse_sealing_keys("1:0123456789abcdeffedcba9876543210", "rfc8998.key")
    nonce = bytes.fromhex("00001234567800000000abcd")
    content = bytes.fromhex(
        "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd"
        "eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa"
    )
    place = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    assert key.seal(content, place, lambda _: nonce).hex() == (
        "01"
        "00001234567800000000abcd"
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
        "83de3541e4c2b58177e065a9bf7b62ec"
    )


@pytest.mark.parametrize("at", [0, 1, 12, 13, 20, -1])
def test_a_changed_byte_is_noticed(at: int) -> None:
    sealed = bytearray(KEYS.seal(b"content", PLACE, counting))
    sealed[at] ^= 1
    with pytest.raises(UnsealError):
        KEYS.unseal(bytes(sealed), PLACE)


@pytest.mark.parametrize("sealed", [b"", b"\x07", b"\x07" + bytes(27), b"\x05" + bytes(40)])
def test_what_is_no_sealed_value_is_refused(sealed: bytes) -> None:
    with pytest.raises(UnsealError):
        KEYS.unseal(sealed, PLACE)


def test_a_value_cannot_be_put_in_anothers_place() -> None:
    sealed = KEYS.seal(b"content", PLACE, counting)
    with pytest.raises(UnsealError):
        KEYS.unseal(sealed, b"310000 entry")


def test_what_an_older_key_sealed_still_opens_and_is_named_by_the_newest() -> None:
    old = SealingKeys(KEYS.keys[1:])
    assert KEYS.unseal(old.seal(b"content", PLACE, counting), PLACE) == b"content"
    assert KEYS.name(b"content") == KEYS.name(b"content")
    assert KEYS.name(b"content") != KEYS.name(b"other")
    assert KEYS.name(b"content") != old.name(b"content")


@pytest.mark.parametrize(
    "text",
    ["", "# none", "1:00", "x", f"300:{'00' * 16}", f"{OLD_LINE}\n{OLD_LINE}", "1:" + "0g" * 16],
)
def test_a_key_file_that_is_wrong_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(StartError) as caught:
        parse_sealing_keys(text, "wrong.key")
    assert "wrong.key" in str(caught.value)
    assert "0b0b" not in str(caught.value)


def test_a_key_does_not_show_in_its_text() -> None:
    assert "0b0b" not in repr(KEYS)
    assert "5c5c" not in repr(KEYS)
