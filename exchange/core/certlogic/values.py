"""The values of CertLogic: JSON and date-times, and when two of them are equal.

Python's own equality is of no use: there 1, 1.0 and true are one value, and so are two arrays
with equal items. `bool` is a subclass of `int`, so classes are compared exactly, everywhere.
"""

from typing import TypeAlias

from exchange.core.certlogic.dates import DateTime

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
"""JSON data as Python reads it, in exactly these classes. A float without a fraction is an integer;
infinite and undefined floats are not JSON."""

Value: TypeAlias = "bool | int | float | str | DateTime | list[Value] | dict[str, Value] | None"
"""What an expression can evaluate to."""


def same(left: object, right: object) -> bool:
    """Decide `===`: equality without conversion, of null, booleans, numbers and strings.

    Arrays, objects and date-times equal nothing, not even themselves: implementations disagree,
    and false is the answer that admits nobody.
    """
    kind = left.__class__
    if kind is str:
        return left == right
    if kind is bool or left is None:
        return left is right
    if kind is int or kind is float:
        return (right.__class__ is int or right.__class__ is float) and left == right
    return False


def contains(items: list[Value], item: Value) -> bool:
    """Decide whether a list has an item, by `same`."""
    kind = item.__class__
    if kind is str or item is None:
        return item in items  # nothing but a string equals a string, in Python as well
    if kind is int or kind is float or kind is bool:
        return any(same(item, other) for other in items)
    return False


def whole(number: float) -> int | float:
    """Turn a float without a fraction into the integer that it is."""
    return int(number) if number.is_integer() else number
