"""Signed lines: what the key does, and what happens without it."""

import hmac

import pytest

from adapters.base import NO_KEYS, MissingKeyError
from adapters.registry import FORMATS
from exchange.core.health_code import Document, DocumentType, HealthCode, Level, State
from exchange.core.outcome import Reason, Rejected, Translated
from tests.adapters.cases_io import KEYS

OFFLINE = FORMATS["510000-offline-v1"]
OURS = KEYS[OFFLINE.id]
RECEIVED_MS = 1_648_857_600_000
STATED = Translated(
    "510000",
    Document(DocumentType.RESIDENT_ID, "510102190402290011"),
    HealthCode(RECEIVED_MS, Level.LOW, State.ACTIVE, native_status="00"),
)
LINE = OFFLINE.encode("510000", STATED.document, STATED.health_code, OURS)


def test_the_mac_is_the_beginning_of_hmac_sm3_over_all_before_it() -> None:
    signed, _, mac = LINE.rpartition(b"^")
    assert mac.decode() == hmac.new(OURS["mac"], signed, "sm3").hexdigest()[:16]


def test_what_was_signed_is_believed() -> None:
    assert OFFLINE.decode(LINE, RECEIVED_MS, OURS) == [STATED]


@pytest.mark.parametrize("at", range(len(LINE) - 16))
def test_a_bit_that_was_turned_is_noticed(at: int) -> None:
    changed = LINE[:at] + bytes((LINE[at] ^ 1,)) + LINE[at + 1 :]
    (outcome,) = OFFLINE.decode(changed, RECEIVED_MS, OURS)
    assert outcome in (
        Rejected(Reason.AUTHENTICATION_FAILED, "mac"),
        Rejected(Reason.MALFORMED_PAYLOAD),
    )


def test_a_line_under_another_key_is_forged() -> None:
    forged = OFFLINE.encode("510000", STATED.document, STATED.health_code, {"mac": b"another"})
    expected = Rejected(Reason.AUTHENTICATION_FAILED, "mac")
    assert OFFLINE.decode(forged, RECEIVED_MS, OURS) == [expected]


@pytest.mark.parametrize("payload", [LINE, b"no payload at all"])
def test_a_missing_key_is_a_mistake_in_the_settings_and_no_outcome(payload: bytes) -> None:
    with pytest.raises(MissingKeyError):
        OFFLINE.decode(payload, RECEIVED_MS, NO_KEYS)
    with pytest.raises(MissingKeyError):
        OFFLINE.encode("510000", STATED.document, STATED.health_code, NO_KEYS)


def test_the_format_names_the_key_that_it_needs() -> None:
    assert set(OFFLINE.keys) == set(OURS)
