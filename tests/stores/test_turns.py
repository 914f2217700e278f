"""Turns: work on files goes in pieces beside lookups, one at a time, and never stands still."""

import threading
from collections.abc import Callable

import pytest

from exchange.stores.turns import ABOUT_SECONDS, REST, WAIT_SECONDS_MAX, Turns

DEADLINE_SECONDS = 10.0


class Time:
    """A clock that goes on only where somebody rests; it does something then, once."""

    def __init__(self) -> None:
        self.now = 100.0
        self.rests: list[float] = []
        self.meanwhile: Callable[[], None] = lambda: None

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.rests.append(seconds)
        self.now += seconds
        self.meanwhile()

    def work(self) -> float:
        """Take a millisecond; return when it was begun."""
        began = self.now
        self.now += 0.001
        return began


@pytest.fixture(name="time")
def make_time() -> Time:
    return Time()


@pytest.fixture(name="turns")
def make_turns(time: Time) -> Turns:
    return Turns(time.clock, time.sleep)


def looked_up(turns: Turns) -> None:
    turns.lookup_begins()
    turns.lookup_ends()


def test_without_lookups_pieces_follow_each_other_without_rest(time: Time, turns: Turns) -> None:
    assert turns.piece(time.work) == 100.0
    assert not time.rests


def test_beside_lookups_a_piece_is_followed_by_a_rest(time: Time, turns: Turns) -> None:
    looked_up(turns)
    turns.piece(time.work)
    assert time.rests == [pytest.approx(0.001 * REST)]


def test_some_time_after_the_last_lookup_nobody_rests(time: Time, turns: Turns) -> None:
    looked_up(turns)
    time.now += ABOUT_SECONDS
    assert not turns.are_lookups_about()
    turns.piece(time.work)
    assert not time.rests


def test_a_piece_waits_for_a_lookup_that_is_under_way(time: Time, turns: Turns) -> None:
    turns.lookup_begins()
    ended: list[float] = []

    def end() -> None:
        if not ended:
            ended.append(time.now)
            turns.lookup_ends()

    time.meanwhile = end
    assert turns.piece(time.work) == ended[0] > 100.0


def test_a_piece_is_done_even_where_lookups_never_end(time: Time, turns: Turns) -> None:
    turns.lookup_begins()
    began = turns.piece(time.work)
    assert 100.0 < began < 100.0 + 2 * WAIT_SECONDS_MAX


def test_a_piece_that_fails_leaves_its_turn_to_the_next(time: Time, turns: Turns) -> None:
    looked_up(turns)
    with pytest.raises(ZeroDivisionError):
        turns.piece(lambda: 1 // 0)
    assert turns.apart(time.work) == time.now - 0.001


@pytest.mark.parametrize("apart", [False, True])
def test_beside_lookups_one_thread_works_at_a_time(turns: Turns, *, apart: bool) -> None:
    turns.lookup_begins()
    begun, go_on, order = threading.Event(), threading.Event(), list[str]()

    def first() -> None:
        begun.set()
        assert go_on.wait(DEADLINE_SECONDS)
        order.append("first")

    do = turns.apart if apart else turns.piece
    threads = [
        threading.Thread(target=turns.piece, args=(first,)),
        threading.Thread(target=do, args=(order.append, "second")),
    ]
    threads[0].start()
    assert begun.wait(DEADLINE_SECONDS)
    threads[1].start()
    go_on.set()
    for thread in threads:
        thread.join(DEADLINE_SECONDS)
    assert order == ["first", "second"]
