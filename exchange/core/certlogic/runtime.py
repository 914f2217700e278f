"""What generated rules call: each function is one operator's part that needs more than a line.

The place is where in the rule the operator stands. A value is checked by its exact class, since
`isinstance` would take true for an integer.
"""

from collections.abc import Callable

from exchange.core.certlogic.dates import (
    DateTime,
    in_range,
    plus_months,
    read_birth,
    read_instant,
)
from exchange.core.certlogic.errors import EvaluationError
from exchange.core.certlogic.limits import MAX_INTEGER
from exchange.core.certlogic.values import Value, contains, whole

Steps = list[int]
"""One number: the steps an evaluation may still take. A list, because folds share and lower it."""

_UVCI_PREFIX = "URN:UVCI:"
_UVCI_SEPARATORS = str.maketrans("/#", "::")


def truth(value: Value, place: str) -> bool:
    """Decide whether a value is truthy; date-times are neither."""
    if type(value) is DateTime:
        raise EvaluationError("a date-time is neither true nor false", place)
    return bool(value)


def integer(value: Value, place: str) -> int:
    """Read an operand as an integer: 1.0 is one, true is not."""
    if type(value) is int:
        return value
    if type(value) is float:
        number = whole(value)
        if type(number) is int:
            return number
    raise EvaluationError("an operand is not an integer", place)


def plus(left: Value, right: Value, place: str) -> int:
    """Add two integers."""
    total = integer(left, place) + integer(right, place)
    if not -MAX_INTEGER <= total <= MAX_INTEGER:
        raise EvaluationError("a sum is too large", place)
    return total


def member(item: Value, items: Value, place: str) -> bool:
    """Decide `in` where the list is not a literal one."""
    if type(items) is not list:
        raise EvaluationError("the second operand is not an array", place)
    return contains(items, item)


def instant(text: Value, place: str) -> int:
    """Read the first operand of `plusTime`."""
    if type(text) is not str:
        raise EvaluationError("the operand is not a string", place)
    instant_ms = read_instant(text)
    if instant_ms is None:
        raise EvaluationError("the operand is not a date or date-time", place)
    return instant_ms


def birth(text: Value, place: str) -> int:
    """Read the operand of `dccDateOfBirth`."""
    if type(text) is not str:
        raise EvaluationError("the operand is not a string", place)
    instant_ms = read_birth(text)
    if instant_ms is None:
        raise EvaluationError("the operand is not a date of birth", place)
    return instant_ms


def later_by_months(instant_ms: int, months: int, place: str) -> int:
    """Add months, or fail where the result is out of range."""
    return _checked(plus_months(instant_ms, months), place)


def later_by(instant_ms: int, span_ms: int, place: str) -> int:
    """Add a span that may leave the range, or fail where it does."""
    return _checked(in_range(instant_ms + span_ms), place)


def moment(value: Value, place: str) -> int:
    """Read an operand as a date-time."""
    if type(value) is not DateTime:
        raise EvaluationError("an operand is not a date-time", place)
    return value.instant_ms


def uvci_part(uvci: Value, index: int, place: str) -> str | None:
    """Take one piece of a vaccination certificate's identifier."""
    if uvci is None:
        return None
    if type(uvci) is not str:
        raise EvaluationError("the operand is neither a string nor null", place)
    pieces = uvci.removeprefix(_UVCI_PREFIX).translate(_UVCI_SEPARATORS).split(":")
    return pieces[index] if 0 <= index < len(pieces) else None


def charge(steps: Steps, count: int, place: str) -> None:
    """Take steps from what an evaluation has left."""
    steps[0] -= count
    if steps[0] < 0:
        raise EvaluationError("the evaluation takes too many steps", place)


def charge_reading(steps: Steps, value: Value, place: str) -> None:
    """Charge for looking at a whole string or list, inside a fold."""
    if type(value) is str or type(value) is list:
        charge(steps, len(value), place)


def fold(  # noqa: PLR0913, PLR0917 -- one call in a generated rule, by position
    body: Callable[[list[Value], Value, Steps], Value],
    items: Value,
    start: Value,
    steps: Steps,
    body_nodes: int,
    place: str,
) -> Value:
    """Reduce a list with a generated body; null gives the start value."""
    if items is None:
        return start
    if type(items) is not list:
        raise EvaluationError("the first operand is neither an array nor null", place)
    values: list[Value] = items
    charge(steps, len(values) * body_nodes, place)
    return body(values, start, steps)


def _checked(instant_ms: int | None, place: str) -> int:
    if instant_ms is None:
        raise EvaluationError("the date-time is out of range", place)
    return instant_ms
