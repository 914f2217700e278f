"""What a call passes before its message is parsed: its deadline, its member's quota, the load."""

import asyncio
import math
import time
from collections.abc import Callable
from typing import Protocol

from exchange.core.caller import Caller
from exchange.core.errors import DeadlineError, OverloadedError, QuotaExceededError
from exchange.core.quota import SECOND_NS
from exchange.metrics import (
    ADMISSION_DELAY,
    ADMISSION_LEVEL,
    ADMISSION_REFUSALS,
    QUOTA_REFUSALS,
    STREAM_HELD_SECONDS,
)
from exchange.server.admission import (
    REFUSALS_PER_ANSWER,
    REFUSALS_PER_SECOND_MIN,
    SHEDDING_UPDATE_SECONDS,
    UPDATE_SECONDS,
    Admission,
    Pace,
    Priority,
)
from exchange.server.quotas import RECORDS, Quotas

HELD_MAX = 2_000
"""Refusals held back at a time; with more, each is answered at once."""
RELEASE_SECONDS = 0.02
"""Refusals that were held back are answered together at multiples of this: one at a time costs
three times as much, and breaks the work on what was let in into small pieces."""
READ_STEPS_MAX = 20
"""A stream goes on after a second however much is shed: slow, and never at a stand."""
QUOTA_STEP_SECONDS = 1.0
"""A stream that waits for its quota looks again after this: it may have been raised."""
DELAY_SECONDS = 0.010
"""Delay on the way to a handler that is borne for long; a tenth of what a gate takes for slow."""

_REASONS = ("shed", "full", "quota", "deadline")


class Remaining(Protocol):
    """What is asked of a call."""

    def time_remaining(self) -> float | None:
        """Return the seconds until the caller's deadline; None where it has set none."""


class Doorway:
    """Lets calls in or refuses them; one per worker, on its event loop."""

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
        self.admission = Admission(delay_seconds)
        ADMISSION_REFUSALS.begin(*((why, one.name) for why in _REASONS for one in Priority))
        self._clock = clock
        self._pace = Pace(REFUSALS_PER_SECOND_MIN)
        self._told = clock()
        self._answered = 0
        self._held = 0

    def tell(self, delay_seconds: float) -> float:
        """Take in the delay that was measured; return in how many seconds to tell the next one."""
        now = self._clock()
        # A loop that stood still for long has seen one delay, not many.
        elapsed = min(max(now - self._told, SHEDDING_UPDATE_SECONDS), UPDATE_SECONDS)
        self._told = now
        self.admission.update(delay_seconds, elapsed)
        ADMISSION_DELAY.observe(delay_seconds)
        ADMISSION_LEVEL.set(self.admission.level)
        wanted = self._answered / elapsed * REFUSALS_PER_ANSWER
        self._answered = 0
        # Followed slowly: a rate over a twentieth of a second jumps.
        weight = 0.2 * elapsed / UPDATE_SECONDS
        smooth = self._pace.per_second * (1 - weight) + wanted * weight
        self._pace.per_second = max(REFUSALS_PER_SECOND_MIN, smooth)
        return self.admission.period_seconds

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
        if not self.admission.enter(priority, caller.member):
            _refused("shed" if self.admission.is_shed(priority) else "full", priority)
            raise OverloadedError(self.admission.wait_ns(priority, caller.member))

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

    async def hold(self) -> None:
        """Wait until a refusal may be answered: those who ask again at once are slowed by it."""
        now = self._clock()
        wait = self._pace.turn(now)
        if not wait or self._held >= HELD_MAX:
            return
        self._held += 1
        release = math.ceil((now + wait) / RELEASE_SECONDS) * RELEASE_SECONDS
        try:
            await asyncio.sleep(release - now)
        finally:
            self._held -= 1

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
