"""Processes behind the workers, with real ones and the kernel's own scheduler."""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

import pytest

from exchange.server.behind import (
    HURRY_SECONDS,
    LOOKS,
    NICENESS,
    SHARE_MIN,
    Guard,
    Look,
    Patient,
    may_leave_idle_class,
)
from tests import behind_targets
from tests.waiting import until

CAN_LEAVE = may_leave_idle_class()


@contextmanager
def process(target: Callable[[Connection], None]) -> Iterator[tuple[int, object]]:
    """Run a process, and give its pid and what it told first."""
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe(duplex=False)
    running = spawning.Process(target=target, args=(theirs,))
    running.start()
    theirs.close()
    assert running.pid is not None
    try:
        yield running.pid, ours.recv()
    finally:
        running.kill()
        running.join()
        running.close()
        ours.close()


def test_a_process_behind_is_idle_where_it_could_leave_that_class_again() -> None:
    with process(behind_targets.tell_what_became) as (_, told):
        assert told == (os.SCHED_IDLE if CAN_LEAVE else os.SCHED_OTHER, NICENESS)


def test_one_that_could_not_leave_the_class_is_nice_and_no_more() -> None:
    with process(behind_targets.tell_what_became_of_nobody) as (_, told):
        assert told == (os.SCHED_OTHER, NICENESS)


@pytest.mark.skipif(not CAN_LEAVE, reason="needs CAP_SYS_NICE, or RLIMIT_NICE of ten")
async def test_one_that_is_starved_leaves_the_class_and_returns_when_it_is_not() -> None:
    with process(behind_targets.be_busy_behind) as (pid, _), Guard(lambda: (pid,)):
        with process(behind_targets.be_busy_before):
            await until(lambda: os.sched_getscheduler(pid) == os.SCHED_OTHER)
        await until(lambda: os.sched_getscheduler(pid) == os.SCHED_IDLE)


@pytest.mark.skipif(not CAN_LEAVE, reason="needs CAP_SYS_NICE, or RLIMIT_NICE of ten")
async def test_the_guard_goes_on_when_one_of_its_processes_has_ended() -> None:
    with process(behind_targets.be_busy_behind) as (gone, _):
        pass
    with process(behind_targets.be_busy_behind) as (pid, _), Guard(lambda: (gone, pid)):
        os.sched_setscheduler(pid, os.SCHED_OTHER, os.sched_param(0))
        await until(lambda: os.sched_getscheduler(pid) == os.SCHED_IDLE)


def looks(*shares: float, ready: bool = True) -> list[bool]:
    """Look once a second at one that gets these shares of a processor."""
    patient, run = Patient(), 0.0
    found = [patient.hurries(Look(0.0, run, ready))]
    for second, share in enumerate(shares, start=1):
        run += share
        found.append(patient.hurries(Look(float(second), run, ready)))
    return found


def test_little_of_a_processor_in_looks_one_after_the_other_is_starving() -> None:
    little = SHARE_MIN / 2
    assert looks(*[little] * LOOKS)[-1]
    assert not any(looks(*[little] * (LOOKS - 1)))
    assert not any(looks(little, SHARE_MIN, little, SHARE_MIN))


def test_one_that_wants_nothing_is_not_starved() -> None:
    assert not any(looks(*[0.0] * 10, ready=False))


def test_it_hurries_for_a_while_after_it_was_last_starved() -> None:
    found = looks(*[0.0] * LOOKS, *[1.0] * 10)
    assert sum(found) == HURRY_SECONDS
    assert not found[-1]
