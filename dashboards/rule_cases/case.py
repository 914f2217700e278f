"""What a case is: series over time, and which alerts fire when."""

import msgspec

DAY = 24 * 60
"""Minutes."""
SLOW = 30
"""Minutes of a step in courses of days."""


class Fires(msgspec.Struct, frozen=True):
    """What fires at an instant.

    Attributes:
        minute: Since the beginning of the case.
        alerts: Names; () for silence.
    """

    minute: int
    alerts: tuple[str, ...]


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One course of events.

    Attributes:
        name: What happens.
        series: Values by series, a value each step.
        expected: At which minute which alerts fire, and no others.
        step: Minutes from one value to the next, and between evaluations; long courses of events
            take long steps, as promtool needs half a minute for a day of minutes.
    """

    name: str
    series: dict[str, str]
    expected: tuple[Fires, ...]
    step: int = 1
