"""Admission against a model of a worker: what is let in, what is shed first, and whose."""

import heapq
import itertools
from collections import deque
from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given, strategies as st

from exchange.server.access import ACCESS
from exchange.server.admission import (
    HELD_SECONDS_MAX,
    PATIENCE_UPDATES,
    PRIORITIES,
    REFUSALS_PER_ANSWER,
    RUNNING_MAX,
    RUNNING_SHARE,
    SHED_MAX,
    WAIT_SECONDS,
    WAIT_SECONDS_MAX,
    Admission,
    Pace,
    Priority,
    fair_rate,
)

TARGET = 0.025
CAPACITY = 4_000
"""Calls per second of the model worker."""
REFUSAL_COST = 0.5
"""Of a call's cost."""


class Caller(msgspec.Struct, order=True):
    """One that waits for its answer and calls again at once."""

    number: int
    member: str = "510000"
    priority: Priority = Priority.SINGLE
    until: float = 1e9
    polite: bool = False


class Phase(msgspec.Struct):
    """What one caller group was given within a half second."""

    answered: int = 0
    refused: int = 0
    delays: list[float] = []


class Worker:
    """One processor, a queue in front of it, and admission at its end, as it is in gRPC."""

    def __init__(self, callers: Iterable[tuple[float, Caller]]) -> None:
        self.admission = Admission(TARGET)
        self._pace = Pace(CAPACITY * REFUSALS_PER_ANSWER)
        self._events = list(callers)
        heapq.heapify(self._events)
        self._queue: deque[tuple[float, Caller]] = deque()
        self._now = 0.0
        self._due = 0.0
        self.levels: list[float] = []
        self.phases: dict[tuple[int, str, Priority], Phase] = {}

    def run(self, seconds: float) -> None:
        while self._now < seconds:
            while self._events and self._events[0][0] <= self._now:
                arrival = heapq.heappop(self._events)
                if arrival[0] < arrival[1].until:
                    self._queue.append(arrival)
            if self._now >= self._due:
                period = self.admission.period_seconds
                delay = self._now - self._queue[0][0] if self._queue else 0.0
                self.admission.update(delay, period)
                self.levels.append(self.admission.level)
                self._due += self.admission.period_seconds
            if self._queue:
                self._serve(*self._queue.popleft())
            else:
                self._now = min([self._due, *(event[0] for event in self._events[:1])])

    def _serve(self, arrived: float, caller: Caller) -> None:
        key = (int(self._now * 2), caller.member, caller.priority)
        phase = self.phases.setdefault(key, Phase(delays=[]))
        if self.admission.enter(caller.priority, caller.member):
            self._now += 1 / CAPACITY
            self.admission.leave(caller.priority)
            phase.answered += 1
            phase.delays.append(self._now - arrived)
            back = self._now + 0.0005
        else:
            wait_ns = self.admission.wait_ns(caller.priority, caller.member)
            self._now += REFUSAL_COST / CAPACITY
            phase.refused += 1
            back = self._now + self._pace.turn(self._now) + (wait_ns / 1e9 if caller.polite else 0)
        heapq.heappush(self._events, (back, caller))

    def between(self, start: float, end: float, member: str, priority: Priority) -> Phase:
        """What a group was given from one instant to another."""
        chosen = [
            phase
            for (half, of, urgency), phase in self.phases.items()
            if start * 2 <= half < end * 2 and (of, urgency) == (member, priority)
        ]
        return Phase(
            sum(one.answered for one in chosen),
            sum(one.refused for one in chosen),
            sorted(delay for one in chosen for delay in one.delays),
        )


def crowd(
    count: int, first: int = 0, start: float = 0.0, **fields: object
) -> list[tuple[float, Caller]]:
    return [
        (start, Caller(number, **fields))  # type: ignore[arg-type]
        for number in range(first, first + count)
    ]


def p99(delays: list[float]) -> float:
    return delays[len(delays) * 99 // 100]


@pytest.mark.parametrize(("polite", "kept"), [(False, 0.7), (True, 0.8)])
def test_in_a_surge_of_ten_times_what_saturates_the_work_goes_on_and_waits_stay_short(
    polite: bool, kept: float
) -> None:
    surge = crowd(640, 16, 1.0, until=15.0, polite=polite)
    worker = Worker([*crowd(16), *surge])
    worker.run(20.0)
    surged = worker.between(4, 15, "510000", Priority.SINGLE)
    assert surged.answered >= kept * CAPACITY * 11
    assert surged.refused > 0
    assert p99(surged.delays) < 4 * TARGET < 640 / CAPACITY
    after = worker.between(18, 20, "510000", Priority.SINGLE)
    assert (after.refused, worker.levels[-1]) == (0, 0.0)


def test_a_burst_that_passes_is_queued_and_not_refused() -> None:
    burst = crowd(1_000, 16, 1.0, until=1.0001)
    worker = Worker([*crowd(16), *burst])
    worker.run(3.0)
    assert worker.between(0, 3, "510000", Priority.SINGLE).refused == 0


def test_bulk_gives_way_to_single_checks() -> None:
    worker = Worker(
        [
            *crowd(16),
            *crowd(300, 100, 1.0, member="310000", priority=Priority.BATCH),
            *crowd(300, 500, 1.0, member="110000", priority=Priority.PUBLICATION),
        ]
    )
    worker.run(10.0)
    singles = worker.between(4, 10, "510000", Priority.SINGLE)
    assert singles.refused == 0
    assert p99(singles.delays) < 4 * TARGET
    publications = worker.between(4, 10, "110000", Priority.PUBLICATION)
    batches = worker.between(4, 10, "310000", Priority.BATCH)
    assert publications.answered < batches.answered
    assert publications.answered > 0


def test_one_members_flood_leaves_another_members_checks_answered() -> None:
    worker = Worker([*crowd(4, member="110000"), *crowd(600, 100, 1.0, member="310000")])
    worker.run(10.0)
    flood = worker.between(4, 10, "310000", Priority.SINGLE)
    other = worker.between(4, 10, "110000", Priority.SINGLE)
    assert flood.refused > 1_000
    assert other.refused <= other.answered // 100
    assert p99(other.delays) < 4 * TARGET


def test_bulk_alone_may_wait_longer() -> None:
    alone, beside = Admission(TARGET), Admission(TARGET)
    for _ in range(PATIENCE_UPDATES * 2):
        for admission in (alone, beside):
            admission.enter(Priority.BATCH, "310000")
        beside.enter(Priority.SINGLE, "110000")
        alone.update(TARGET * 3)
        beside.update(TARGET * 3)
    assert alone.level == 0.0 < beside.level


@given(st.lists(st.floats(0, 100_000), min_size=1, max_size=40), st.floats(0.01, 1))
def test_the_fair_rate_leaves_the_share_asked_for_and_cuts_only_those_above_it(
    asked: list[float], share: float
) -> None:
    fair = fair_rate(asked, share)
    kept = [min(one, fair) for one in asked]
    assert sum(kept) == pytest.approx(share * sum(asked), rel=1e-6, abs=1e-6)


def test_of_nobody_the_fair_rate_is_nothing() -> None:
    assert fair_rate([], 0.5) == 0.0


@given(st.lists(st.floats(0, 10), max_size=200), st.sampled_from(Priority))
def test_whatever_is_measured_some_of_every_class_is_let_in(
    delays: list[float], priority: Priority
) -> None:
    admission = Admission(TARGET)
    for delay in delays:
        admission.enter(priority, "510000")
        admission.leave(priority)
        admission.update(delay)
    tries = round(1 / (1 - SHED_MAX)) + 1
    assert any(admission.enter(priority, "510000") for _ in range(tries))


def test_what_is_reserved_for_the_more_urgent_the_less_urgent_never_take() -> None:
    admission = Admission(TARGET)
    for priority in Priority:
        while admission.enter(priority, "510000"):
            pass
        assert sum(admission.enter(one, "510000") for one in Priority if one <= priority) == 0
    for _ in range(round(RUNNING_MAX * (RUNNING_SHARE[3] - RUNNING_SHARE[2]))):
        admission.leave(Priority.SINGLE)
    assert not admission.enter(Priority.BATCH, "510000")
    assert admission.enter(Priority.SINGLE, "510000")


@given(st.integers(0, 200))
def test_waits_are_spread_and_bounded(overloaded_updates: int) -> None:
    admission = Admission(TARGET)
    for _ in range(overloaded_updates):
        admission.enter(Priority.SINGLE, "510000")
        admission.update(1.0)
    waits = [admission.wait_ns(Priority.SINGLE, "510000") / 1e9 for _ in range(20)]
    assert len(set(waits)) == 20
    assert all(WAIT_SECONDS / 2 <= wait <= WAIT_SECONDS_MAX * 1.5 for wait in waits)


@given(st.lists(st.floats(0, 0.1), min_size=1, max_size=100), st.floats(1, 1_000))
def test_refusals_are_spaced_and_none_is_held_for_longer_than_the_limit(
    gaps: list[float], per_second: float
) -> None:
    pace, now = Pace(per_second), 0.0
    due = []
    for gap in gaps:
        now += gap
        wait = pace.turn(now)
        assert 0 <= wait <= HELD_SECONDS_MAX
        if wait < HELD_SECONDS_MAX:
            due.append(now + wait)
    assert all(later - one >= 1 / per_second - 1e-9 for one, later in itertools.pairwise(due))


def test_the_table_of_priorities_names_methods_that_are_served() -> None:
    assert set(PRIORITIES) <= set(ACCESS)
