"""Refusals that are held back: those who ask again at once are slowed by them.

A refusal that waits costs no processor meanwhile, and its caller is still. Those that are due
within the same fiftieth of a second are let go together.
"""

import asyncio
import math
from collections import Counter

HELD_MAX = 2_000
"""Refusals held back at a time by one worker."""
HELD_PER_CONNECTION_MAX = 60
"""Of the hundred calls that a connection may have out: beside those that are held others go on, or
all that its callers ask for would wait for what is refused."""
RELEASE_SECONDS = 0.02
"""Refusals are answered together at multiples of this. One at a time each costs 225 to 260 us, as
every answer then wakes a thread of gRPC's; together 135 to 150."""


class _Release:
    """Refusals that are let go together."""

    def __init__(self) -> None:
        self.now = asyncio.Event()
        self.connections: Counter[str] = Counter()


class Held:
    """Counts refusals that are held, and lets them go in time, whatever became of their calls."""

    def __init__(self) -> None:
        """Begin with none."""
        self._releases: dict[int, _Release] = {}
        self._connections: Counter[str] = Counter()
        self._count = 0

    @property
    def count(self) -> int:
        """How many are held."""
        return self._count

    def has_room(self, connection: str, *, whole: bool = False) -> bool:
        """Tell whether one more of a connection can be held; with ``whole`` it may be all of it."""
        if self._count >= HELD_MAX:
            return False
        return whole or self._connections[connection] < HELD_PER_CONNECTION_MAX

    def after(self, seconds: float, connection: str) -> asyncio.Event:
        """Hold a refusal for some seconds, or a little longer.

        Returns:
            What is set then.
        """
        loop = asyncio.get_running_loop()
        step = math.ceil((loop.time() + seconds) / RELEASE_SECONDS)
        release = self._releases.get(step)
        if release is None:
            release = self._releases[step] = _Release()
            loop.call_at(step * RELEASE_SECONDS, self._let_go, step)
        self._count += 1
        self._connections[connection] += 1
        release.connections[connection] += 1
        return release.now

    def _let_go(self, step: int) -> None:
        release = self._releases.pop(step)
        release.now.set()
        self._count -= release.connections.total()
        self._connections -= release.connections  # Those of which none is left are gone.
