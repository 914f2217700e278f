"""What a statement lost on its way through a format: the fields that read otherwise than before.

Nothing is listed by hand. What was written is read again and compared field by field, so the answer
is exact for every format, those included that do not exist yet. Fields have the names of the common
schema.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import msgspec

from exchange.core.health_code import HealthCode, Test
from exchange.core.outcome import Translated


class LossKind(StrEnum):
    """What became of a field."""

    LEFT_OUT = "LEFT_OUT"
    """The format has no place for it."""
    CHANGED = "CHANGED"
    """It reads otherwise: rounded, cut, or in the format's own words."""
    ADDED = "ADDED"
    """The format says something where the source says nothing, such as an end by rule."""


class Loss(msgspec.Struct, frozen=True):
    """One field that differs.

    Attributes:
        field: Name in the common schema, as ``valid_until`` or ``tests.laboratory``.
        kind: What became of it.
    """

    field: str
    kind: LossKind


_NAMES = {
    "as_of_ms": "as_of",
    "valid_until_ms": "valid_until",
    "sample_time_ms": "sample_time",
    "result_time_ms": "result_time",
}
"""Names of the common schema where a value carries its unit in its own."""


def losses(source: Translated, read: Translated) -> tuple[Loss, ...]:
    """Compare a statement with what a format made of it, in the order of its fields."""
    return tuple(_compare(source, read))


def _compare(source: Translated, read: Translated) -> Iterator[Loss]:
    if source.issuer != read.issuer:
        yield Loss("issuer", LossKind.CHANGED)
    for name in HealthCode.__struct_fields__:
        before, after = getattr(source.health_code, name), getattr(read.health_code, name)
        if before == after:
            continue
        if name == "tests" and len(before) == len(after):
            yield from _compare_tests(before, after)
        else:
            yield Loss(_NAMES.get(name, name), _kind(before, after))


def _compare_tests(before: tuple[Test, ...], after: tuple[Test, ...]) -> Iterator[Loss]:
    for name in Test.__struct_fields__:
        old = [getattr(test, name) for test in before]
        new = [getattr(test, name) for test in after]
        if old != new:
            all_gone = all(_is_absent(value) for value in new)
            kind = LossKind.LEFT_OUT if all_gone else LossKind.CHANGED
            yield Loss(f"tests.{_NAMES.get(name, name)}", kind)


def _kind(before: Any, after: Any) -> LossKind:
    if _is_absent(after):
        return LossKind.LEFT_OUT
    return LossKind.ADDED if _is_absent(before) else LossKind.CHANGED


def _is_absent(value: Any) -> bool:
    # A flag is never absent, and neither is a number: False and 0 say something.
    return value is None or value in ("", ())
