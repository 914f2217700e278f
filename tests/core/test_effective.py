"""Which statement stands for a person where one has to do."""

from collections.abc import Iterable

import pytest

from exchange.core.effective import as_it_stands, contradicts, effective
from exchange.core.health_code import HealthCode, Hold, Level, State
from exchange.core.standing import IssuerStanding, by_issuer
from exchange.core.statement import Statement

NOW_MS = 1_648_771_200_000
DAY_MS = 86_400_000


def said(
    issuer: str,
    level: Level = Level.UNSPECIFIED,
    state: State = State.ACTIVE,
    *,
    days: float = 0.1,
    via: str = "",
    holds: tuple[Hold, ...] = (),
    valid_until_ms: int | None = None,
) -> Statement:
    as_of_ms = NOW_MS - int(days * DAY_MS)
    code = HealthCode(as_of_ms, level, state, valid_until_ms, holds)
    return Statement(issuer, via or issuer, code, as_of_ms)


def standings(statements: Iterable[Statement]) -> tuple[IssuerStanding, ...]:
    return by_issuer(statements, NOW_MS, lambda _: 7 * DAY_MS)


def chosen(*statements: Statement) -> IssuerStanding:
    one = effective(standings(statements))
    assert one is not None
    return one


def test_nobody_said_anything() -> None:
    assert effective(standings(())) is None


@pytest.mark.parametrize(
    ("milder", "stricter"),
    [
        (said("110000", Level.LOW), said("310000", Level.HIGH, days=1)),
        (said("110000", Level.LOW), said("310000", Level.LOW, holds=(Hold("A"),), days=1)),
        (said("110000", Level.LOW), said("310000", state=State.PENDING, days=1)),
        (said("110000", Level.MEDIUM), said("310000", Level.ELEVATED, days=1)),
    ],
)
def test_the_strictest_in_force_decides_however_old(milder: Statement, stricter: Statement) -> None:
    assert chosen(milder, stricter).statement is stricter
    assert chosen(stricter, milder).statement is stricter


def test_of_two_equally_strict_the_newer_decides() -> None:
    newer = said("310000", Level.LOW, days=0.1)
    assert chosen(said("510000", Level.LOW, days=1), newer).statement is newer


def test_a_red_statement_that_lapsed_does_not_outweigh_a_green_one_in_force() -> None:
    green = said("310000", Level.LOW)
    assert chosen(said("110000", Level.HIGH, days=8), green).statement is green


def test_where_nothing_is_in_force_the_newest_that_lapsed_stands_without_its_level() -> None:
    old, newer = said("110000", Level.HIGH, days=20), said("310000", Level.LOW, days=9)
    one = chosen(old, newer, said("510000", state=State.WITHDRAWN, days=1))
    assert one.statement is newer
    code = as_it_stands(one)
    assert (code.state, code.level, code.as_of_ms) == (
        State.EXPIRED,
        Level.UNSPECIFIED,
        newer.health_code.as_of_ms,
    )


def test_a_statement_past_its_own_end_stands_as_expired() -> None:
    one = chosen(said("110000", Level.LOW, days=1, valid_until_ms=NOW_MS - 2_000))
    assert as_it_stands(one).state is State.EXPIRED


def test_a_withdrawn_statement_stays_withdrawn() -> None:
    one = chosen(said("110000", state=State.WITHDRAWN))
    assert as_it_stands(one).state is State.WITHDRAWN


def test_an_own_statement_in_force_stands_before_a_relayed_one() -> None:
    own = said("110000", Level.LOW, days=1)
    relayed = said("110000", Level.LOW, via="000000")
    assert chosen(own, relayed).statement is own


def test_a_newer_and_stricter_relay_contradicts_only_what_is_milder_than_it() -> None:
    own = said("110000", Level.LOW, days=1)
    relayed = said("110000", Level.HIGH, via="000000")
    (one,) = standings((own, relayed))
    assert contradicts(one, own)
    assert not contradicts(one, said("310000", Level.HIGH))
