"""Holding back one member that makes more single checks than all others together: without a clock.

Shedding keeps others from being refused and not from waiting: a worker that is full has a queue,
and everybody stands in it. So where one member alone fills it, that member is held to a rate that
leaves room: at first a little, until the queue has passed; then what the others leave of a part of
what can be answered; and from there on it follows the delay that calls meet on their way, until no
call of the member has to be refused any more. Where nobody else asks there is nobody to spare, and
where many ask too much it is a surge (``admission.py``).
"""

from collections.abc import Mapping

from exchange.server.patience import STANDING_PART

FLOOD_PART = 0.5
"""Of all that is asked: more is more than all others together."""
OTHERS_PART = 0.02
"""Of all that is asked: where others ask for less there is nobody to spare."""
STANDING_SECONDS = 0.06
"""A delay of ``STANDING_PART`` times its target for so long is a queue of hundreds of calls. Where
they are one member's, to wait until it is certain that it stands is a tenth of a second for all
others."""
PAUSE_MEMORY_SECONDS = 1.0
"""Not so for this long after the worker stood still: that leaves a queue which passes."""
RATE_SECONDS = 0.1
"""Over which rates are smoothed: most of what is asked since a flood began, little of before."""
RATE_MIN = 0.1
ROOM_PART = 0.6
"""Of what can be answered, of all members together: where the rate begins to follow the delay."""
LEAST_PART = 0.5
"""Of an equal part of what can be answered: no member is held to less."""
DELAY_PART = 0.3
"""Of the target: the delay that the rate is made for. The p99 of the others is 1.1 times that
without a flood; with 1 it was three times."""
DELAY_PARTS_MAX = 3.0
SMOOTH_SECONDS = 0.3
"""Delays are looked at smoothed over so long, as three times the target at most."""
SETTLE_SECONDS = 0.5
"""So long the queue takes to pass; until then nobody can tell what the others ask."""
CHANGE_PER_SECOND = 0.5
"""The rate grows by this part in a second without any delay, and falls by it at twice what it is
made for."""
USED_PART = 0.8
"""A rate of which less is used does not grow."""
BURST_SECONDS = 0.05
"""What may be saved up, in seconds of the rate."""
CALM_SECONDS = 10.0
"""A member of whose calls none was refused for so long is free: refusals are held for three
seconds, and callers who wait as they are told are back after six."""


class Probation:
    """Looks at the delay and at who asks; knows whom to hold back, and to what.

    Attributes:
        member: Who is held back; ``""``: nobody.
        per_second: To how many single checks.
    """

    def __init__(self) -> None:
        """Begin with nobody."""
        self.member = ""
        self.per_second = 0.0
        self._asked: dict[str, float] = {}
        self._credit = self._least = self._capacity = self._delay_part = 0.0
        self._standing_seconds = self._held_seconds = self._calm_seconds = 0.0
        self._since_pause_seconds = PAUSE_MEMORY_SECONDS
        self._refused = False

    @property
    def is_settled(self) -> bool:
        """Whether somebody is held back, and what came before that has passed."""
        return bool(self.member) and self._held_seconds >= SETTLE_SECONDS

    def look(
        self,
        part: float,
        elapsed_seconds: float,
        arrived: Mapping[str, float],
        *,
        is_shedding: bool,
        paused: bool,
    ) -> None:
        """Begin to hold a member back, change its rate, or let it go.

        Args:
            part: The delay that calls meet on their way, as a part of its target.
            elapsed_seconds: Since the look before.
            arrived: Single checks of each member since the look before.
            is_shedding: Whether a queue is known to stand.
            paused: Whether the worker stood still since the look before.
        """
        self._count(arrived, elapsed_seconds)
        stands = self._stands(part, elapsed_seconds, paused=paused)
        if self.member:
            self._follow(part, elapsed_seconds)
        elif stands or is_shedding:
            self._begin()

    def _count(self, arrived: Mapping[str, float], elapsed_seconds: float) -> None:
        """Follow how much each member asks a second."""
        weight = min(1.0, elapsed_seconds / RATE_SECONDS)
        found = {}
        for member in {**self._asked, **arrived}:
            before = self._asked.get(member, 0.0)
            rate = before + (arrived.get(member, 0.0) / elapsed_seconds - before) * weight
            if rate > RATE_MIN:
                found[member] = rate
        self._asked = found

    def _stands(self, part: float, elapsed_seconds: float, *, paused: bool) -> bool:
        """Tell whether there is a queue that no pause has left."""
        self._since_pause_seconds = 0.0 if paused else self._since_pause_seconds + elapsed_seconds
        over = part >= STANDING_PART and self._since_pause_seconds >= PAUSE_MEMORY_SECONDS
        self._standing_seconds = self._standing_seconds + elapsed_seconds if over else 0.0
        return self._standing_seconds >= STANDING_SECONDS

    def _begin(self) -> None:
        asked = self._asked
        total = sum(asked.values())
        member = max(asked, key=asked.__getitem__, default="")
        others = total - asked.get(member, 0.0)
        if others >= FLOOD_PART * total or others < OTHERS_PART * total:
            return
        self.member = member
        self._capacity = total
        self.per_second = self._least = max(1.0, LEAST_PART * total / len(asked))
        self._credit = self._held_seconds = self._calm_seconds = 0.0
        self._delay_part = DELAY_PART

    def _hold_to(self, per_second: float) -> None:
        self.per_second = max(self._least, per_second)

    def _follow(self, part: float, elapsed_seconds: float) -> None:
        own = self._asked.get(self.member, 0.0)
        others = sum(self._asked.values()) - own
        calm = not self._refused or others < OTHERS_PART * self.per_second
        self._refused = False
        self._calm_seconds = self._calm_seconds + elapsed_seconds if calm else 0.0
        if self._calm_seconds >= CALM_SECONDS:
            self.member, self.per_second = "", 0.0
            return
        more = self.per_second * elapsed_seconds
        self._credit = min(self._credit + more, max(1.0, self.per_second * BURST_SECONDS))
        if self.is_settled:
            self._change(part, elapsed_seconds, own)
            return
        self._held_seconds += elapsed_seconds
        if self._held_seconds >= SETTLE_SECONDS:
            self._hold_to(ROOM_PART * self._capacity - others)

    def _change(self, part: float, elapsed_seconds: float, own: float) -> None:
        """Change the rate as the delay says, and the member's asking."""
        weight = min(1.0, elapsed_seconds / SMOOTH_SECONDS)
        self._delay_part += (min(part, DELAY_PARTS_MAX) - self._delay_part) * weight
        room = max(-1.0, 1 - self._delay_part / DELAY_PART)
        if room < 0 or own >= USED_PART * self.per_second:
            self._hold_to(self.per_second * (1 + CHANGE_PER_SECOND * room * elapsed_seconds))

    def is_spent(self) -> bool:
        """Tell whether the member that is held back has nothing left: its call is refused then."""
        spent = self._credit <= 0
        self._refused |= spent
        return spent

    def admits(self) -> bool:
        """Let a check of the member that is held back in, unless it has nothing left."""
        if self.is_spent():
            return False
        self._credit -= 1
        return True
