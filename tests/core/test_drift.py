"""A format whose share of errors jumps is told from one that is as it always was."""

import pytest

from exchange.core.drift import FormatHealth, Tally, add, health
from exchange.core.health_code import Level

NOW_MS = 1_648_771_200_000
HOUR_MS = 3_600_000
HOUR = NOW_MS // HOUR_MS


def tally(accepted: int, unknown: int = 0, nobody: int = 0) -> Tally:
    failures = {"UNKNOWN_STATUS data.zt": unknown, "NO_RECORD ": nobody}
    return Tally(accepted, {name: count for name, count in failures.items() if count})


def of(*by_age: tuple[int, Tally]) -> FormatHealth:
    hours = [(HOUR - age, one) for age, one in by_age]
    return health("510000", "510000-status-v1", hours, NOW_MS)


@pytest.mark.parametrize(
    ("recent", "usual", "jumped"),
    [
        (tally(80, 20), tally(1_000, 10), True),
        (tally(80, 20), Tally(), True),
        (tally(0, 20), tally(1_000), True),
        (tally(96, 4), tally(1_000), False),
        (tally(15, 4), tally(1_000), False),
        (tally(80, 20), tally(900, 100), False),
        (tally(69, 31), tally(900, 100), True),
        (tally(20, 0, nobody=80), tally(1_000), False),
        (Tally(), tally(1_000), False),
    ],
)
def test_a_jump_is_a_large_share_of_enough_records_far_above_the_usual(
    recent: Tally, usual: Tally, *, jumped: bool
) -> None:
    assert of((0, recent), (5, usual)).jumped is jumped


def test_hours_are_put_where_they_belong() -> None:
    found = of(*((age, tally(1)) for age in range(-1, 40)))
    assert found.recent.records == 3  # A clock that is ahead counts as now.
    assert found.usual.records == 24


def test_tallies_of_several_workers_add_up() -> None:
    one = Tally(3, {"INVALID_TIME a": 1}, (0, 2, 0, 0, 1), 5, 2)
    other = Tally(1, {"INVALID_TIME a": 2, "NO_RECORD ": 1}, (1, 0, 0, 0, 0), 9, 3)
    both = add((one, other))
    assert both == Tally(4, {"INVALID_TIME a": 3, "NO_RECORD ": 1}, (1, 2, 0, 0, 1), 9, 5)
    assert (both.records, both.errors) == (8, 3)
    assert both.error_share == 3 / 8
    assert sum(both.levels) == both.accepted
    assert both.levels[Level.LOW] == 2
