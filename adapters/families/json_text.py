"""Read and write JSON texts as the catalogue wants them (section 4 and 8)."""

import json
from typing import Any, Final

import msgspec

from adapters.texts import BLANKS, Whole


class UnreadableError(ValueError):
    """A text is no JSON; carries nothing of the text."""

    def __init__(self) -> None:
        super().__init__("unreadable text")


NOT_WHOLE: Final = object()
"""Stands for a number with a fraction or an exponent: no scalar, no container."""

VALUES_MAX: Final = 2_000_000
"""The largest batch, 5,000 records, has 400 for each: it bounds what a text of nothing but brackets
can take, which is some forty times its size, to a few hundred megabytes.
"""

_DECODER: Final = msgspec.json.Decoder(float_hook=lambda _: NOT_WHOLE)
_ENCODER: Final = msgspec.json.Encoder()


def _refuse(_: str) -> None:
    raise UnreadableError


def read_json(payload: bytes | str) -> Any:
    """Read one JSON value; blanks and a byte order mark around it are allowed.

    Whole numbers become integers, or ``Whole`` texts where they are very long; other numbers become
    ``NOT_WHOLE``. Of a repeated key the last counts.

    Raises:
        UnreadableError: It is not UTF-8, no JSON, nested too deeply, or may hold more than
            ``VALUES_MAX`` values.
    """
    if len(payload) > VALUES_MAX and _values_at_most(payload) > VALUES_MAX:
        raise UnreadableError
    try:
        return _DECODER.decode(payload)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return _read_with_care(payload)


def _values_at_most(payload: bytes | str) -> int:
    """Count what can stand in front of a value; what stands in texts is counted too."""
    if isinstance(payload, str):
        return sum(map(payload.count, ",[{"))
    return sum(map(payload.count, (b",", b"[", b"{")))


def _read_with_care(payload: bytes | str) -> Any:
    """Read what the fast decoder refuses: other blanks around the text, and very long numbers."""
    try:
        text = (payload if isinstance(payload, str) else payload.decode()).strip(BLANKS)
        try:
            return _DECODER.decode(text)
        except msgspec.ValidationError:
            # A whole number of thousands of digits; all else in the text is known to be sound only
            # up to it, so lone surrogates are looked for afterwards.
            value = json.loads(
                text, parse_int=Whole, parse_float=lambda _: NOT_WHOLE, parse_constant=_refuse
            )
            json.dumps(value, ensure_ascii=False, default=lambda _: None).encode()
            return value
    except (ValueError, msgspec.MsgspecError, RecursionError):
        raise UnreadableError from None


def write_json(value: object) -> bytes:
    """Write a value without blanks, with only the escapes that JSON requires."""
    return _ENCODER.encode(value)
