"""Quotas: never more than rate and burst allow, and a wait that is exact to the nanosecond."""

import pytest
from hypothesis import given, strategies as st

from exchange.core.quota import (
    SECOND_NS,
    Allowance,
    CallerLimits,
    MemberLimits,
    carried_over,
    charge,
    wait_ns,
)

allowances = st.builds(
    Allowance,
    st.one_of(st.integers(1, 100_000), st.floats(0.01, 100_000)),
    st.integers(1, 10_000),
)
arrivals = st.lists(
    st.tuples(st.integers(0, 5 * SECOND_NS), st.integers(1, 5_000)), min_size=1, max_size=60
)


@given(allowances, arrivals)
def test_in_no_span_more_is_let_in_than_rate_and_burst_and_one_call_that_was_too_large(
    allowance: Allowance, calls: list[tuple[int, int]]
) -> None:
    paid, now = 0, 0
    admitted: list[tuple[int, int]] = []
    for later_ns, items in calls:
        now += later_ns
        if wait_ns(allowance, paid, now) == 0:
            paid = charge(allowance, paid, now, items)
            admitted.append((now, items))
    for start, (first_ns, _) in enumerate(admitted):
        before_last = 0
        for instant_ns, items in admitted[start:]:
            # What was let in before leaves at least one item free: the last one may overdraw.
            room = allowance.burst - 1 + (instant_ns - first_ns) / allowance.interval_ns
            assert before_last <= room + 1e-6
            before_last += items


@given(allowances, arrivals, st.integers(1, 5_000))
def test_waiting_exactly_as_long_as_told_lets_in_and_any_less_does_not(
    allowance: Allowance, calls: list[tuple[int, int]], items: int
) -> None:
    paid, now = 0, 0
    for later_ns, more in calls:
        now += later_ns
        paid = charge(allowance, paid, now, more)
    paid = charge(allowance, paid, now, items + allowance.burst)
    wait = wait_ns(allowance, paid, now)
    assert wait > 0
    assert wait_ns(allowance, paid, now + wait) == 0
    assert wait_ns(allowance, paid, now + wait - 1) == 1


@given(allowances)
def test_a_member_that_was_silent_has_its_whole_burst_and_not_more(allowance: Allowance) -> None:
    paid, now = 0, 10 * SECOND_NS
    for _ in range(min(allowance.burst, 200)):
        assert wait_ns(allowance, paid, now) == 0
        paid = charge(allowance, paid, now, 1)
    rest = allowance.burst - min(allowance.burst, 200)
    paid = charge(allowance, paid, now, rest)
    assert wait_ns(allowance, paid, now) == allowance.interval_ns


@given(allowances, st.integers(1, 64))
def test_the_shares_of_all_workers_come_to_the_whole(allowance: Allowance, workers: int) -> None:
    share = allowance.share(workers)
    assert share.per_second * workers == pytest.approx(allowance.per_second)
    assert share.burst * workers <= max(allowance.burst, workers)


@given(allowances, allowances, st.integers(0, 100_000))
def test_under_a_changed_allowance_as_many_items_are_owed_as_before(
    old: Allowance, new: Allowance, items: int
) -> None:
    now = 5 * SECOND_NS
    paid = charge(old, 0, now, items)
    assert carried_over(old, new, paid, now) == charge(new, 0, now, items)
    assert carried_over(old, new, now - 1, now) == now


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (-1, 1), (1e10, 1), (1, 0)])
def test_an_allowance_that_lets_nothing_in_is_refused(rate: float, burst: int) -> None:
    with pytest.raises(ValueError, match=r"per_second|burst"):
        Allowance(rate, burst)


def test_a_member_with_an_entry_of_its_own_has_nothing_of_the_default() -> None:
    tight, wide = Allowance(1, 1), Allowance(100, 100)
    limits = CallerLimits(
        default=MemberLimits(lookups=tight, records=tight),
        members={"510000": MemberLimits(lookups=wide)},
    )
    assert limits.of("110000") == MemberLimits(lookups=tight, records=tight)
    assert limits.of("510000") == MemberLimits(lookups=wide)
    assert limits.share(2).of("510000").lookups == Allowance(50, 50)
