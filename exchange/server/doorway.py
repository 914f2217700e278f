"""What a call passes before its message is parsed: its deadline, its member's quota, the load."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

import structlog

from exchange.core.caller import Caller
from exchange.core.errors import (
    DeadlineError,
    OverloadedError,
    QuotaExceededError,
    TryLaterError,
)
from exchange.core.quota import SECOND_NS
from exchange.metrics import (
    ADMISSION_DELAY,
    ADMISSION_LEVEL,
    ADMISSION_REFUSALS,
    FLOOD_LIMIT,
    QUOTA_REFUSALS,
    STREAM_HELD_SECONDS,
)
from exchange.server.admission import (
    HELD_SECONDS_MAX,
    REFUSALS_PER_ANSWER,
    REFUSALS_PER_SECOND_MIN,
    SPREAD,
    UPDATE_SECONDS,
    Admission,
    Pace,
    Priority,
)
from exchange.server.collector import spare
from exchange.server.held import Held
from exchange.server.quotas import RECORDS, Quotas

TOLD_SECONDS_MIN = 0.005
"""Delays that are told within less of each other count for so long."""
READ_STEPS_MAX = 20
"""A stream goes on after a second however much is shed: slow, and never at a stand."""
QUOTA_STEP_SECONDS = 1.0
"""A stream that waits for its quota looks again after this: it may have been raised."""
DELAY_SECONDS = 0.007
"""Delay on the way to a handler that is borne for long: sixty calls, the
least that keep a worker busy in large groups; a tenth of what a gate takes for slow. With 8 ms the
p99 of the admitted in a surge was 2.3 times that at eighty per cent of the load."""

DELAY_WEIGHT = 0.3
"""Of the newest delay among those that are smoothed: it looks back over some three looks."""

HELD_MANY = 100
"""Refusals held, from which on the garbage collector is spared."""
PAUSE_SECONDS = 0.04
"""A loop that comes so much later to tell a delay stood still; under load it comes 5 ms later, and
13 after it began to measure (``probe.py``)."""

_log = structlog.get_logger("exchange.admission")
_REASONS = ("shed", "full", "flood", "quota", "deadline")


class Remaining(Protocol):
    """What is asked of a call."""

    def time_remaining(self) -> float | None:
        """Return the seconds until the caller's deadline; None where it has set none."""

    def peer(self) -> str:
        """Return the address of its connection."""


class Doorway:
    """Lets calls in or refuses them; one per worker, on its event loop.

    Attributes:
        delay_seconds: What calls met on their way lately, smoothed.
        gather_seconds: How long calls may wait for others, to be answered together.
    """

    def __init__(
        self,
        quotas: Quotas,
        delay_seconds: float = DELAY_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with nothing refused.

        Args:
            quotas: Of members.
            delay_seconds: Delay on the way to a handler that is borne for long.
            clock: Spaces refusals.
        """
        self.quotas = quotas
        self.delay_seconds = self.gather_seconds = 0.0
        self.admission = Admission(delay_seconds)
        ADMISSION_REFUSALS.begin(*((why, one.name) for why in _REASONS for one in Priority))
        self._clock = clock
        self._target_seconds = delay_seconds
        self._pace = Pace(REFUSALS_PER_SECOND_MIN)
        self._told = clock()
        self._measured_seconds = 0.0
        self._answered = 0
        self._held = Held()
        self._held_back = ""
        self._holds_many = False
        self._beyond = 0

    def tell(self, delay_seconds: float, *, answered: bool = True) -> float:
        """Take in the delay that was measured; return in how many seconds to tell the next one.

        Args:
            delay_seconds: The delay.
            answered: Whether it was measured to its end; else it is that at least.
        """
        now = self._clock()
        paused = now - self._told > self.admission.period_seconds + PAUSE_SECONDS
        # A loop that stood still for long has seen one delay, not many.
        elapsed = min(max(now - self._told, TOLD_SECONDS_MIN), UPDATE_SECONDS)
        self._told = now
        # What is waited for says nothing new until it takes longer than what came before.
        delay = delay_seconds if answered else max(delay_seconds, self._measured_seconds)
        if answered:
            self._measured_seconds = delay
            ADMISSION_DELAY.observe(delay)
        self.delay_seconds += (delay - self.delay_seconds) * DELAY_WEIGHT
        self.admission.update(delay, elapsed, answered=answered, paused=paused)
        ADMISSION_LEVEL.set(self.admission.level)
        if (self._held.count >= HELD_MANY) != self._holds_many:
            self._holds_many = not self._holds_many
            spare(sparing=self._holds_many)
        self._tell_probation()
        self.gather_seconds = 0.0 if self._has_room() else self.delay_seconds
        wanted = self._answered / elapsed * REFUSALS_PER_ANSWER
        self._answered = 0
        # Followed slowly: a rate over a twentieth of a second jumps.
        weight = 0.2 * elapsed / UPDATE_SECONDS
        smooth = self._pace.per_second * (1 - weight) + wanted * weight
        self._pace.per_second = max(REFUSALS_PER_SECOND_MIN, smooth)
        return self.admission.period_seconds

    def _tell_probation(self) -> None:
        """Show whom it holds back, and how much that one is left."""
        probation = self.admission.probation
        if probation.member != self._held_back:
            member, self._held_back = probation.member or self._held_back, probation.member
            _log.warning("member_held_back" if probation.member else "member_free", member=member)
        FLOOD_LIMIT.replace({(probation.member,): probation.per_second} if probation.member else {})

    def _has_room(self) -> bool:
        """Tell whether a crowd is held, which leaves room for the others.

        Larger groups spare the processor, and everybody waits for them.
        """
        admission = self.admission
        holds = admission.probation.is_settled or (self._holds_many and not admission.level)
        return holds and self.delay_seconds < self._target_seconds

    def enter(
        self, priority: Priority, quota: str | None, caller: Caller, context: Remaining
    ) -> None:
        """Let a call in; ``leave`` has to follow.

        Raises:
            DeadlineError: Its caller waits no longer.
            QuotaExceededError: Its member has used up what it may.
            OverloadedError: There is more than can be answered in time.
        """
        remaining = context.time_remaining()
        if remaining is not None and remaining <= 0:
            _refused("deadline", priority)
            raise DeadlineError("The deadline passed before the call was begun.")
        if quota is not None:
            self._require(quota, caller, priority)
        if self.admission.enter(priority, caller.member):
            return
        if priority is Priority.SINGLE and self.admission.is_held_back(caller.member):
            raise self._flood(priority, caller, context)
        release = self._hold(context.peer(), soon=priority is Priority.SINGLE)
        # To refuse a single check costs as much as to answer it: only its waiting spares anything.
        answered = priority is Priority.SINGLE and release is None
        if answered and self.admission.enter_unshed(priority):
            return
        reason = "shed" if self.admission.is_shed(priority) else "full"
        raise self._overloaded(reason, priority, caller, release)

    @property
    def turns_away(self) -> bool:
        """Whether there may be calls that are refused whatever they ask."""
        return bool(self.admission.probation.member) or self.quotas.is_limiting

    def turn_away(
        self, priority: Priority, quota: str | None, caller: Caller, context: Remaining
    ) -> None:
        """Refuse a call that is refused whatever it asks, before it is read.

        Raises:
            QuotaExceededError: Its member has used up what it may.
            OverloadedError: Its member is held back and has nothing left.
        """
        if quota is not None:
            self._require(quota, caller, priority)
        admission = self.admission
        if admission.is_held_back(caller.member) and admission.probation.is_spent():
            admission.count(priority, caller.member)
            raise self._flood(priority, caller, context)

    def _flood(self, priority: Priority, caller: Caller, context: Remaining) -> OverloadedError:
        # As over a quota: nothing of the member would go on beside what is held.
        release = self._hold(context.peer(), whole=True)
        return self._overloaded("flood", priority, caller, release)

    def _overloaded(
        self, reason: str, priority: Priority, caller: Caller, release: asyncio.Event | None
    ) -> OverloadedError:
        _refused(reason, priority)
        turn = None if release is None else release.wait
        return OverloadedError(self.admission.wait_ns(priority, caller.member), turn)

    def _require(self, quota: str, caller: Caller, priority: Priority) -> None:
        try:
            self.quotas.require(quota, caller)
        except QuotaExceededError:
            QUOTA_REFUSALS.add((caller.member, quota))
            _refused("quota", priority)
            raise

    def leave(self, priority: Priority) -> None:
        """Count a call that was let in and has ended."""
        self.admission.leave(priority)
        self._answered += 1

    async def hold(self, error: TryLaterError, connection: str) -> None:
        """Wait until a refusal may be answered: those who ask again at once are slowed by it."""
        if isinstance(error, OverloadedError):
            if error.turn is not None:
                await error.turn()
        # Who is over a quota is so on all of its connections: nothing of it would go on beside.
        elif (release := self._hold(connection, whole=True)) is not None:
            await release.wait()

    def _hold(
        self, connection: str, *, whole: bool = False, soon: bool = False
    ) -> asyncio.Event | None:
        """Take a turn among refusals, or none.

        Args:
            connection: The call's own.
            whole: All calls of a connection may be held.
            soon: None, too, where the next turn is far.
        """
        now = self._clock()
        if soon and not self._pace.has_room(now):
            return None
        if not self._held.has_room(connection, whole=whole):
            return None
        wait = self._pace.turn(now)
        if wait >= HELD_SECONDS_MAX:
            # Spread, as they would else come back as one wave.
            self._beyond += 1
            wait *= 1 - self._beyond * SPREAD % 1 / 2
        return self._held.after(wait, connection)

    async def may_read(self, caller: Caller) -> None:
        """Wait until a stream may go on: flow control slows its sender, nothing is refused."""
        wait_ns = self.quotas.wait_ns(RECORDS, caller)
        while wait_ns:
            await _held(min(QUOTA_STEP_SECONDS, wait_ns / SECOND_NS), caller, "quota")
            wait_ns = self.quotas.wait_ns(RECORDS, caller)
        for _ in range(READ_STEPS_MAX):
            if not self.admission.is_shed(Priority.PUBLICATION):
                return
            await _held(UPDATE_SECONDS, caller, "load")


async def _held(seconds: float, caller: Caller, cause: str) -> None:
    STREAM_HELD_SECONDS.add((caller.member, cause), seconds)
    await asyncio.sleep(seconds)


def _refused(reason: str, priority: Priority) -> None:
    ADMISSION_REFUSALS.add((reason, priority.name))
