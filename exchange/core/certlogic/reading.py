"""JSON text to values and back, within limits: integers exact, nothing nested too deeply."""

import json
import re

from exchange.core.certlogic.dates import DateTime
from exchange.core.certlogic.limits import MAX_INTEGER, MAX_LINE_DEPTH, MAX_RESULT_NODES
from exchange.core.certlogic.values import Json, Value

_DIGITS_MAX = len(str(MAX_INTEGER)) - 1
_EXPONENT_LENGTH_MAX = 6
_DECIMAL = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?")


class UnreadableError(Exception):
    """A text is not JSON, or is beyond a limit; the message quotes nothing of it."""


class UnwritableError(Exception):
    """A value is nested too deeply, or is too large, to be written."""


def read_json(text: str) -> Json:
    """Read JSON; whole numbers become exact integers, however they are written.

    Raises:
        UnreadableError: not JSON, a number out of range, or nested too deeply.
    """
    try:
        value: Json = json.loads(
            text,
            parse_int=_read_integer,
            parse_float=_read_decimal,
            parse_constant=_refuse_constant,
        )
    except RecursionError:
        raise UnreadableError("it is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise UnreadableError(f"it is not JSON at character {error.pos + 1}") from None
    if not _within_limits(value, nodes_max=len(text)):
        raise UnreadableError("it is nested too deeply")
    return value


def write_json(value: Value) -> bytes:
    """Write compact JSON in ASCII; date-times become texts in UTC with milliseconds.

    Raises:
        UnwritableError: nested too deeply, or more than `MAX_RESULT_NODES` values.
    """
    if not _within_limits(value, nodes_max=MAX_RESULT_NODES):
        raise UnwritableError("the value is too large to be written")
    try:
        return json.dumps(value, default=_date_time_text, separators=(",", ":")).encode("ascii")
    except RecursionError:
        raise UnwritableError("the value is nested too deeply to be written") from None


def _read_integer(text: str) -> int:
    if len(text) > _DIGITS_MAX:
        raise UnreadableError("an integer is too large")
    return int(text)


def _read_decimal(text: str) -> int | float:
    """Read a number with a point or an exponent: an integer if it is whole."""
    match = _DECIMAL.fullmatch(text)
    if match is None:  # the parser lets nothing else through
        raise UnreadableError("a number is malformed")
    sign, whole, fraction, exponent_text = match.groups(default="")
    digits = (whole + fraction).lstrip("0").rstrip("0")
    if not digits:
        return 0
    if len(exponent_text) > _EXPONENT_LENGTH_MAX:
        raise UnreadableError("a number is out of range")
    zeros = len(whole + fraction) - len((whole + fraction).rstrip("0"))
    exponent = int(exponent_text or 0) - len(fraction) + zeros
    if exponent < 0:
        return float(text)
    if len(digits) + exponent > _DIGITS_MAX:
        raise UnreadableError("an integer is too large")
    return int(sign + digits + "0" * exponent)


def _refuse_constant(_: str) -> float:
    raise UnreadableError("NaN and Infinity are not JSON")


def _date_time_text(value: object) -> str:
    if isinstance(value, DateTime):
        return str(value)
    raise TypeError(value)


def _within_limits(value: object, nodes_max: int) -> bool:
    """Measure level by level, so that neither depth nor shared parts can make it run away."""
    nodes = 1
    level: list[object] = [value]
    for _ in range(MAX_LINE_DEPTH):
        deeper: list[object] = []
        for outer in level:
            if type(outer) is dict or type(outer) is list:
                nodes += len(outer)
                if nodes > nodes_max:
                    return False
                deeper += outer.values() if type(outer) is dict else outer
        if not deeper:
            return True
        level = deeper
    return False
