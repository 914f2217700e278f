"""Synthetic people: valid resident numbers of people born before 1910, by number."""

from exchange.core.documents import check_character

USED: set[str] = set()
"""Every number that a test has used: the search for leaks looks for these."""
INPUT_SUFFIX = ".input"
"""Files with this suffix are what a test handed in, not what the exchange wrote."""


def resident(number: int) -> str:
    """Return the resident number of synthetic person ``number`` (0 to 299,999)."""
    day, rest = number % 28 + 1, number // 28
    month, rest = rest % 12 + 1, rest // 12
    digits = f"510102190{rest % 10}{month:02d}{day:02d}{rest // 10 % 1000:03d}"
    made = digits + check_character(digits)
    USED.add(made)
    return made
