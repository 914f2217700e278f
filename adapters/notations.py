"""The notations of time that member formats use: one table, reading and writing (catalogue 6).

Reading gives milliseconds since the epoch, or None where the text is not in the notation. It cuts
the text into slices and looks each up in a table together with the marks around it, so that a
wrong mark, a wrong length, hour 24 and digits of another script all fail as a missing key.
"""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from exchange.core.times import (
    BEIJING_MS,
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    SECOND_MS,
    beijing_midnight_ms,
    beijing_text,
)  # fmt: skip

Read = Callable[[str], int | None]
"""From a trimmed, non-empty text to an instant, or None."""

Write = Callable[[int], str | int]
"""From an instant to the notation; what it cannot hold is cut. Numbers are written as such."""

END_OF_DAY_MS: Final = DAY_MS - SECOND_MS
"""From 00:00:00 to 23:59:59, where a date ends as ``valid_until``."""

DAYS_CACHED_MAX: Final = 20_000
"""Dates of one writing that are remembered: half a century, a few megabytes."""


class _Days(dict[str, int]):
    """Dates of one writing to the instant of their Beijing midnight, computed when first met."""

    def __init__(self, separators: tuple[str, str, str]) -> None:
        super().__init__()
        self._separators = separators

    def __missing__(self, text: str) -> int:
        after_year, after_month, after_day = self._separators
        month_at = 4 + len(after_year)
        day_at = month_at + 2 + len(after_month)
        year, month, day = text[:4], text[month_at : month_at + 2], text[day_at : day_at + 2]
        digits = year + month + day
        if not (
            text == year + after_year + month + after_month + day + after_day
            and len(digits) == 8  # noqa: PLR2004 - yyyyMMdd
            and digits.isascii()
            and digits.isdigit()
        ):
            raise KeyError
        try:
            instant = beijing_midnight_ms(int(year), int(month), int(day))
        except ValueError:
            raise KeyError from None
        if len(self) < DAYS_CACHED_MAX:
            self[text] = instant
        return instant


def _units(before: str, after: str, count: int, unit_ms: int) -> dict[str, int]:
    """Table of two digits together with the marks around them."""
    return {f"{before}{number:02d}{after}": number * unit_ms for number in range(count)}


def _clock(before: str, between: str, after: str = "") -> dict[str, int]:
    """Table of hour and minute together with the marks around them."""
    return {
        f"{before}{hour:02d}{between}{minute:02d}{after}": hour * HOUR_MS + minute * MINUTE_MS
        for hour in range(24)
        for minute in range(60)
    }


_DASHED: Final = _Days(("-", "-", ""))
_PLAIN: Final = _Days(("", "", ""))
_CHINESE: Final = _Days(("年", "月", "日"))
_MINUTES: Final = _units(":", "", 60, MINUTE_MS)
_SECONDS: Final = _units(":", "", 60, SECOND_MS)
_BARE_SECONDS: Final = _units("", "", 60, SECOND_MS)
_BLANK_CLOCK: Final = _clock(" ", ":")
_T_CLOCK: Final = _clock("T", ":")
_BARE_CLOCK: Final = _clock("", "")
_CHINESE_CLOCK: Final = _clock(" ", "时", "分")
_LOOSE_HOURS: Final = _units("", "", 24, HOUR_MS) | {
    str(hour): hour * HOUR_MS for hour in range(10)
}
_FROM_ZONE: Final = {"Z": BEIJING_MS} | {
    f"{sign}{hours:02d}:{minutes:02d}": BEIJING_MS
    - int(f"{sign}1") * (hours * HOUR_MS + minutes * MINUTE_MS)
    for sign in "+-"
    for hours in range(24)
    for minutes in range(60)
}


def _read_bj(text: str) -> int | None:
    try:
        return _DASHED[text[:10]] + _BLANK_CLOCK[text[10:16]] + _SECONDS[text[16:]]
    except KeyError:
        return None


def _read_bjm(text: str) -> int | None:
    return _read_bj(text + ":00" if len(text) == 16 else text)  # noqa: PLR2004 - without seconds


def _read_bj24(text: str) -> int | None:
    if text[10:] == " 24:00:00":
        day = _read_date(text[:10])
        return None if day is None else day + DAY_MS
    return _read_bj(text)


def _read_compact(text: str) -> int | None:
    try:
        return _PLAIN[text[:8]] + _BARE_CLOCK[text[8:12]] + _BARE_SECONDS[text[12:]]
    except KeyError:
        return None


def _read_compact12(text: str) -> int | None:
    try:
        return _PLAIN[text[:8]] + _BARE_CLOCK[text[8:]]
    except KeyError:
        return None


def _read_cn(text: str) -> int | None:
    try:
        return _CHINESE[text[:11]] + _CHINESE_CLOCK[text[11:]]
    except KeyError:
        return None


def _read_slash(text: str) -> int | None:
    date, _, time = text.partition(" ")
    year, _, month_and_day = date.partition("/")
    month, slash, day = month_and_day.partition("/")
    if not slash or not month or not day:
        return None
    hour = time[:-6]
    try:
        return (
            _DASHED[f"{year}-{month:0>2}-{day:0>2}"] + _LOOSE_HOURS[hour]
            + _MINUTES[time[-6:-3]] + _SECONDS[time[-3:]]
        )  # fmt: skip
    except KeyError:
        return None


def _read_iso(text: str) -> int | None:
    try:
        local = _DASHED[text[:10]] + _T_CLOCK[text[10:16]] + _SECONDS[text[16:19]]
        rest = text[19:]
        if rest in _FROM_ZONE:
            return local + _FROM_ZONE[rest]
        zone_at = -1 if rest[-1:] == "Z" else -6
        fraction = rest[1:zone_at]
        if (
            rest[:1] == "."
            and 1 <= len(fraction) <= 9  # noqa: PLR2004 - down to nanoseconds
            and fraction.isascii()
            and fraction.isdigit()
        ):
            return local + _FROM_ZONE[rest[zone_at:]] + int((fraction + "00")[:3])
    except KeyError:
        pass
    return None


def _read_date(text: str) -> int | None:
    try:
        return _DASHED[text]
    except KeyError:
        return None


def _read_date8(text: str) -> int | None:
    try:
        return _PLAIN[text]
    except KeyError:
        return None


def _epoch(digits: int, unit_ms: int) -> Read:
    def read(text: str) -> int | None:
        if len(text) == digits and text.isascii() and text.isdigit():
            return int(text) * unit_ms
        return None

    return read


def _write_epoch(digits: int, unit_ms: int) -> Callable[[int], int]:
    """Write a number of units; an end "for ever" becomes the last instant with so many digits."""
    last = 10**digits - 1
    return lambda instant_ms: min(instant_ms // unit_ms, last)


def _write_slash(instant_ms: int) -> str:
    text = beijing_text(instant_ms)
    return f"{text[:4]}/{int(text[5:7])}/{int(text[8:10])} {int(text[11:13])}{text[13:]}"


def _write_iso(instant_ms: int) -> str:
    text = beijing_text(instant_ms)
    fraction = instant_ms % SECOND_MS
    return f"{text[:10]}T{text[11:]}" + (f".{fraction:03d}" if fraction else "") + "+08:00"


def _write_cn(instant_ms: int) -> str:
    text = beijing_text(instant_ms)
    return f"{text[:4]}年{text[5:7]}月{text[8:10]}日 {text[11:13]}时{text[14:16]}分"


def _digits(length: int) -> Write:
    def write(instant_ms: int) -> str:
        return "".join(filter(str.isdigit, beijing_text(instant_ms)))[:length]

    return write


class Notation(msgspec.Struct, frozen=True):
    """One way to write a time.

    Attributes:
        read: From text to instant; dates give their 00:00:00.
        write: From instant to text or number.
        is_date: Whole days: as ``valid_until`` a date means its 23:59:59.
    """

    read: Read
    write: Write
    is_date: bool = False


NOTATIONS: Final[Mapping[str, Notation]] = {
    "bj": Notation(_read_bj, beijing_text),
    "bjm": Notation(_read_bjm, beijing_text),
    "bj24": Notation(_read_bj24, beijing_text),
    "ms": Notation(_epoch(13, 1), _write_epoch(13, 1)),
    "ms_str": Notation(_epoch(13, 1), lambda instant_ms: str(_write_epoch(13, 1)(instant_ms))),
    "s": Notation(_epoch(10, SECOND_MS), _write_epoch(10, SECOND_MS)),
    "compact": Notation(_read_compact, _digits(14)),
    "compact12": Notation(_read_compact12, _digits(12)),
    "iso": Notation(_read_iso, _write_iso),
    "cn": Notation(_read_cn, _write_cn),
    "slash": Notation(_read_slash, _write_slash),
    "date": Notation(_read_date, lambda instant_ms: beijing_text(instant_ms)[:10], is_date=True),
    "date8": Notation(_read_date8, _digits(8), is_date=True),
}
"""Every notation by the name that the catalogue gives it."""


def read_end(notation: Notation) -> Read:
    """Give the reader of a ``valid_until``: a date holds to its 23:59:59."""
    if not notation.is_date:
        return notation.read

    def read(text: str) -> int | None:
        start = notation.read(text)
        return None if start is None else start + END_OF_DAY_MS

    return read


def write_end(notation: Notation) -> Write:
    """Give the writer of a ``valid_until``: the latest date whose end is not after it."""
    if not notation.is_date:
        return notation.write
    return lambda instant_ms: notation.write(instant_ms - END_OF_DAY_MS)


def end_of_beijing_day(instant_ms: int) -> int:
    """Give 23:59:59 of the Beijing day of an instant."""
    return instant_ms - (instant_ms + BEIJING_MS) % DAY_MS + END_OF_DAY_MS
