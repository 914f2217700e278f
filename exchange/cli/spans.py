"""Spans of time as people write them: 90min, 48h, 7d."""

import re
from datetime import timedelta

from exchange.cli.exits import CommandError

_SPAN = re.compile(r"([0-9]{1,6})\s*(s|min|h|d)")
_UNITS = {
    "s": timedelta(seconds=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}


def parse_span(text: str) -> timedelta:
    """Read a span.

    Raises:
        CommandError: It is not a whole number with one of the units.
    """
    match = _SPAN.fullmatch(text.strip())
    if match is None:
        raise CommandError("A span is a whole number and s, min, h or d, as 48h.")
    return int(match[1]) * _UNITS[match[2]]
