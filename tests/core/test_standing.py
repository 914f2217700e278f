import itertools

import pytest
from hypothesis import given

from exchange.core.health_code import HealthCode, Level, State
from exchange.core.members import NATIONAL
from exchange.core.standing import Standing, by_issuer, standing_at
from exchange.core.statement import Statement
from tests.core.strategies import NOW_MS, cases

DAY = 86_400_000


def max_age(level: Level) -> int:
    return 7 * DAY if level == Level.LOW else 21 * DAY


def own(level: Level = Level.LOW, as_of: int = NOW_MS, **fields: object) -> Statement:
    return Statement("510000", "510000", _code(level, as_of, fields), NOW_MS)


def relayed(level: Level = Level.LOW, as_of: int = NOW_MS, **fields: object) -> Statement:
    return Statement("510000", NATIONAL, _code(level, as_of, fields), NOW_MS)


def _code(level: Level, as_of: int, fields: dict[str, object]) -> HealthCode:
    return HealthCode(as_of, level, **({"state": State.ACTIVE} | fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("statement", "now_ms", "standing"),
    [
        (own(), NOW_MS, Standing.IN_FORCE),
        (own(as_of=NOW_MS + 300_000), NOW_MS, Standing.IN_FORCE),
        (own(), NOW_MS + 7 * DAY, Standing.IN_FORCE),
        (own(), NOW_MS + 7 * DAY + 1, Standing.TOO_OLD),
        (own(Level.HIGH), NOW_MS + 7 * DAY + 1, Standing.IN_FORCE),
        (own(Level.HIGH), NOW_MS + 21 * DAY + 1, Standing.TOO_OLD),
        (own(valid_until_ms=NOW_MS + 5_000), NOW_MS + 5_999, Standing.IN_FORCE),
        (own(valid_until_ms=NOW_MS + 5_000), NOW_MS + 6_000, Standing.EXPIRED),
        (own(valid_until_ms=NOW_MS + 5_999), NOW_MS + 5_999, Standing.IN_FORCE),
        (own(Level.UNSPECIFIED, state=State.EXPIRED), NOW_MS, Standing.EXPIRED),
        (own(Level.UNSPECIFIED, state=State.WITHDRAWN), NOW_MS, Standing.WITHDRAWN),
        (own(Level.UNSPECIFIED, state=State.PENDING), NOW_MS, Standing.IN_FORCE),
    ],
)
def test_a_statement_stands_as_its_times_and_state_say(
    statement: Statement, now_ms: int, standing: Standing
) -> None:
    assert standing_at(statement, now_ms, max_age) == standing


def test_a_relayed_statement_counts_where_the_issuer_has_no_own_one() -> None:
    (one,) = by_issuer([relayed()], NOW_MS, max_age)
    assert (one.statement, one.standing) == (relayed(), Standing.IN_FORCE)


def test_an_own_statement_in_force_goes_before_a_newer_relayed_one() -> None:
    newer = relayed(as_of=NOW_MS + 60_000)
    (one,) = by_issuer([newer, own()], NOW_MS, max_age)
    assert (one.statement, one.outdone, one.contradicted) == (own(), newer, False)


@pytest.mark.parametrize(("later_ms", "counts"), [(1_000, False), (1_001, True)])
@pytest.mark.parametrize("state", [State.WITHDRAWN, State.EXPIRED])
def test_a_relay_never_revives_unless_it_is_more_than_a_second_later(
    later_ms: int, counts: bool, state: State
) -> None:
    gone = own(Level.UNSPECIFIED, state=state)
    relay = relayed(as_of=NOW_MS + later_ms)
    (one,) = by_issuer([gone, relay], NOW_MS + 5_000, max_age)
    assert one.statement == (relay if counts else gone)


@pytest.mark.parametrize(
    ("level", "later_ms", "contradicted"),
    [
        (Level.HIGH, 1, True),
        (Level.MEDIUM, 1, True),
        (Level.LOW, 1, False),
        (Level.HIGH, 0, False),
        (Level.HIGH, -1, False),
    ],
)
def test_a_newer_and_stricter_relay_contradicts_the_own_statement_in_force(
    level: Level, later_ms: int, contradicted: bool
) -> None:
    (one,) = by_issuer([own(), relayed(level, NOW_MS + later_ms)], NOW_MS, max_age)
    assert one.contradicted is contradicted
    assert one.statement == own()


@given(cases)
def test_the_order_of_statements_does_not_matter(statements: list[Statement]) -> None:
    expected = by_issuer(statements, NOW_MS, max_age)
    for order in itertools.permutations(statements[:4]):
        assert by_issuer([*order, *statements[4:]], NOW_MS, max_age) == expected


@given(cases)
def test_each_issuer_is_spoken_for_by_one_statement(statements: list[Statement]) -> None:
    issuers = [one.statement.issuer for one in by_issuer(statements, NOW_MS, max_age)]
    assert issuers == sorted({one.issuer for one in statements})
