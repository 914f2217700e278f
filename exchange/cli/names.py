"""What values of the API are called for people: members, and values of enumerations."""

from collections.abc import Callable
from typing import Any

from exchange.core.members import BY_CODE


def value_name(name_of: Callable[[Any], str], number: int) -> str:
    """Name a value of an enumeration; nothing for UNSPECIFIED.

    A value of a later release, which this one does not know, keeps its number.

    Args:
        name_of: Of the enumeration, as ``HealthCode.Level.Name``.
        number: Its value.
    """
    if not number:
        return ""
    try:
        return name_of(number)
    except ValueError:
        return str(number)


def member_word(code: str) -> str:
    """Name a member; one that this release does not know keeps its code."""
    known = BY_CODE.get(code)
    return f"{code} {known.name}" if known else code
