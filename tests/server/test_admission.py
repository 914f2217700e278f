"""Admission against a model of a worker: what is let in, what is shed first, and whose."""

import heapq
import itertools
import random
from collections import deque
from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given, strategies as st

from exchange.server.access import ACCESS
from exchange.server.admission import (
    ALONE_SECONDS,
    HELD_SECONDS_MAX,
    PRIORITIES,
    REFUSALS_PER_ANSWER,
    RUNNING_MAX,
    RUNNING_SHARE,
    SHED_MAX,
    UPDATE_SECONDS,
    WAIT_SECONDS,
    WAIT_SECONDS_MAX,
    Admission,
    Pace,
    Priority,
    fair_rate,
)
from exchange.server.patience import PATIENCE_SECONDS

TARGET = 0.005
CAPACITY = 7_500
"""Calls per second of the model worker."""
SATURATED = 40
"""Callers at once that keep it busy."""
REFUSAL_COST = 0.6
"""Of a call's cost."""
PROBE_COST = 1.5
GROUP = 16
"""Calls that are answered together, or as many as wait."""
TURN_SECONDS = 0.0005
"""From an answer to the next call of a caller."""


class Caller(msgspec.Struct, order=True):
    """One that waits for its answer and calls again at once."""

    number: int
    member: str = "510000"
    priority: Priority = Priority.SINGLE
    until: float = 1e9
    polite: bool = False
    once: bool = False


PROBE = Caller(-1)


class Phase(msgspec.Struct):
    """What one caller group was given within a half second."""

    answered: int = 0
    refused: int = 0
    delays: list[float] = []


class Worker:
    """One processor, a queue in front of it, and admission at its end, as it is in gRPC.

    Pauses are instants at which it stands still, and for how long.
    """

    def __init__(
        self,
        callers: Iterable[tuple[float, Caller]],
        pauses: Iterable[tuple[float, float]] = (),
    ) -> None:
        self.admission = Admission(TARGET)
        self._pace = Pace(CAPACITY * REFUSALS_PER_ANSWER)
        self._events = [(0.0, PROBE), *callers]
        heapq.heapify(self._events)
        self._pauses = deque(pauses)
        self._queue: deque[tuple[float, Caller]] = deque()
        self._now = 0.0
        self._told = 0.0
        self._asked: float | None = None
        self._delay = 0.0
        self._running: list[Priority] = []
        self.levels: list[float] = []
        self.refusals: list[float] = []
        self.phases: dict[tuple[int, str, Priority], Phase] = {}

    def run(self, seconds: float) -> None:
        while self._now < seconds:
            if self._pauses and self._pauses[0][0] <= self._now:
                self._now += self._pauses.popleft()[1]
            while self._events and self._events[0][0] <= self._now:
                arrival = heapq.heappop(self._events)
                if arrival[0] < arrival[1].until:
                    self._queue.append(arrival)
                if arrival[1] is PROBE:
                    self._asked = arrival[0]
            if self._asked is not None and self._now >= self._due:
                self._tell(max(self._delay, self._now - self._asked), answered=False)
            if not self._queue or len(self._running) == GROUP:
                while self._running:
                    self.admission.leave(self._running.pop())
            if self._queue:
                self._serve(*self._queue.popleft())
            else:
                self._now = self._events[0][0]

    @property
    def _due(self) -> float:
        assert self._asked is not None
        return max(self._asked, self._told) + self.admission.period_seconds

    def _tell(self, delay: float, *, answered: bool) -> None:
        elapsed = min(max(self._now - self._told, UPDATE_SECONDS / 10), UPDATE_SECONDS)
        self._told = self._now
        self.admission.update(delay, elapsed, answered=answered)
        self.levels.append(self.admission.level)

    def _serve(self, arrived: float, caller: Caller) -> None:
        if caller is PROBE:
            self._delay = self._now - arrived
            self._tell(self._delay, answered=True)
            self._asked = None
            self._now += PROBE_COST / CAPACITY
            due = max(self._now, arrived + self.admission.period_seconds)
            heapq.heappush(self._events, (due, PROBE))
            return
        back = self._answered(arrived, caller)
        if not caller.once:
            heapq.heappush(self._events, (back, caller))

    def _answered(self, arrived: float, caller: Caller) -> float:
        """Answer or refuse; return when the caller comes back."""
        key = (int(self._now * 2), caller.member, caller.priority)
        phase = self.phases.setdefault(key, Phase(delays=[]))
        if self.admission.enter(caller.priority, caller.member):
            self._now += 1 / CAPACITY
            self._running.append(caller.priority)
            phase.answered += 1
            phase.delays.append(self._now - arrived)
            return self._now + TURN_SECONDS
        wait_ns = self.admission.wait_ns(caller.priority, caller.member)
        self.refusals.append(self._now)
        self._now += REFUSAL_COST / CAPACITY
        phase.refused += 1
        wait = self._pace.turn(self._now) + (wait_ns / 1e9 if caller.polite else 0)
        return self._now + wait + TURN_SECONDS

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


def arrivals(part: float, seconds: float) -> list[tuple[float, Caller]]:
    """Calls that come whatever becomes of them, at a part of the capacity."""
    chance, now = random.Random(5), 0.0  # noqa: S311 - no secret.
    made: list[tuple[float, Caller]] = []
    while now < seconds:
        now += chance.expovariate(CAPACITY * part)
        made.append((now, Caller(10_000 + len(made), once=True)))
    return made


@pytest.mark.parametrize(("polite", "kept"), [(False, 0.75), (True, 0.9)])
def test_in_a_surge_of_ten_times_what_saturates_the_work_goes_on_and_waits_stay_short(
    polite: bool, kept: float
) -> None:
    surge = crowd(10 * SATURATED, SATURATED, 1.0, until=15.0, polite=polite)
    worker = Worker([*crowd(SATURATED // 2), *surge])
    worker.run(20.0)
    surged = worker.between(1.5, 15, "510000", Priority.SINGLE)
    assert surged.answered >= kept * CAPACITY * 13.5
    assert surged.refused > 0
    assert p99(surged.delays) < 3 * TARGET < 10 * SATURATED / CAPACITY / 3
    after = worker.between(18, 20, "510000", Priority.SINGLE)
    assert (after.refused, worker.levels[-1]) == (0, 0.0)


def test_a_queue_that_stands_is_cut_short_within_a_quarter_of_a_second() -> None:
    worker = Worker(crowd(10 * SATURATED, 0, 1.0, polite=True))
    worker.run(1.5)
    assert worker.refusals[0] < 1.25
    assert len(worker.refusals) > 8 * SATURATED


@pytest.mark.parametrize("load", [0.5, 0.8])
@pytest.mark.parametrize("pause", [0.0, 0.1, 0.2])
def test_a_pause_of_the_worker_is_borne(load: float, pause: float) -> None:
    worker = Worker(arrivals(load, 6.0), [(2.0, pause)])
    worker.run(6.0)
    assert worker.refusals == []


@pytest.mark.parametrize("seconds", [0.1, 0.2])
def test_a_burst_that_passes_is_queued_and_not_refused(seconds: float) -> None:
    burst = crowd(round(seconds * CAPACITY), 100_000, 1.0, once=True)
    worker = Worker([*arrivals(0.5, 3.0), *burst])
    worker.run(3.0)
    assert worker.refusals == []


def test_classes_of_which_nobody_asks_are_stepped_over() -> None:
    single, mixed = Admission(TARGET), Admission(TARGET)
    levels = []
    for admission, asked in ((single, [Priority.SINGLE]), (mixed, list(Priority))):
        for _ in range(round(PATIENCE_SECONDS / UPDATE_SECONDS)):
            for priority in asked:
                admission.enter(priority, "510000")
            admission.update(TARGET * 5)
        levels.append(admission.level)
    assert levels[0] > Priority.SINGLE > levels[1] > Priority.REST


def test_bulk_gives_way_to_single_checks() -> None:
    worker = Worker(
        [
            *crowd(SATURATED // 2),
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


def test_one_who_asks_alone_is_answered_however_long_it_takes() -> None:
    admission = Admission(TARGET)
    for _ in range(100):
        for _ in range(10):
            assert admission.enter(Priority.SINGLE, "510000")
            admission.leave(Priority.SINGLE)
        admission.enter(Priority.PUBLICATION, "310000")
        admission.update(20 * TARGET)
    assert admission.is_shed(Priority.SINGLE)


def test_bulk_alone_may_wait_longer() -> None:
    alone, beside = Admission(TARGET), Admission(TARGET)
    for _ in range(round(2 * ALONE_SECONDS / UPDATE_SECONDS)):
        for admission in (alone, beside):
            admission.enter(Priority.BATCH, "310000")
        beside.enter(Priority.SINGLE, "110000")
        alone.update(TARGET * 3)
        beside.update(TARGET * 3)
    assert alone.level == 0.0 < beside.level


def test_a_member_that_asks_for_little_is_not_refused_however_much_is_shed() -> None:
    admission = Admission(TARGET)

    def ask(member: str, count: int) -> int:
        let_in = sum(admission.enter(Priority.SINGLE, member) for _ in range(count))
        for _ in range(let_in):
            admission.leave(Priority.SINGLE)
        return count - let_in

    for _ in range(100):
        ask("510000", 20)
        ask("440000", 60)
        admission.update(TARGET / 2)
    flood = refused = 0
    for _ in range(100):
        refused += ask("510000", 15)
        flood += ask("440000", 1_000)
        admission.update(20 * TARGET)
    assert refused == 0
    assert flood > 50_000


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
