"""What must hold for any bytes in any format: what the fuzzer looks for a way around."""

import hmac
import re
from typing import Final

from adapters.base import NO_KEYS, Format, Keys
from adapters.families.lines import LineReader
from adapters.families.sealed import seal
from exchange.core.health_code import Level, State
from exchange.core.json_view import from_view, to_view
from exchange.core.outcome import NotRepresentableError, Outcome, Rejected, Translated
from tests.adapters.cases_io import KEYS

RECEIVED_MS: Final = 1_648_857_600_000
WRITTEN_MAX: Final = 3
"""Statements of one payload that are written and read again."""

_FIELD: Final = re.compile(r"(?:[A-Za-z_\u4e00-\u9fff][\w\-]*(?:\.[A-Za-z_\u4e00-\u9fff]\w*)*)?")
_LONG_NUMBER: Final = re.compile(r"\d{3}")


def check(format_: Format, payload: bytes) -> None:
    """Check a payload; for a format with a MAC also as what stands under a good one.

    Raises:
        AssertionError: An invariant does not hold. Anything else is a finding as well.
    """
    keys = KEYS.get(format_.id, NO_KEYS)
    _check(format_, payload, keys)
    if "sm4" in keys:
        _check(format_, seal(payload, "FourColorQRAPP", RECEIVED_MS, keys), keys)
    elif "mac" in keys:
        line = payload.decode(errors="replace").strip().encode()
        mac = hmac.digest(keys["mac"], line, "sm3").hex()[:16].encode()
        _check(format_, line + b"^" + mac, keys)


def _check(format_: Format, payload: bytes, keys: Keys) -> None:
    outcomes = format_.decode(payload, RECEIVED_MS, keys)
    for outcome in outcomes:
        _check_outcome(outcome)
    _check_chunks(format_, payload, keys, outcomes)
    statements = [outcome for outcome in outcomes if isinstance(outcome, Translated)]
    for statement in statements[:WRITTEN_MAX]:
        _check_written(format_, statement, keys)


def _check_outcome(outcome: Outcome) -> None:
    """An outcome is one of the common schema, and an error names a field and nothing else."""
    if isinstance(outcome, Rejected):
        assert len(outcome.field) < 64
        assert _FIELD.fullmatch(outcome.field)
        assert not _LONG_NUMBER.search(outcome.field)
        return
    code = outcome.health_code
    assert code.level is Level.UNSPECIFIED or code.state is State.ACTIVE
    assert code.state is not State.UNSPECIFIED
    assert outcome.document.number
    assert from_view(to_view(outcome)) == outcome


def _check_chunks(format_: Format, payload: bytes, keys: Keys, decoded: list[Outcome]) -> None:
    """A reader says the same as ``decode``, wherever chunks are cut."""
    whole = format_.reader(RECEIVED_MS, keys)
    expected = whole.feed(payload) + whole.finish()
    cut = sum(payload[:8]) * 31 % (len(payload) + 1)
    chunked = format_.reader(RECEIVED_MS, keys)
    outcomes = chunked.feed(payload[:cut]) + chunked.feed(payload[cut:]) + chunked.finish()
    assert outcomes == expected
    assert chunked.position == whole.position
    failure = whole.failure if isinstance(whole, LineReader) else None
    assert decoded == (expected if failure is None else [failure])


def _check_written(format_: Format, statement: Translated, keys: Keys) -> None:
    """What is read can be written in its own format, reads back, and is written alike again."""
    try:
        written = _encode(format_, statement, keys)
    except NotRepresentableError:
        return
    (again,) = format_.decode(written, RECEIVED_MS, keys)
    assert isinstance(again, Translated)
    assert again.document == statement.document
    assert again.health_code.level is statement.health_code.level
    assert again.health_code.state is statement.health_code.state
    assert again.health_code.as_of_ms <= statement.health_code.as_of_ms
    assert _encode(format_, again, keys) == written


def _encode(format_: Format, said: Translated, keys: Keys) -> bytes:
    return format_.encode(said.issuer, said.document, said.health_code, keys)
