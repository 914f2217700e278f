"""What members say about synthetic persons: levels in plausible shares, times around an instant."""

import datetime as dt
import random
from collections.abc import Iterator

import msgspec

from exchange.cli.sample.holds import HOLDS
from exchange.cli.sample.people import Person
from exchange.core.health_code import (
    HealthCode,
    Level,
    State,
    Test,
    TestKind,
    TestResult,
    Vaccination,
)
from exchange.core.times import BEIJING_MS, DAY_MS, HOUR_MS, SECOND_MS

_SHARES: tuple[tuple[tuple[Level, State], int], ...] = (
    ((Level.LOW, State.ACTIVE), 9_540),
    ((Level.MEDIUM, State.ACTIVE), 250),
    ((Level.ELEVATED, State.ACTIVE), 20),
    ((Level.HIGH, State.ACTIVE), 80),
    ((Level.UNSPECIFIED, State.PENDING), 60),
    ((Level.UNSPECIFIED, State.EXPIRED), 30),
    ((Level.UNSPECIFIED, State.WITHDRAWN), 20),
)
"""In ten thousand; most people are green, a few in a hundred are not."""
_RISKS = [risk for risk, _ in _SHARES]
_WEIGHTS = [share for _, share in _SHARES]

_STALE_SHARE, _DISAGREEING_SHARE, _HOLD_SHARE = 0.04, 0.03, 0.02
_TESTED_SHARE, _VACCINATED_SHARE, _BOUNDED_SHARE = 0.6, 0.8, 0.6
_USUAL_AGE_MS, _GREATEST_AGE_MS = 12 * HOUR_MS, 6 * DAY_MS
_REASONS = {
    Level.MEDIUM: ("途经中风险地区", "请居家观察"),
    Level.ELEVATED: ("与确诊病例时空交集", "请尽快核酸检测"),
    Level.HIGH: ("核酸检测阳性", "请就地等待转运"),
}


class Risk(msgspec.Struct, frozen=True):
    """How a person stands, whoever says so."""

    level: Level
    state: State


def risk(rng: random.Random) -> Risk:
    """Draw how a person stands."""
    return Risk(*rng.choices(_RISKS, _WEIGHTS)[0])


def issuers(rng: random.Random, home: str, members: tuple[str, ...]) -> Iterator[str]:
    """Give the members that know a person: home always, one or two more for those who travel."""
    yield home
    others = [one for one in members if one != home]
    drawn = rng.random()
    count = 2 if drawn < 0.05 else 1 if drawn < 0.30 else 0  # noqa: PLR2004 - shares of travellers
    yield from rng.sample(others, min(count, len(others)))


def health_code(
    rng: random.Random, person: Person, stands: Risk, issuer: str, now_ms: int
) -> HealthCode:
    """Return what one member says about a person.

    Args:
        rng: Source of what differs.
        person: Whom it is about.
        stands: How the person stands; a few members see it differently.
        issuer: The member.
        now_ms: The moment of generation, which as-of times lie before.
    """
    if rng.random() < _DISAGREEING_SHARE:
        stands = risk(rng)
    as_of_ms = _as_of_ms(rng, now_ms)
    reason, guidance = _REASONS.get(stands.level, ("", ""))
    known = HOLDS.get(issuer, ())
    holds = (rng.choice(known),) if known and rng.random() < _HOLD_SHARE else ()
    return HealthCode(
        as_of_ms=as_of_ms,
        level=stands.level,
        state=stands.state,
        valid_until_ms=_valid_until_ms(as_of_ms) if rng.random() < _BOUNDED_SHARE else None,
        holds=holds,
        region=person.region if issuer == person.home else "",
        tests=_tests(rng, stands.level, as_of_ms),
        vaccination=_vaccination(rng),
        reason=reason,
        guidance=guidance,
    )


def _as_of_ms(rng: random.Random, now_ms: int) -> int:
    if rng.random() < _STALE_SHARE:
        back_ms = rng.randrange(8 * DAY_MS, 25 * DAY_MS)
    else:
        back_ms = min(int(rng.expovariate(1 / _USUAL_AGE_MS)), _GREATEST_AGE_MS)
    as_of_ms = now_ms - back_ms - SECOND_MS
    return as_of_ms - as_of_ms % SECOND_MS


def _valid_until_ms(as_of_ms: int) -> int:
    """Return the last second of the Beijing day a week later."""
    local = as_of_ms + BEIJING_MS
    return local - local % DAY_MS + 8 * DAY_MS - SECOND_MS - BEIJING_MS


def _tests(rng: random.Random, level: Level, as_of_ms: int) -> tuple[Test, ...]:
    if rng.random() >= _TESTED_SHARE:
        return ()
    sample_ms = as_of_ms - rng.randrange(1, 48) * HOUR_MS
    result = TestResult.POSITIVE if level == Level.HIGH else TestResult.NEGATIVE
    laboratory = "示例检测中心"
    return (Test(TestKind.NUCLEIC_ACID, result, sample_ms, sample_ms + 6 * HOUR_MS, laboratory),)


def _vaccination(rng: random.Random) -> Vaccination | None:
    if rng.random() >= _VACCINATED_SHARE:
        return None
    last = dt.date(2021, 3, 1) + dt.timedelta(days=rng.randrange(600))
    return Vaccination(rng.randint(1, 3), f"{last:%Y-%m-%d}")
