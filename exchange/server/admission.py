"""Which calls are let in while more arrives than can be answered in time: pure, without a clock.

The signal is the delay that a call meets on its way to its handler, measured (``probe.py``); a
number of calls in flight would be a guess, and gRPC hides the queue. Once a queue stands
(``patience.py``), as much is shed as the delay is above its target, and what that leaves of it for
long comes on top; the least urgent calls first, and of the class that is shed in part the members
that ask most: each is cut down to the same fair rate, and a member below it loses nothing. A
member that alone fills the worker is held back instead (``probation.py``). (The control follows
PIE, RFC 8033; the fair rate "approximate fair dropping", Pan et al. 2003; classes DAGOR, Zhou et
al. 2018.)
"""

from collections.abc import Iterable, Mapping
from enum import IntEnum

import msgspec

from exchange.core.quota import SECOND_NS
from exchange.server.patience import Patience
from exchange.server.probation import Probation


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
"""How often the delay is looked at while all is well."""
URGENT_UPDATE_SECONDS = 0.013
"""How often where it is above its target, or calls are shed: a queue that was cut short is empty
by then, and must not stay so until the next look. No part or multiple of the time between two
releases of refusals (``doorway.py``): looks would see nothing but the callers that those bring."""
PROPORTION = 0.12
"""Shed of a class for each time that the delay is above its target. What is seen of a queue is as
old as the queue is long: with much more, one is cut short that is no longer there."""
LASTING_PER_SECOND = 0.5
"""What is shed for long grows by so much in a second at twice the target, and falls by it at
nothing."""
CALM_SECONDS = 0.5
"""When the delay has been below its target for so long and nothing is shed, patience is new."""
UNREST = 4.0
"""A moment above the target outweighs as many below: eighty per cent of the load has some."""
WIDTH = 20.0
"""A class that is a twentieth of what is asked takes up 1 of the level as a whole, smaller ones are
shed in passing: to wait for what it brings to shed next to nothing would be for nothing."""
COSTS = (1.0, 10.0, 10.0, 1.0)
"""What a call of a class costs, in single checks: by order of magnitude."""
SHED_MAX = 0.95
"""Some of every class is always let in: how else would its callers learn that it is over?"""
ALONE_FACTOR = 10
"""Where nobody makes single checks, bulk may wait so many times as long: no one at a gate does."""
ALONE_SECONDS = 5.0
"""Nobody has made one for so long."""
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
SAFE_PART = 0.5
"""A member that asks for less than half of its equal part of what can be answered is never shed: in
the first moments of a flood all but a twentieth is, and the fair rate below everybody's."""
_SLOW_MEMORY = 0.995
"""Of how much can be answered, from look to look: while much is shed, little is answered."""
SPREAD = 0.618034
"""Waits are spread by the golden ratio, so that callers do not come back together."""
_IDLE = 0.5


class _Class:
    """One class of calls: who asks how often, and how much of each is shed."""

    def __init__(self) -> None:
        self.asked: dict[str, float] = {}
        self._before: dict[str, float] = {}
        self.shed: dict[str, float] = {}
        self.credit: dict[str, float] = {}
        self.answered = self._most_answered = 0.0

    @property
    def asks(self) -> float:
        """How many calls there were lately."""
        return sum(self.asked.values())

    def arrived(self) -> dict[str, float]:
        """Return how many calls of each member came since the last update."""
        before = self._before
        return {member: asked - before.get(member, 0.0) for member, asked in self.asked.items()}

    def update(self, share: float, memory: float) -> None:
        """Shed a share of all, from those that ask more than the fair rate; forget some."""
        if share <= 0:
            self.shed.clear()
            self.credit.clear()
        else:
            fair = fair_rate(self.asked.values(), 1 - share)
            safe = max(fair, self._most_answered * SAFE_PART / max(1, len(self.asked)))
            self.shed = {
                member: min(SHED_MAX, 1 - fair / asked)
                for member, asked in self.asked.items()
                if asked > safe
            }
        self._most_answered = max(self.answered, self._most_answered * _SLOW_MEMORY)
        self.answered *= memory
        self.asked = {
            member: asked * memory for member, asked in self.asked.items() if asked > _IDLE
        }
        self._before = dict(self.asked)

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
        probation: Whom it holds back.
    """

    def __init__(self, target_seconds: float) -> None:
        """Begin with nothing shed.

        Args:
            target_seconds: Delay on the way to a handler that is borne for long.
        """
        self.level = 0.0
        self.probation = Probation()
        self._lasting = 0.0
        self._lasting_level = 0.0
        self._target = target_seconds
        self._patience = Patience()
        self._is_shedding = False
        self._calm_seconds = 0.0
        self._classes = tuple(_Class() for _ in Priority)
        self._running = [0] * len(Priority)
        self._waits = 0
        self._since_single_seconds = ALONE_SECONDS
        self.period_seconds = UPDATE_SECONDS

    def update(
        self,
        delay_seconds: float,
        elapsed_seconds: float = UPDATE_SECONDS,
        *,
        answered: bool = True,
        paused: bool = False,
    ) -> None:
        """Take in what a call meets on its way now.

        Args:
            delay_seconds: The delay.
            elapsed_seconds: Since the update before.
            answered: Whether it was measured to its end; else it is that at least.
            paused: Whether the worker stood still since the update before.
        """
        self._since_single_seconds += elapsed_seconds
        alone = self._since_single_seconds > ALONE_SECONDS
        part = delay_seconds / (self._target * (ALONE_FACTOR if alone else 1))
        self._be_patient(part, elapsed_seconds, answered=answered)
        self._hold_back(part, elapsed_seconds, paused=paused)
        widths = self._widths()
        shed = self._control(part, elapsed_seconds, sum(widths)) if self._is_shedding else 0.0
        self.level = _level(shed, widths)
        self._lasting_level = _level(self._lasting, widths)
        memory = _MEMORY ** (elapsed_seconds / UPDATE_SECONDS)
        for priority, one in enumerate(self._classes):
            one.update(min(SHED_MAX, self.level - priority), memory)
        urgent = self._is_shedding or part > 1 or bool(self.probation.member)
        self.period_seconds = URGENT_UPDATE_SECONDS if urgent else UPDATE_SECONDS

    def _be_patient(self, part: float, elapsed_seconds: float, *, answered: bool) -> None:
        """Begin to shed, or end it."""
        if not self._is_shedding:
            self._is_shedding = self._patience.is_over(part, elapsed_seconds, answered=answered)
            self._calm_seconds = 0.0
            return
        calm = part <= 1 and not self._lasting
        change = elapsed_seconds if calm else -UNREST * elapsed_seconds
        self._calm_seconds = max(0.0, self._calm_seconds + change)
        if self._calm_seconds >= CALM_SECONDS:
            self._is_shedding = False
            self._patience.be_alert()

    def _hold_back(self, part: float, elapsed_seconds: float, *, paused: bool) -> None:
        """Look whether one member has to be held back: its single checks, bulk is shed first."""
        probation = self.probation
        shedding = self._is_shedding
        arrived = self._classes[Priority.SINGLE].arrived()
        probation.look(part, elapsed_seconds, arrived, is_shedding=shedding, paused=paused)
        if probation.member and not probation.is_settled:
            # What waits is that member's: to shed anything of others for it would be for nothing.
            self._is_shedding, self._lasting = False, 0.0
            self._patience = Patience()

    def _control(self, part: float, elapsed_seconds: float, most: float) -> float:
        """Return how much to shed, on the scale of widths; ``most`` is all."""
        excess = part - 1
        change = LASTING_PER_SECOND * elapsed_seconds * min(1.0, excess)
        self._lasting = min(most, max(0.0, self._lasting + change))
        if excess > 0:
            # No more than leaves a queue of the target.
            return self._lasting + min(PROPORTION * excess, most * excess / part)
        # The emptier the queue, the less: to shed then would leave the processor idle.
        return self._lasting * part

    def _widths(self) -> list[float]:
        """Return how much of what is shed a class takes up until it is shed as a whole."""
        asks = [one.asks * cost for one, cost in zip(self._classes, COSTS, strict=True)]
        total = sum(asks) or 1.0
        return [min(1.0, WIDTH * one / total) for one in asks]

    def enter(self, priority: Priority, member: str) -> bool:
        """Count a call that has arrived; let it in, or tell that it has to be refused.

        Returns:
            Whether it was let in: then ``leave`` has to follow.
        """
        self.count(priority, member)
        held_back = priority is Priority.SINGLE and self.is_held_back(member)
        if held_back and not self.probation.admits():
            return False
        refused = self.is_shed(priority) and self._classes[priority].refuses(member)
        return (not refused or self._is_alone(priority)) and self.enter_unshed(priority)

    def _is_alone(self, priority: Priority) -> bool:
        """Tell whether a call is a single check, and none is being answered.

        What keeps it waiting is no crowd, then, and to refuse it would help nobody.
        """
        return priority is Priority.SINGLE and not self._running[priority]

    def count(self, priority: Priority, member: str) -> None:
        """Count a call that has arrived."""
        one = self._classes[priority]
        one.asked[member] = one.asked.get(member, 0.0) + 1
        if priority is Priority.SINGLE:
            self._since_single_seconds = 0.0

    def is_held_back(self, member: str) -> bool:
        """Tell whether a member is the one that is held back."""
        return member != "" and member == self.probation.member

    def enter_unshed(self, priority: Priority) -> bool:
        """Let a call in whether calls are shed or not, unless there is no room for it at all."""
        if self._is_full(priority):
            return False
        self._running[priority] += 1
        return True

    def leave(self, priority: Priority) -> None:
        """Count a call that has ended."""
        self._running[priority] -= 1
        self._classes[priority].answered += 1

    def is_shed(self, priority: Priority) -> bool:
        """Tell whether calls of a class are shed at all at the moment."""
        return self.level > priority

    def _is_full(self, priority: Priority) -> bool:
        return sum(self._running[priority:]) >= RUNNING_MAX * RUNNING_SHARE[priority]

    def wait_ns(self, priority: Priority, member: str) -> int:
        """Return when a caller that was refused should come back: later the more are refused."""
        self._waits += 1
        lasting = min(SHED_MAX, max(0.0, self._lasting_level - priority))
        # What is shed for the moment says nothing of the time at which they come back.
        kept = 1 - min(lasting, self._classes[priority].shed.get(member, 0.0))
        spread = 0.5 + self._waits * SPREAD % 1
        # In steps, so that the refusals of a surge are alike and need not be written anew.
        steps = min(WAIT_SECONDS / kept, WAIT_SECONDS_MAX) * spread / WAIT_STEP_SECONDS
        return round(round(steps) * WAIT_STEP_SECONDS * SECOND_NS)


def _level(shed: float, widths: Iterable[float]) -> float:
    """Return the level that sheds so much: the least urgent class first, empty ones in passing."""
    if shed <= 0:
        return 0.0
    level = 0.0
    for width in widths:
        if shed < width:
            return level + shed / width
        shed -= width
        level += 1
    return level


class Pace(msgspec.Struct):
    """Spaces refusals: callers that try again at once would else have the server do nothing else.

    A refusal that has to wait for its turn costs no processor meanwhile, and its caller is still.

    Attributes:
        per_second: Refusals answered per second.
        next_seconds: When the next is due, on the clock that ``turn`` is asked with.
    """

    per_second: float
    next_seconds: float = 0.0

    def has_room(self, now_seconds: float) -> bool:
        """Tell whether a turn can be taken within ``HELD_SECONDS_MAX``."""
        return self.next_seconds - now_seconds < HELD_SECONDS_MAX

    def turn(self, now_seconds: float) -> float:
        """Take a turn; return how long it is until then, at most ``HELD_SECONDS_MAX``."""
        due = max(self.next_seconds, now_seconds)
        wait = due - now_seconds
        if wait >= HELD_SECONDS_MAX:
            return HELD_SECONDS_MAX
        self.next_seconds = due + 1 / self.per_second
        return wait


HELD_SECONDS_MAX = 3.0
"""No refusal is held for longer."""
REFUSALS_PER_ANSWER = 0.08
"""A refusal costs somewhat more than a check: refusals get a tenth of the time."""
REFUSALS_PER_SECOND_MIN = 20.0
"""However little is answered at the moment."""
