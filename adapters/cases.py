"""Answer case lines of the catalogue: what the batch command and the conformance run share."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from adapters.base import NO_KEYS, Format, Keys
from adapters.registry import FORMATS
from exchange.core.json_view import InvalidViewError, from_view, outcome_view
from exchange.core.outcome import NotRepresentableError, Translated
from exchange.core.times import parse_rfc3339

_UNREADABLE: Final = "UNREADABLE_CASE"


class CaseError(ValueError):
    """A case line cannot be read.

    Attributes:
        field: The field of the line in the way; ``""`` for the whole line.
    """

    def __init__(self, field: str) -> None:
        super().__init__(f"unreadable case: {field or 'no JSON object'}")
        self.field = field


def answer_line(line: bytes | str, keys: Mapping[str, Keys]) -> dict[str, Any]:
    """Answer one case line; what cannot be read gets an error, never an exception.

    Args:
        line: A JSON object with ``format`` and either ``received_time`` and a payload, or a
            ``health_code``.
        keys: Keys by format.
    """
    try:
        return answer(msgspec.json.decode(line, type=dict[str, Any]), keys)
    except CaseError as error:
        return {"error": {"reason": _UNREADABLE, "field": error.field}}
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return {"error": {"reason": _UNREADABLE, "field": ""}}


def answer(case: dict[str, Any], keys: Mapping[str, Keys]) -> dict[str, Any]:
    """Answer one case.

    Raises:
        CaseError: It is no case.
    """
    format_id = case.get("format")
    if not isinstance(format_id, str) or format_id not in FORMATS:
        raise CaseError("format")
    format_ = FORMATS[format_id]
    format_keys = keys.get(format_id, NO_KEYS)
    if "health_code" in case:
        return _written(format_, case["health_code"], format_keys)
    outcomes = format_.decode(payload_of(case), received_ms(case.get("received_time")), format_keys)
    return {"outcomes": [outcome_view(outcome) for outcome in outcomes]}


def received_ms(text: object) -> int:
    """Read a receiving instant.

    Raises:
        CaseError: It is no RFC 3339 time.
    """
    try:
        if isinstance(text, str):
            return parse_rfc3339(text)
    except ValueError:
        pass
    raise CaseError("received_time")


def payload_of(case: dict[str, Any]) -> bytes:
    """Give the bytes of a case for reading.

    Raises:
        CaseError: It has none.
    """
    payload, encoded = case.get("payload"), case.get("payload_base64")
    if isinstance(payload, str):
        return payload.encode()
    if not isinstance(encoded, str):
        raise CaseError("payload")
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise CaseError("payload_base64") from None


def _written(format_: Format, view: object, keys: Keys) -> dict[str, Any]:
    try:
        statement = from_view(view)
    except InvalidViewError as error:
        raise CaseError(f"health_code.{error.field}" if error.field else "health_code") from None
    try:
        encoded = encode(format_, statement, keys)
    except NotRepresentableError as error:
        return {"error": {"reason": "NOT_REPRESENTABLE", "field": error.field}}
    try:
        return {"encoded": encoded.decode()}
    except UnicodeDecodeError:
        return {"encoded_base64": base64.b64encode(encoded).decode()}


def encode(format_: Format, statement: Translated, keys: Keys) -> bytes:
    """Write a statement in a format.

    Raises:
        NotRepresentableError: The format cannot hold it.
    """
    return format_.encode(statement.issuer, statement.document, statement.health_code, keys)
