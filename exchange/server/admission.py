"""Which calls are let in while more arrives than can be answered in time: pure, without a clock.

The signal is the delay that a call meets on its way to its handler, measured (``probe.py``); a
number of calls in flight would be a guess, and gRPC hides the queue. While the delay stays above
its target, a level rises that sheds the least urgent calls first, and of the class that is shed in
part the members that ask most: each is cut down to the same fair rate, and a member below it loses
nothing. While the delay is below, the level falls. (The control follows PIE, RFC 8033; the
fair rate "approximate fair dropping", Pan et al. 2003; classes DAGOR, Zhou et al. 2018.)
"""

from collections import deque
from collections.abc import Iterable, Mapping
from enum import IntEnum

import msgspec

from exchange.core.quota import SECOND_NS


class Priority(IntEnum):
    """How urgent a call is; the least is shed first."""

    REST = 0
    PUBLICATION = 1
    BATCH = 2
    SINGLE = 3


PRIORITIES: Mapping[str, Priority] = {
    "/exchange.api.v1.RecognitionService/CheckHealthCode": Priority.SINGLE,
    "/exchange.api.v1.RecognitionService/BatchCheckHealthCodes": Priority.BATCH,
    "/exchange.api.v1.HealthCodeService/PublishHealthCodes": Priority.PUBLICATION,
    "/exchange.api.v1.HealthCodeService/StreamingPublishHealthCodes": Priority.PUBLICATION,
}
"""By path of the method; all others are the rest. Health and reflection never come here."""

UPDATE_SECONDS = 0.05
"""How often the level is set anew: often against the second in which callers try again."""
SHEDDING_UPDATE_SECONDS = 0.01
"""How often while calls are shed: a queue that was cut short is empty by then, and must not stay
so until the next look."""
PATIENCE_UPDATES = 20
"""The delay has to be above its target for a second before anything is shed: a burst that passes
is better queued."""
RISE_MAX = 0.25
"""In ``UPDATE_SECONDS``: from nothing to single checks in half a second more."""
RISE = 0.1
"""Rise for a delay of twice the target, in the same time."""
FALL_MAX = 0.1
"""In the same time: from all to nothing in two seconds."""
SHED_MAX = 0.95
"""Some of every class is always let in: how else would its callers learn that it is over?"""
CALM = 0.5
"""Below this part of its target the delay is no reason to shed anything at the moment."""
ALONE_FACTOR = 10
"""Where nobody makes single checks, bulk may wait so many times as long: no one at a gate does."""
ALONE_UPDATES = 100
"""Nobody has made one for five seconds."""
RUNNING_MAX = 2_000
"""Calls between beginning and end in one worker: bounds memory while the store stands still."""
RUNNING_SHARE = (0.4, 0.5, 0.75, 1.0)
"""What part of them is open to a class; what is reserved for more urgent ones it never takes."""
WAIT_SECONDS = 1.0
"""Callers that are refused come back after this at the earliest half, and later the more are."""
WAIT_SECONDS_MAX = 10.0
WAIT_STEP_SECONDS = 0.01
_MEMORY = 0.8
"""Weight of the past in counts after ``UPDATE_SECONDS``: they look back over a quarter of a
second."""
_SPREAD = 0.618034
"""Waits are spread by the golden ratio, so that callers do not come back together."""
_IDLE = 0.5


class _Class:
    """One class of calls: who asks how often, and how much of each is shed."""

    def __init__(self) -> None:
        self.asked: dict[str, float] = {}
        self.shed: dict[str, float] = {}
        self.credit: dict[str, float] = {}

    def update(self, share: float, memory: float) -> None:
        """Shed a share of all, from those that ask more than the fair rate; forget some."""
        if share <= 0:
            self.shed.clear()
            self.credit.clear()
        else:
            fair = fair_rate(self.asked.values(), 1 - share)
            self.shed = {
                member: min(SHED_MAX, 1 - fair / asked)
                for member, asked in self.asked.items()
                if asked > fair
            }
        self.asked = {
            member: asked * memory for member, asked in self.asked.items() if asked > _IDLE
        }

    def refuses(self, member: str) -> bool:
        """Tell whether a call is one of those to shed: evenly spread, not by chance."""
        share = self.shed.get(member, 0.0)
        if not share:
            return False
        credit = self.credit.get(member, 0.0) + share
        refused = credit >= 1
        self.credit[member] = credit - refused
        return refused


def fair_rate(asked: Iterable[float], share: float) -> float:
    """Return the rate to which all are cut down so that together they keep a share of their sum."""
    ascending = sorted(asked)
    room = sum(ascending) * share
    for index, one in enumerate(ascending):
        fair = room / (len(ascending) - index)
        if one >= fair:
            return fair
        room -= one
    return ascending[-1] if ascending else 0.0


class Admission:
    """Decides call by call; one per worker, on its event loop.

    Attributes:
        level: How much is shed: each class takes up 1 of it, REST from 0 on, SINGLE from 3 on.
    """

    def __init__(self, target_seconds: float) -> None:
        """Begin with nothing shed.

        Args:
            target_seconds: Delay on the way to a handler that is borne for long.
        """
        self.level = 0.0
        self._applied = 0.0
        self._target = target_seconds
        self._delays: deque[float] = deque(maxlen=PATIENCE_UPDATES)
        self._classes = tuple(_Class() for _ in Priority)
        self._running = [0] * len(Priority)
        self._waits = 0
        self._since_single = float(ALONE_UPDATES)

    @property
    def period_seconds(self) -> float:
        """How long after an update the next one is due."""
        return SHEDDING_UPDATE_SECONDS if self.level > 0 else UPDATE_SECONDS

    def update(self, delay_seconds: float, elapsed_seconds: float = UPDATE_SECONDS) -> None:
        """Take in what a call meets on its way now.

        Args:
            delay_seconds: The delay.
            elapsed_seconds: Since the update before.
        """
        steps = elapsed_seconds / UPDATE_SECONDS
        self._since_single += steps
        alone = self._since_single > ALONE_UPDATES
        target = self._target * (ALONE_FACTOR if alone else 1)
        self._delays.append(delay_seconds)
        error = delay_seconds / target - 1
        patient = len(self._delays) < PATIENCE_UPDATES or min(self._delays) <= target
        if self.level > 0 or not patient:
            rise = min(RISE_MAX, max(-FALL_MAX, error * RISE)) * steps
            self.level = min(float(len(Priority)), max(0.0, self.level + rise))
        # A queue that is all but empty has room: to shed then would leave the processor idle.
        self._applied = self.level if delay_seconds > self._target * CALM else 0.0
        for priority, one in enumerate(self._classes):
            one.update(min(SHED_MAX, self._applied - priority), _MEMORY**steps)

    def enter(self, priority: Priority, member: str) -> bool:
        """Count a call that has arrived; let it in, or tell that it has to be refused.

        Returns:
            Whether it was let in: then ``leave`` has to follow.
        """
        one = self._classes[priority]
        one.asked[member] = one.asked.get(member, 0.0) + 1
        if priority is Priority.SINGLE:
            self._since_single = 0
        if (self._applied > priority and one.refuses(member)) or self._is_full(priority):
            return False
        self._running[priority] += 1
        return True

    def leave(self, priority: Priority) -> None:
        """Count a call that has ended."""
        self._running[priority] -= 1

    def is_shed(self, priority: Priority) -> bool:
        """Tell whether calls of a class are shed at all at the moment."""
        return self._applied > priority

    def _is_full(self, priority: Priority) -> bool:
        return sum(self._running[priority:]) >= RUNNING_MAX * RUNNING_SHARE[priority]

    def wait_ns(self, priority: Priority, member: str) -> int:
        """Return when a caller that was refused should come back: later the more are refused."""
        self._waits += 1
        kept = 1 - self._classes[priority].shed.get(member, 0.0)
        spread = 0.5 + self._waits * _SPREAD % 1
        # In steps, so that the refusals of a surge are alike and need not be written anew.
        steps = min(WAIT_SECONDS / kept, WAIT_SECONDS_MAX) * spread / WAIT_STEP_SECONDS
        return round(round(steps) * WAIT_STEP_SECONDS * SECOND_NS)


class Pace(msgspec.Struct):
    """Spaces refusals: callers that try again at once would else have the server do nothing else.

    A refusal that has to wait for its turn costs no processor meanwhile, and its caller is still.

    Attributes:
        per_second: Refusals answered per second.
        next_seconds: When the next is due, on the clock that ``turn`` is asked with.
    """

    per_second: float
    next_seconds: float = 0.0

    def turn(self, now_seconds: float) -> float:
        """Take a turn; return how long it is until then, at most ``HELD_SECONDS_MAX``."""
        due = max(self.next_seconds, now_seconds)
        wait = due - now_seconds
        if wait >= HELD_SECONDS_MAX:
            return HELD_SECONDS_MAX
        self.next_seconds = due + 1 / self.per_second
        return wait


HELD_SECONDS_MAX = 1.0
"""No refusal is held for longer."""
REFUSALS_PER_ANSWER = 0.25
"""A refusal costs half of a check at most: refusals get a ninth of the time."""
REFUSALS_PER_SECOND_MIN = 20.0
"""However little is answered at the moment."""
