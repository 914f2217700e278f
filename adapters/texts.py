"""Blanks, JSON scalars and regions: how values are read whatever the format (catalogue 4)."""

from typing import Final

from exchange.core.documents import BLANKS

__all__ = ["BLANKS", "REGIONS", "Whole", "is_count", "scalar"]

_REGION_LENGTHS: Final = frozenset((2, 4, 6, 12))


class Whole(str):
    """The digits of a JSON number that is too long for an integer; no JSON string."""

    __slots__ = ()


def scalar(value: object) -> str:
    """Give a JSON scalar as trimmed text, ``""`` where it counts as absent.

    A whole number stands for its decimal digits. A boolean, a number with a fraction or an
    exponent, an object and a list count as absent.
    """
    if isinstance(value, str):  # A ``Whole`` too, which has no blanks.
        return value.strip(BLANKS)
    return str(value) if value.__class__ is int else ""  # A boolean is an ``int`` as well.


REGIONS_CACHED_MAX: Final = 10_000
"""More than there are divisions."""


class _Regions(dict[str, str]):
    """Region cells to their six digits, computed when first met."""

    def __missing__(self, cell: str) -> str:
        well_formed = len(cell) in _REGION_LENGTHS and cell.isascii() and cell.isdigit()
        region = cell[:6].ljust(6, "0") if well_formed else ""
        if region and len(self) < REGIONS_CACHED_MAX:
            self[cell] = region
        return region


REGIONS: Final = _Regions()
"""The six digits of a region with 2, 4, 6 or 12 ASCII digits, ``""`` for any other cell."""


def is_count(cell: str) -> bool:
    """Tell whether a cell is a whole number in ASCII digits; leading zeros are allowed."""
    return cell.isascii() and cell.isdigit()
