"""Date-times of CertLogic: milliseconds since 1970 in UTC, read from text, added to, written.

Python's `datetime` ends at the year 9999 and has no year 0, so instants are plain integers here
and the calendar is the proleptic Gregorian one of ISO 8601. What ECMAScript's dates cannot hold
(100,000,000 days either side of 1970) is no date-time either: the reference makes an invalid date
of it, which counts as a failure.
"""

import re
from functools import lru_cache

from msgspec import Struct

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

MAX_INSTANT_MS = 100_000_000 * DAY_MS
"""The last instant; the first is its negative."""

MAX_SPAN_MS = MAX_INSTANT_MS // 2
"""A span up to this, added to any instant that text can name, needs no check of the range."""

MONTHS_PER_YEAR = 12

CACHED_TEXT_LENGTH = 40
"""Longest date text that is remembered; longer ones (hundreds of fraction digits) are not."""

CACHED_TEXTS = 4096
"""Date texts remembered: the clock of a case is read by most rules of a policy."""

CACHED_DAYS = 4096
"""Days remembered, as eleven years have: the clock changes all the time, its day does not."""

_DAY_OF_YEAR = (0, 31, 61, 92, 122, 153, 184, 214, 245, 275, 306, 337)
"""Days before each month of a year that starts in March, so that a leap day comes last."""

_TEXT = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})"
    r"(?:T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?"
    r"(?:Z|([+-])([0-9]{1,2})(?:(?::?)([0-9]{2}))?)?)?)?)?"
)
"""The accepted texts. `+123` is an hour and 23 minutes: matching goes back until all fits."""

_BIRTH_LENGTHS = (4, 7, 10)
"""Lengths of `YYYY`, `YYYY-MM` and `YYYY-MM-DD`, which no text with a time has."""


class DateTime(Struct, frozen=True):
    """A date-time as the value of an expression; no JSON value, and never equal to one.

    Attributes:
        instant_ms: milliseconds since 1970-01-01T00:00:00Z.
    """

    instant_ms: int

    def __str__(self) -> str:
        """Write it as `write_instant` does."""
        return write_instant(self.instant_ms)


@lru_cache(CACHED_DAYS)
def days_before(year: int, month: int) -> int:
    """Count the days from 1970-01-01 to the first of a month (1 to 12) of any year."""
    shifted = month - 3
    if shifted < 0:
        shifted += MONTHS_PER_YEAR
        year -= 1
    leap_days = year // 4 - year // 100 + year // 400
    return 365 * year + leap_days + _DAY_OF_YEAR[shifted] - 719_468


@lru_cache(CACHED_DAYS)
def civil_day(day_number: int) -> tuple[int, int, int]:
    """Turn days since 1970-01-01 into year, month and day."""
    era, day_of_era = divmod(day_number + 719_468, 146_097)
    year_of_era = (
        day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096
    ) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    year = 400 * era + year_of_era + (shifted >= MONTHS_PER_YEAR - 2)
    month = shifted + 3 if shifted < MONTHS_PER_YEAR - 2 else shifted - 9
    return year, month, day_of_year - _DAY_OF_YEAR[shifted] + 1


def plus_months(instant_ms: int, months: int) -> int | None:
    """Add months to the UTC fields; a day the month lacks runs over into the next month.

    Returns:
        The instant, or None where it is out of range.
    """
    day_number, time_ms = divmod(instant_ms, DAY_MS)
    year, month, day = civil_day(day_number)
    years, month_index = divmod(month - 1 + months, MONTHS_PER_YEAR)
    return in_range(
        (days_before(year + years, month_index + 1) + day - 1) * DAY_MS + time_ms,
    )


def in_range(instant_ms: int) -> int | None:
    """Pass an instant on, or None where ECMAScript could not hold it."""
    return instant_ms if -MAX_INSTANT_MS <= instant_ms <= MAX_INSTANT_MS else None


def read_instant(text: str) -> int | None:
    """Read a date or date-time text; a partial date means the last day that fits.

    Returns:
        Milliseconds since 1970 in UTC, or None for a text that is not accepted.
    """
    return _remembered(text) if len(text) <= CACHED_TEXT_LENGTH else _read(text)


def read_birth(text: str) -> int | None:
    """Read a date of birth: as `read_instant`, but never with a time."""
    return read_instant(text) if len(text) in _BIRTH_LENGTHS else None


def write_instant(instant_ms: int) -> str:
    """Write an instant as ISO 8601 in UTC with milliseconds, years beyond 0 to 9999 signed."""
    day_number, time_ms = divmod(instant_ms, DAY_MS)
    year, month, day = civil_day(day_number)
    hour, rest_ms = divmod(time_ms, HOUR_MS)
    minute, rest_ms = divmod(rest_ms, MINUTE_MS)
    second, millisecond = divmod(rest_ms, SECOND_MS)
    years = f"{year:04}" if 0 <= year <= 9999 else f"{year:+07}"  # noqa: PLR2004
    return f"{years}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z"


def _read(text: str) -> int | None:
    match = _TEXT.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, sign, ahead, ahead_minutes = match.groups()
    date_days = _read_day(year, month, day)
    if date_days is None:
        return None
    if hour is None:
        return date_days * DAY_MS
    millisecond = int((fraction + "00")[:3]) if fraction else 0
    time_ms = _read_time(int(hour), int(minute), int(second), millisecond)
    offset_ms = _read_offset(sign, int(ahead), int(ahead_minutes or 0)) if sign else 0
    if time_ms is None or offset_ms is None:
        return None
    return date_days * DAY_MS + time_ms - offset_ms


_remembered = lru_cache(CACHED_TEXTS)(_read)


@lru_cache(CACHED_DAYS)
def _read_day(year_text: str, month_text: str | None, day_text: str | None) -> int | None:
    year = int(year_text)
    month = int(month_text or MONTHS_PER_YEAR)
    if not 1 <= month <= MONTHS_PER_YEAR:
        return None
    first = days_before(year, month)
    last = days_before(year + month // MONTHS_PER_YEAR, month % MONTHS_PER_YEAR + 1) - 1
    day_number = last if day_text is None else first + int(day_text) - 1
    return day_number if first <= day_number <= last else None


def _read_time(hour: int, minute: int, second: int, millisecond: int) -> int | None:
    if minute >= 60 or second >= 60:  # noqa: PLR2004
        return None
    time_ms = hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS + millisecond
    # ISO 8601 and the reference know 24:00:00 as the midnight that ends the day.
    return time_ms if time_ms <= DAY_MS else None


def _read_offset(sign: str, hours: int, minutes: int) -> int | None:
    if hours >= 24 or minutes >= 60:  # noqa: PLR2004
        return None
    offset_ms = hours * HOUR_MS + minutes * MINUTE_MS
    return -offset_ms if sign == "-" else offset_ms
