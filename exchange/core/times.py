"""Calendar arithmetic on whole milliseconds: Beijing dates and RFC 3339 texts.

An instant is an integer of milliseconds since 1970-01-01T00:00:00Z. Beijing time is UTC+08:00
always.
"""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final

SECOND_MS: Final = 1_000
MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000
BEIJING_MS: Final = 8 * HOUR_MS
"""How far Beijing time is ahead of UTC."""

_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

MONTH_DAYS: Final = {
    f"{month:02d}": range(1, days + 1)
    for month, days in enumerate((31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), start=1)
}
"""The days that a month can have, by its two digits; 29 in February whatever the year."""


def is_leap_year(year: int) -> bool:
    """Tell whether a Gregorian year has a 29 February."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def beijing_midnight_ms(year: int, month: int, day: int) -> int:
    """Give the instant at which a Beijing date begins.

    Raises:
        ValueError: There is no such day.
    """
    return (date(year, month, day).toordinal() - _EPOCH_ORDINAL) * DAY_MS - BEIJING_MS


def beijing_date(instant_ms: int) -> int:
    """Give the Beijing date of an instant as ``yyyymmdd``; see ``beijing_text`` for the ends."""
    day = date.fromordinal((_within(instant_ms + BEIJING_MS)) // DAY_MS + _EPOCH_ORDINAL)
    return day.year * 10000 + day.month * 100 + day.day


def beijing_text(instant_ms: int) -> str:
    """Write an instant as ``yyyy-MM-dd HH:mm:ss`` in Beijing time; the milliseconds are cut.

    Instants outside of the years 1 to 9999 are written as their nearest end.
    """
    local = _EPOCH + timedelta(milliseconds=_within(instant_ms + BEIJING_MS))
    return local.isoformat(" ", "seconds")[:19]


def _within(local_ms: int) -> int:
    """Keep a count of milliseconds within the years that a calendar can show."""
    return min(max(local_ms, _FIRST_MS), _LAST_MS)


_RFC3339: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r"(?:\.([0-9]{1,9}))?(?:Z|([+-])([0-9]{2}):([0-9]{2}))"
)


def parse_rfc3339(text: str) -> int:
    """Read an RFC 3339 time; what is finer than milliseconds is cut.

    Raises:
        ValueError: The text is not such a time; the text is not repeated in the message.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError("not an RFC 3339 time")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    fraction, sign, zone_hours, zone_minutes = match.groups()[6:]
    offset = timedelta(hours=int(zone_hours or 0), minutes=int(zone_minutes or 0))
    if offset >= timedelta(days=1) or int(zone_minutes or 0) > 59:  # noqa: PLR2004 - minutes of an hour
        raise ValueError("not an RFC 3339 time")
    local = datetime(year, month, day, hour, minute, second, tzinfo=UTC) - _EPOCH
    instant = local + offset if sign == "-" else local - offset
    return instant // timedelta(milliseconds=1) + int(((fraction or "") + "000")[:3])


def format_rfc3339(instant_ms: int) -> str:
    """Write an instant in UTC with ``Z``; three digits of fraction only if it has one.

    Instants outside of the years 1 to 9999 are written as their nearest end.
    """
    seconds, fraction = divmod(_within(instant_ms), SECOND_MS)
    text = (_EPOCH + timedelta(seconds=seconds)).isoformat("T", "seconds")[:19]
    return f"{text}.{fraction:03d}Z" if fraction else f"{text}Z"


def instant_text(instant_ms: int) -> str:
    """Write an instant in UTC with milliseconds, quickly: cases are full of them."""
    days, rest = divmod(instant_ms, DAY_MS)
    hours, rest = divmod(rest, HOUR_MS)
    minutes, rest = divmod(rest, MINUTE_MS)
    seconds, ms = divmod(rest, SECOND_MS)
    return f"{_day_text(days)}T{hours:02}:{minutes:02}:{seconds:02}.{ms:03}Z"


def beijing_date_text(instant_ms: int) -> str:
    """Write the Beijing date of an instant as ``YYYY-MM-DD``."""
    return _day_text((instant_ms + BEIJING_MS) // DAY_MS)


@lru_cache(4096)
def _day_text(days: int) -> str:
    return format_rfc3339(days * DAY_MS)[:10]


_FIRST_MS: Final = (1 - _EPOCH_ORDINAL) * DAY_MS
_LAST_MS: Final = (date.max.toordinal() - _EPOCH_ORDINAL + 1) * DAY_MS - 1
