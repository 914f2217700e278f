"""The clock as an argument: a function that gives the instant now in ms."""

import time
from collections.abc import Callable

Clock = Callable[[], int]
"""Gives milliseconds since 1970-01-01T00:00:00Z."""


def system_clock() -> int:
    """Return the machine's time in ms."""
    return time.time_ns() // 1_000_000
