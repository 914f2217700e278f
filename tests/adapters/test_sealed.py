"""Sealed envelopes: what the keys do, and what happens without them."""

import hmac
import json

import pytest

from adapters.base import NO_KEYS, Keys, KeySizeError, MissingKeyError, check_keys
from adapters.families.sealed import seal, unseal
from adapters.registry import FORMATS
from exchange.core.outcome import Reason, Rejected, Translated
from tests.adapters.cases_io import KEYS

SEALED = FORMATS["220000-sealed-v1"]
OURS = KEYS["220000-sealed-v1"]
SERVICE = "FourColorQRAPP"
INNER = b'{"code":"000000","data":[]}'


def sealed_under(**changed: bytes) -> bytes:
    return seal(INNER, SERVICE, 1_648_771_200_000, OURS | changed)


@pytest.mark.parametrize("size", range(33))
def test_what_was_sealed_can_be_unsealed(size: int) -> None:
    inner = bytes(range(size))
    assert unseal(seal(inner, SERVICE, 0, OURS), SERVICE, OURS) == inner


def test_the_same_payload_gives_the_same_bytes() -> None:
    assert sealed_under() == sealed_under()


def test_another_payload_gets_another_nonce_and_vector() -> None:
    first = json.loads(seal(INNER, SERVICE, 0, OURS))
    second = json.loads(seal(INNER + b" ", SERVICE, 0, OURS))
    assert first["nonce"] != second["nonce"]
    assert first["iv"] != second["iv"]


def test_an_envelope_under_another_mac_key_is_forged() -> None:
    forged = Rejected(Reason.AUTHENTICATION_FAILED, "mac")
    assert unseal(sealed_under(mac=b"another key"), SERVICE, OURS) == forged


def test_an_envelope_under_another_cipher_key_is_unreadable() -> None:
    outcomes = SEALED.decode(sealed_under(sm4=bytes(16)), 0, OURS)
    assert outcomes == [Rejected(Reason.MALFORMED_PAYLOAD)]


def test_the_mac_is_hmac_sm3_over_the_five_texts_joined_by_line_feeds() -> None:
    texts = list(json.loads(sealed_under()).values())
    assert texts[-1] == hmac.new(OURS["mac"], "\n".join(texts[:-1]).encode(), "sm3").hexdigest()


def test_the_format_names_the_keys_that_it_needs() -> None:
    assert set(SEALED.keys) == set(OURS)


@pytest.mark.parametrize("name", ["sm4", "mac"])
def test_a_missing_key_is_a_mistake_in_the_settings_and_no_outcome(name: str) -> None:
    keys = {key: value for key, value in OURS.items() if key != name}
    with pytest.raises(MissingKeyError) as raised:
        SEALED.decode(sealed_under(), 0, keys)
    assert raised.value.key == name
    with pytest.raises(MissingKeyError):
        SEALED.decode(b"no payload at all", 0, NO_KEYS)


@pytest.mark.parametrize("keys", [
    OURS | {"sm4": bytes(15)}, OURS | {"sm4": bytes(32)}, OURS | {"sm4": b""}, OURS | {"mac": b""},
])  # fmt: skip
def test_keys_of_a_wrong_length_are_found_before_they_are_used(keys: Keys) -> None:
    with pytest.raises(KeySizeError):
        check_keys(SEALED, keys)


@pytest.mark.parametrize("name", ["sm4", "mac"])
def test_a_missing_key_is_found_before_it_is_used(name: str) -> None:
    with pytest.raises(MissingKeyError) as raised:
        check_keys(SEALED, {key: value for key, value in OURS.items() if key != name})
    assert raised.value.key == name


@pytest.mark.parametrize("format_id", FORMATS)
def test_the_test_keys_of_every_format_will_do(format_id: str) -> None:
    check_keys(FORMATS[format_id], KEYS.get(format_id, NO_KEYS))


def test_an_envelope_that_is_sent_again_says_the_same_again() -> None:
    record = (
        '{"certType":"SFZ","certNo":"510102190402290011","color":"G",'
        '"assessTime":"2022-04-01 08:00:00"}'
    )
    inner = f'{{"code":"000000","data":[{record}]}}'.encode()
    payload = seal(inner, SERVICE, 1_648_771_200_000, OURS)
    (first,) = SEALED.decode(payload, 1_648_771_200_000, OURS)
    (again,) = SEALED.decode(payload, 1_648_857_600_000, OURS)
    assert isinstance(first, Translated)
    assert again == first
