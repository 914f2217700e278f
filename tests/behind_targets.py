"""What processes of the tests of ``exchange.server.behind`` do; spawned ones import it by name."""

import os
import resource
from multiprocessing.connection import Connection

from exchange.server.behind import give_way

NOBODY = 65_534


def tell_what_became(told: Connection) -> None:
    """Go behind and tell by policy and niceness where that is."""
    give_way()
    told.send((os.sched_getscheduler(0), os.nice(0)))


def tell_what_became_of_nobody(told: Connection) -> None:
    """Do the same with no right to leave the idle class."""
    resource.setrlimit(resource.RLIMIT_NICE, (0, 0))
    if os.geteuid() == 0:
        os.setresuid(NOBODY, NOBODY, NOBODY)
    tell_what_became(told)


def be_busy_behind(told: Connection) -> None:
    """Go behind on one processor and want it all the time."""
    _hold_to_one()
    give_way()
    be_busy(told)


def be_busy_before(told: Connection) -> None:
    """Want the same processor all the time, as a worker would."""
    _hold_to_one()
    be_busy(told)


def be_busy(told: Connection) -> None:
    """Say so, then use up a processor until the parent is gone."""
    told.send(True)
    parent = os.getppid()
    while os.getppid() == parent:
        pass


def _hold_to_one() -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
