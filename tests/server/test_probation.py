"""Whom probation holds back, to what and for how long; and what others feel, in a model."""

from collections.abc import Mapping

import pytest
from hypothesis import given, strategies as st

from exchange.server.admission import URGENT_UPDATE_SECONDS, Priority
from exchange.server.patience import STANDING_PART
from exchange.server.probation import (
    CALM_SECONDS,
    DELAY_PART,
    LEAST_PART,
    PAUSE_MEMORY_SECONDS,
    ROOM_PART,
    SETTLE_SECONDS,
    STANDING_SECONDS,
    Probation,
)
from tests.server.test_admission import CAPACITY, SATURATED, TARGET, Caller, Worker, crowd, p99

FLOOD, OTHER, THIRD = "330000", "110000", "440000"
ASKED = {FLOOD: 4_000.0, OTHER: 500.0, THIRD: 500.0}
STEP = URGENT_UPDATE_SECONDS
ROOM = ROOM_PART * 5_000 - 1_000
LEAST = LEAST_PART * 5_000 / 3


def look(
    probation: Probation,
    seconds: float,
    part: float,
    asked: Mapping[str, float] = ASKED,
    *,
    is_shedding: bool = False,
    paused: bool = False,
) -> None:
    arrived = {member: rate * STEP for member, rate in asked.items()}
    for _ in range(round(seconds / STEP)):
        probation.look(part, STEP, arrived, is_shedding=is_shedding, paused=paused)


def asked_of(asked: Mapping[str, float] = ASKED) -> Probation:
    """Return one that has seen for a while what is asked, with no delay."""
    probation = Probation()
    look(probation, 2.0, 0.0, asked)
    return probation


def held() -> Probation:
    """Return one that holds the flood back, with what came before passed."""
    probation = asked_of()
    look(probation, STEP, 1.0, is_shedding=True)
    assert probation.member == FLOOD
    look(probation, SETTLE_SECONDS, DELAY_PART)
    return probation


def ask_on(
    probation: Probation, seconds: float, part: float, asked: Mapping[str, float] = ASKED
) -> None:
    """Have the member that is held back ask until it is refused, again and again."""
    for _ in range(round(seconds / STEP)):
        while probation.admits():
            pass
        look(probation, STEP, part, asked)


def test_who_asks_for_more_than_all_others_is_held_to_what_they_leave_of_a_part() -> None:
    probation = asked_of()
    look(probation, STANDING_SECONDS + STEP, STANDING_PART)
    assert probation.member == FLOOD
    assert probation.per_second == pytest.approx(LEAST)
    look(probation, SETTLE_SECONDS, STANDING_PART)
    assert probation.is_settled
    assert probation.per_second == pytest.approx(ROOM)


def test_what_was_asked_before_the_queue_came_is_hardly_counted() -> None:
    probation = asked_of({OTHER: 2_000.0})
    look(probation, 0.12, STANDING_PART, {OTHER: 2_000.0, FLOOD: 5_000.0})
    assert probation.member == FLOOD


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {FLOOD: 5_000.0},
        {FLOOD: 5_000.0, OTHER: 50.0},
        {FLOOD: 2_000.0, OTHER: 1_500.0, THIRD: 1_500.0},
    ],
    ids=["nobody", "alone", "others ask next to nothing", "others ask for more together"],
)
def test_nobody_is_held_back_where(asked: dict[str, float]) -> None:
    probation = asked_of(asked)
    look(probation, 2.0, 10 * STANDING_PART, asked, is_shedding=True)
    assert probation.member == ""


def test_a_short_delay_holds_nobody_back_however_long_it_lasts() -> None:
    probation = asked_of()
    look(probation, 10.0, STANDING_PART * 0.99)
    assert probation.member == ""


def test_a_queue_that_a_pause_left_holds_nobody_back() -> None:
    probation = asked_of()
    look(probation, STEP, 10 * STANDING_PART, paused=True)
    look(probation, PAUSE_MEMORY_SECONDS - 2 * STEP, 10 * STANDING_PART)
    assert probation.member == ""


def test_a_queue_that_is_known_to_stand_needs_no_second_look() -> None:
    probation = asked_of()
    look(probation, STEP, 1.0, is_shedding=True, paused=True)
    assert probation.member == FLOOD


def test_the_rate_follows_the_delay_and_keeps_a_part_of_an_equal_part() -> None:
    probation = held()
    ask_on(probation, 1.0, 4 * DELAY_PART)
    slower = probation.per_second
    assert slower < 0.8 * ROOM
    ask_on(probation, 3.0, 0.0)
    assert probation.per_second > 2 * slower
    ask_on(probation, 60.0, 4 * DELAY_PART)
    assert probation.per_second == pytest.approx(LEAST, rel=0.01)


def test_a_rate_that_is_not_used_does_not_grow() -> None:
    probation = held()
    look(probation, 1.0, DELAY_PART, {**ASKED, FLOOD: 100.0})
    before = probation.per_second
    look(probation, 2.0, 0.0, {**ASKED, FLOOD: 100.0})
    assert probation.per_second == before


def test_a_member_is_free_when_none_of_its_calls_was_refused_for_long() -> None:
    probation = held()
    look(probation, CALM_SECONDS - SETTLE_SECONDS - 2 * STEP, 0.0, {OTHER: 500.0})
    assert probation.member == FLOOD
    look(probation, 3 * STEP, 0.0, {OTHER: 500.0})
    assert (probation.member, probation.per_second) == ("", 0.0)


def test_a_member_that_asks_on_is_not_free() -> None:
    probation = held()
    ask_on(probation, 2 * CALM_SECONDS, DELAY_PART)
    assert probation.member == FLOOD


def test_a_member_that_is_alone_at_last_is_free() -> None:
    probation = held()
    ask_on(probation, CALM_SECONDS + 1.0, DELAY_PART, {FLOOD: 4_000.0})
    assert probation.member == ""


@given(st.floats(0.005, 0.05), st.integers(100, 1_000))
def test_what_is_let_in_is_the_rate_however_it_is_asked(step: float, at_once: int) -> None:
    probation, taken = held(), 0
    while probation.admits():
        pass
    for _ in range(round(2.0 / step)):
        arrived = {member: rate * step for member, rate in ASKED.items()}
        probation.look(DELAY_PART, step, arrived, is_shedding=False, paused=False)
        taken += sum(probation.admits() for _ in range(at_once))
    assert taken == pytest.approx(2 * ROOM, rel=0.05)


def test_to_ask_whether_it_is_spent_costs_nothing() -> None:
    probation = held()
    assert not any(probation.is_spent() for _ in range(10_000))
    assert probation.admits()


@pytest.mark.parametrize("polite", [False, True])
def test_others_wait_hardly_longer_beside_a_flood_than_without_it(polite: bool) -> None:
    others = steady_callers()
    alone = Worker(others)
    alone.run(12.0)
    flood = crowd(10 * SATURATED, 100_000, 1.0, member=FLOOD, polite=polite)
    beside = Worker([*others, *flood])
    beside.run(12.0)
    usual = alone.between(2, 12, OTHER, Priority.SINGLE)
    found = beside.between(2, 12, OTHER, Priority.SINGLE)
    flooded = beside.between(2, 12, FLOOD, Priority.SINGLE)
    assert found.refused == 0
    # Nearly all of the time; without it they wait ten times as long.
    assert p99(found.delays) < p99(usual.delays) + 2 * TARGET
    assert flooded.answered / 10 > CAPACITY * LEAST_PART / 4
    assert flooded.refused > 0


def steady_callers() -> list[tuple[float, Caller]]:
    """Return calls of three tenths of the capacity, whatever becomes of them."""
    count = round(CAPACITY * 0.3)
    return [
        (second + place / count, Caller(200_000 + second * count + place, OTHER, once=True))
        for second in range(12)
        for place in range(count)
    ]
