"""A seeded population: person number N is the same person, with the same statement, in every run.

People are synthetic: born before 1910, numbered through provinces, days and sequences. One in five
has a second statement, so a store of a given number of statements is about five sixths as many
people.
"""

import random
from collections.abc import Iterator

from exchange.core.documents import check_character
from exchange.core.health_code import (
    Document,
    DocumentType,
    HealthCode,
    Level,
    State,
    Test,
    TestKind,
    TestResult,
    Vaccination,
)
from exchange.core.statement import Entry, entry
from exchange.core.subject import SubjectKey, SubjectKeys

SEED = 20220401
PROVINCES = ("11", "12", "13", "31", "32", "33", "34", "37", "41", "42", "43", "44", "50", "51")
"""Where the people are at home; each is a member."""
_YEARS, _MONTHS, _DAYS, _SEQUENCES = 30, 12, 28, 1_000
PEOPLE_MAX = len(PROVINCES) * _YEARS * _MONTHS * _DAYS * _SEQUENCES
"""141 million different document numbers."""
TWICE_EVERY = 5
"""One person in so many has a statement of a second member."""
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

KEY_LINE = "1:" + "5a" * 32
"""The subject key of load tests; it protects nobody."""
KEYS = SubjectKeys((SubjectKey(1, bytes.fromhex("5a" * 32)),))


def people_of(statements: int) -> int:
    """Return how many people a number of statements is about."""
    return max(1, statements * TWICE_EVERY // (TWICE_EVERY + 1))


def number(index: int) -> str:
    """Return the resident number of a person."""
    index, sequence = divmod(index, _SEQUENCES)
    index, province = divmod(index, len(PROVINCES))
    index, day = divmod(index, _DAYS)
    year, month = divmod(index, _MONTHS)
    digits = (
        f"{PROVINCES[province]}0102{1880 + year % _YEARS}{month + 1:02d}{day + 1:02d}{sequence:03d}"
    )
    return digits + check_character(digits)


def document(index: int) -> Document:
    """Return the document of a person."""
    return Document(DocumentType.RESIDENT_ID, number(index))


def health_code(chance: random.Random, region: str, now_ms: int) -> HealthCode:
    """Draw what a member says: nine in ten are green, most are tested, many vaccinated."""
    as_of_ms = now_ms - HOUR_MS - chance.randrange(3 * DAY_MS)
    draw = chance.random()
    level = Level.LOW
    if draw > 0.995:  # noqa: PLR2004 - parts of a hundred, as they stand here.
        level = Level.HIGH
    elif draw > 0.94:  # noqa: PLR2004
        level = Level.MEDIUM
    tests: tuple[Test, ...] = ()
    if chance.random() < 0.7:  # noqa: PLR2004
        taken_ms = as_of_ms - chance.randrange(2 * DAY_MS)
        tests = (
            Test(TestKind.NUCLEIC_ACID, TestResult.NEGATIVE, taken_ms, taken_ms + 6 * HOUR_MS),
        )
    doses = chance.randrange(4)
    return HealthCode(
        as_of_ms=as_of_ms,
        level=level,
        state=State.ACTIVE,
        valid_until_ms=as_of_ms + 7 * DAY_MS if chance.random() < 0.5 else None,  # noqa: PLR2004
        region=region,
        tests=tests,
        vaccination=Vaccination(doses, f"2021-{chance.randrange(1, 13):02d}-15") if doses else None,
        reason="" if level == Level.LOW else "close contact",
    )


def entries(people: int, now_ms: int, start: int = 0) -> Iterator[Entry]:
    """Give the rows about people, one or two of each, in the order of their numbers."""
    chance = random.Random(SEED + start)
    received_ms = now_ms - HOUR_MS // 2
    for index in range(start, people):
        subject = KEYS.subject(document(index))
        home = index // _SEQUENCES % len(PROVINCES)
        places = [home]
        if index % TWICE_EVERY == 0:
            places.append((home + 1 + index % (len(PROVINCES) - 1)) % len(PROVINCES))
        for place in places:
            issuer = f"{PROVINCES[place]}0000"
            said = health_code(chance, f"{PROVINCES[place]}0102", now_ms)
            yield entry(subject, issuer, issuer, said, received_ms)
