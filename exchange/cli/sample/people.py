"""Synthetic persons: valid document numbers that cannot be those of living people.

Numbers that carry a birth date carry one before 1900. Shapes without a date take series that are
not in use. The number of a person follows from seed and place alone, so a population can be made
in any order and in bounded memory.
"""

import datetime as dt
import random
from collections.abc import Sequence

import msgspec

from exchange.core.documents import check_character
from exchange.core.health_code import Document, DocumentType

FIRST_BIRTH = dt.date(1850, 1, 1)
BIRTH_DAYS = 50 * 365
"""Births from 1850 to December 1899."""

_SEQUENCES = 900
_STEP = 7_368_787
"""Prime to the number of (day, sequence) pairs: consecutive persons lie far apart, none twice."""
_PAIRS = BIRTH_DAYS * _SEQUENCES
_PROVINCES = ("11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36",
              "37", "41", "42", "43", "44", "45", "46", "50", "51", "52", "53", "54", "61", "62",
              "63", "64", "65")  # fmt: skip
_FOREIGN_COUNTRY = "840"
_HMT_REGIONS = ("810000", "820000", "830000")
_SHARES = (
    (DocumentType.RESIDENT_ID, 940),
    (DocumentType.PASSPORT, 20),
    (DocumentType.HK_MACAO_PERMIT, 15),
    (DocumentType.TAIWAN_PERMIT, 10),
    (DocumentType.HK_MACAO_TAIWAN_RESIDENCE_PERMIT, 6),
    (DocumentType.FOREIGN_PERMANENT_RESIDENT_ID, 4),
    (DocumentType.OTHER, 5),
)
_TYPES = [kind for kind, _ in _SHARES]
_WEIGHTS = [share for _, share in _SHARES]


class Person(msgspec.Struct, frozen=True):
    """One synthetic person.

    Attributes:
        document: A valid one.
        home: Six-digit code of the member the person lives under.
        region: Six-digit division there.
    """

    document: Document
    home: str
    region: str


def person(seed: int, place: int, homes: Sequence[str]) -> Person:
    """Return the person at a place of the population with a seed.

    Args:
        seed: Of the population.
        place: 0, 1, 2 ...
        homes: Codes of the members a person may live under.
    """
    rng = random.Random(f"person {seed} {place}")  # noqa: S311 - repeatable on purpose
    home = rng.choice(homes)
    region = f"{home[:2]}{rng.randint(1, 9):02d}00"
    kind = rng.choices(_TYPES, _WEIGHTS)[0]
    return Person(document(kind, seed, place, region, rng), home, region)


def document(
    kind: DocumentType, seed: int, place: int, region: str, rng: random.Random
) -> Document:
    """Return the document of a type that the person at a place has."""
    pair = (seed * 104_729 + place * _STEP) % _PAIRS
    day, sequence = divmod(pair, _SEQUENCES)
    date = (FIRST_BIRTH + dt.timedelta(days=day)).isoformat().replace("-", "")
    birth = f"{date}{sequence + 1:03d}"
    serial = f"{pair % 1_000_000:06d}"
    match kind:
        case DocumentType.PASSPORT:
            number = f"EZ{serial}{rng.randint(0, 9)}" if rng.random() < 0.5 else f"XQ{serial}"  # noqa: PLR2004
        case DocumentType.HK_MACAO_PERMIT:
            number = f"{rng.choice('HM')}99{serial}"
        case DocumentType.TAIWAN_PERMIT:
            number = f"99{serial}"
        case DocumentType.HK_MACAO_TAIWAN_RESIDENCE_PERMIT:
            number = _checked(rng.choice(_HMT_REGIONS) + birth)
        case DocumentType.FOREIGN_PERMANENT_RESIDENT_ID:
            number = _checked(f"9{rng.choice(_PROVINCES)}{_FOREIGN_COUNTRY}{birth}")
        case DocumentType.OTHER:
            number = f"QT{serial}{rng.randint(100, 999)}"
        case _:
            prefix = region[:2] if region[:2] in _PROVINCES else rng.choice(_PROVINCES)
            number = _checked(f"{prefix}01{rng.randint(1, 9):02d}{birth}")
    return Document(kind, number)


def _checked(digits: str) -> str:
    return digits + check_character(digits)
