"""Paths of `var`: how their fragments read arrays and objects."""

import re

_INTEGER = re.compile(r"[+-]?[0-9]+")
_PLAIN_INTEGER = re.compile(r"0|[1-9][0-9]*")
_ODD_START = re.compile(r"\s*[+-]?[0-9]")

INDEX_DIGITS = 9
"""Digits of the largest index that is tried: no array has a thousand million items."""


def fragments(path: str) -> tuple[str, ...]:
    """Split a path; the empty path, which is the whole data, has no fragments."""
    return tuple(path.split(".")) if path else ()


def index_of(fragment: str) -> int | None:
    """Read a fragment as an index of an array, or None where it is the key of an object.

    Only ASCII digits count. An index no array can have comes out as -1: it reads null.
    """
    if _INTEGER.fullmatch(fragment) is None:
        return None
    digits = fragment.lstrip("+-").lstrip("0") or "0"
    if len(digits) > INDEX_DIGITS or (fragment[0] == "-" and digits != "0"):
        return -1
    return int(digits)


def is_odd(fragment: str) -> bool:
    """Tell whether implementations read a fragment differently: `01`, `1x`, `+1`, `-1`."""
    return _ODD_START.match(fragment) is not None and _PLAIN_INTEGER.fullmatch(fragment) is None
