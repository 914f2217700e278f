"""The door counts what it refuses, by reason, priority and member, and for how long it holds."""

import asyncio
import contextlib
import gc
import itertools
from collections.abc import Iterator

import pytest

from exchange.core.caller import Caller, parse_urn
from exchange.core.errors import DeadlineError, OverloadedError, QuotaExceededError
from exchange.core.quota import SECOND_NS, Allowance, CallerLimits, MemberLimits
from exchange.metrics import (
    ADMISSION_DELAY,
    ADMISSION_LEVEL,
    ADMISSION_REFUSALS,
    FLOOD_LIMIT,
    QUOTA_PER_SECOND,
    QUOTA_REFUSALS,
    STREAM_HELD_SECONDS,
)
from exchange.server.admission import (
    HELD_SECONDS_MAX,
    RUNNING_MAX,
    UPDATE_SECONDS,
    URGENT_UPDATE_SECONDS,
    Priority,
)
from exchange.server.doorway import HELD_MANY, TOLD_SECONDS_MIN, Doorway
from exchange.server.held import HELD_PER_CONNECTION_MAX
from exchange.server.probation import CALM_SECONDS
from exchange.server.quotas import LOOKUPS, RECORDS, Quotas
from tests.server_fixture import SICHUAN

CALLER = parse_urn(SICHUAN)
LIMITS = CallerLimits(
    members={"510000": MemberLimits(lookups=Allowance(10, 1), records=Allowance(100, 1))}
)
NO_QUOTAS = CallerLimits()


class Context:
    """A call whose caller waits for so long; None: for ever."""

    def __init__(self, seconds: float | None = None) -> None:
        self._seconds = seconds

    def time_remaining(self) -> float | None:
        return self._seconds

    def peer(self) -> str:
        return "ipv4:127.0.0.1:1"


@pytest.fixture(autouse=True)
def counts_from_nothing() -> Iterator[None]:
    for metric in (ADMISSION_REFUSALS, QUOTA_REFUSALS, STREAM_HELD_SECONDS):
        metric.values.clear()
    ADMISSION_DELAY.values.clear()
    yield
    Quotas()  # Says again that nobody has a quota.


def counted() -> dict[tuple[str, ...], float]:
    """Return what was refused; all else is shown as 0."""
    return {labels: count for labels, count in ADMISSION_REFUSALS.values.items() if count}


def enter(door: Doorway, context: Context, quota: str | None = None) -> None:
    door.enter(Priority.SINGLE, quota, CALLER, context)


def test_a_call_that_is_let_in_counts_as_no_refusal() -> None:
    enter(Doorway(Quotas(LIMITS)), Context(1.0), LOOKUPS)
    assert counted() == {}


def test_a_call_whose_deadline_has_passed_is_counted() -> None:
    with pytest.raises(DeadlineError):
        enter(Doorway(Quotas()), Context(0.0))
    assert counted() == {("deadline", "SINGLE"): 1}


def test_a_refusal_by_quota_names_the_member_and_the_quota() -> None:
    quotas = Quotas(LIMITS)
    quotas.charge(LOOKUPS, CALLER, 10)
    with pytest.raises(QuotaExceededError):
        enter(Doorway(quotas), Context(), LOOKUPS)
    assert counted() == {("quota", "SINGLE"): 1}
    assert QUOTA_REFUSALS.values == {("510000", LOOKUPS): 1, ("510000", RECORDS): 0}


async def test_calls_that_are_too_many_at_once_are_told_from_calls_that_are_shed() -> None:
    door = Doorway(Quotas())
    for _ in range(RUNNING_MAX):
        enter(door, Context())
    with pytest.raises(OverloadedError):
        enter(door, Context())
    assert counted() == {("full", "SINGLE"): 1}


TOLD = 60


async def test_what_is_shed_is_counted_and_the_limit_in_force_is_shown() -> None:
    instants = itertools.count(0.0, UPDATE_SECONDS)
    door = Doorway(Quotas(), delay_seconds=0.01, clock=lambda: next(instants))
    enter(door, Context())
    for _ in range(TOLD):
        door.tell(10.0)
        for _ in range(30):
            try:
                enter(door, Context())
            except OverloadedError:
                continue
            door.leave(Priority.SINGLE)
    assert counted().keys() == {("shed", "SINGLE")}
    assert ADMISSION_LEVEL.values[()] == door.admission.level > Priority.SINGLE
    assert sum(ADMISSION_DELAY.values[()][:-1]) == TOLD


def shedding_door() -> Doorway:
    """Return a door that sheds as much as it may, beside one check that is being answered."""
    instants = itertools.count(0.0, UPDATE_SECONDS)
    now = [0.0]
    door = Doorway(Quotas(), delay_seconds=0.01, clock=lambda: now[0])
    enter(door, Context())
    for _ in range(TOLD):
        now[0] = next(instants)
        for priority in (Priority.REST, Priority.SINGLE):
            if door.admission.enter(priority, CALLER.member):
                door.leave(priority)
        door.tell(10.0)
    return door


async def test_a_single_check_is_answered_where_its_refusal_could_not_be_held() -> None:
    door = shedding_door()
    refused = 0
    for _ in range(10 * HELD_PER_CONNECTION_MAX):
        try:
            enter(door, Context())
        except OverloadedError:
            refused += 1
        else:
            door.leave(Priority.SINGLE)
    assert refused == HELD_PER_CONNECTION_MAX


async def test_other_calls_are_refused_all_the_same() -> None:
    door = shedding_door()
    refused = 0
    for _ in range(10 * HELD_PER_CONNECTION_MAX):
        try:
            door.enter(Priority.REST, None, CALLER, Context())
        except OverloadedError:
            refused += 1
    assert refused >= 9 * HELD_PER_CONNECTION_MAX


OTHER = "110000"


def held_back_door() -> Doorway:
    """Return a door beside which the caller's member floods: nine in ten of all checks are its."""
    now = [0.0]
    door = Doorway(Quotas(), delay_seconds=0.01, clock=lambda: now[0])
    for _ in range(TOLD):
        now[0] += URGENT_UPDATE_SECONDS
        for place in range(100):
            member = OTHER if place % 10 == 0 else CALLER.member
            if door.admission.enter(Priority.SINGLE, member):
                door.leave(Priority.SINGLE)
        door.tell(10.0)
    return door


async def test_a_flood_is_refused_on_all_of_its_connection_and_others_are_not() -> None:
    door = held_back_door()
    errors = []
    for _ in range(2 * HELD_PER_CONNECTION_MAX):
        try:
            enter(door, Context())
        except OverloadedError as error:
            errors.append(error)
    assert counted() == {("flood", "SINGLE"): len(errors)}
    assert len(errors) > HELD_PER_CONNECTION_MAX
    assert all(error.turn is not None for error in errors)
    door.enter(Priority.SINGLE, None, Caller(CALLER.kind, OTHER), Context())


async def test_a_flood_is_turned_away_before_it_is_read_where_nothing_is_left_for_it() -> None:
    door = held_back_door()
    while door.admission.probation.admits():
        pass
    with pytest.raises(OverloadedError):
        door.turn_away(Priority.SINGLE, LOOKUPS, CALLER, Context())
    door.turn_away(Priority.SINGLE, LOOKUPS, Caller(CALLER.kind, OTHER), Context())


def test_nobody_is_turned_away_where_nobody_has_a_quota_or_is_held_back() -> None:
    door = Doorway(Quotas())
    door.quotas.charge(LOOKUPS, CALLER, 10)
    assert not door.turns_away


def test_a_call_over_its_quota_is_turned_away_before_it_is_read() -> None:
    door = Doorway(Quotas(LIMITS))
    door.quotas.charge(LOOKUPS, CALLER, 10)
    assert door.turns_away
    with pytest.raises(QuotaExceededError):
        door.turn_away(Priority.SINGLE, LOOKUPS, CALLER, Context())
    door.turn_away(Priority.SINGLE, None, CALLER, Context())
    assert counted() == {("quota", "SINGLE"): 1}


async def test_groups_do_not_wait_beside_a_crowd_that_is_over_its_quota() -> None:
    door = Doorway(Quotas(LIMITS), delay_seconds=0.01)
    door.quotas.charge(LOOKUPS, CALLER, 10)
    error = QuotaExceededError(LOOKUPS, SECOND_NS)
    held = [asyncio.create_task(door.hold(error, "ipv4:127.0.0.1:1")) for _ in range(HELD_MANY)]
    await asyncio.sleep(0)
    door.tell(0.001)
    beside = door.gather_seconds
    await asyncio.gather(*held)
    door.tell(0.001)
    assert beside == 0.0 < door.gather_seconds == door.delay_seconds


async def test_the_garbage_collector_is_spared_while_many_refusals_are_held() -> None:
    door = held_back_door()
    usual = gc.get_threshold()
    for _ in range(10 * HELD_MANY):
        with contextlib.suppress(OverloadedError):
            enter(door, Context())
    door.tell(0.0)
    sparing = gc.get_threshold()
    async with asyncio.timeout(2 * HELD_SECONDS_MAX):
        while gc.get_threshold() != usual:
            await asyncio.sleep(0.01)
            door.tell(0.0)
    assert sparing[:2] == usual[:2]
    assert sparing[2] > usual[2]


def test_who_is_held_back_is_shown_with_the_rate_and_is_gone_with_it() -> None:
    door = held_back_door()
    assert FLOOD_LIMIT.values == {(CALLER.member,): door.admission.probation.per_second}
    assert door.gather_seconds == door.delay_seconds
    for _ in range(100):
        door.tell(0.001)
    assert door.gather_seconds == 0.0 < door.delay_seconds
    for _ in range(round(CALM_SECONDS / TOLD_SECONDS_MIN) + 1):
        door.tell(0.0)
    assert FLOOD_LIMIT.values == {}


def test_limits_in_force_are_shown_and_are_gone_with_the_limits() -> None:
    quotas = Quotas(LIMITS)
    assert QUOTA_PER_SECOND.values == {("510000", LOOKUPS): 10, ("510000", RECORDS): 100}
    quotas.change(NO_QUOTAS)
    assert QUOTA_PER_SECOND.values == {}


async def test_the_time_for_which_a_stream_is_held_by_its_quota_is_counted() -> None:
    instants = iter((SECOND_NS, SECOND_NS, 2 * SECOND_NS))
    quotas = Quotas(LIMITS, lambda: next(instants))
    quotas.charge(RECORDS, CALLER, 5)
    await Doorway(quotas).may_read(CALLER)
    assert STREAM_HELD_SECONDS.values == {("510000", "quota"): 0.05}


def test_refusals_are_shown_before_there_are_any() -> None:
    Doorway(Quotas(LIMITS))
    assert set(ADMISSION_REFUSALS.values.values()) == {0}
    assert len(ADMISSION_REFUSALS.values) == ADMISSION_REFUSALS.series_max
    assert set(QUOTA_REFUSALS.values) == {("510000", LOOKUPS), ("510000", RECORDS)}
