"""Until when statements are kept, so that what was hidden once never comes back.

The store remembers the retention in force and a floor. When the setting changes, the floor is
raised to the horizon of the old setting: lengthening never revives, shortening acts at the next
read (design section 6).
"""

import msgspec

from exchange.core.errors import StoreUnavailableError
from exchange.core.times import DAY_MS
from exchange.operations.clock import Clock
from exchange.stores.base import Store

MARK = "retention"

_ATTEMPTS_MAX = 10
"""Several servers may start at once; each loses to one other at most a few times."""


class _Remembered(msgspec.Struct, frozen=True, array_like=True):
    retention_ms: int
    floor_ms: int


class Retention:
    """Tells the horizon: statements with an earlier as-of time are hidden and refused."""

    def __init__(self, store: Store, retention_days: int, clock: Clock) -> None:
        self._store = store
        self._retention_ms = retention_days * DAY_MS
        self._clock = clock
        self._floor_ms = 0

    async def load(self) -> None:
        """Compare the setting with what the store remembers, and remember the new one.

        Raises:
            StoreUnavailableError: The store does not answer, or other servers are always first.
        """
        for _ in range(_ATTEMPTS_MAX):
            found = await self._store.mark(MARK)
            floor_ms = self._floor(found)
            remembered = msgspec.json.encode(_Remembered(self._retention_ms, floor_ms))
            if found == remembered or await self._store.set_mark(MARK, remembered, expected=found):
                self._floor_ms = floor_ms
                return
        raise StoreUnavailableError("Too many servers change the retention at once.")

    def _floor(self, found: bytes | None) -> int:
        if found is None:
            return 0
        old = msgspec.json.decode(found, type=_Remembered)
        if old.retention_ms == self._retention_ms:
            return old.floor_ms
        return max(old.floor_ms, self._clock() - old.retention_ms)

    def horizon_ms(self, now_ms: int) -> int:
        """Return the earliest as-of time that is still kept."""
        return max(self._floor_ms, now_ms - self._retention_ms)


async def remembered_horizon_ms(store: Store, now_ms: int) -> int | None:
    """Return the horizon under the retention the store was last served with; None if never.

    A sweep works with this one: a command started with other settings than the server must not
    remove what the server still shows.

    Raises:
        StoreUnavailableError: The store does not answer.
    """
    found = await store.mark(MARK)
    if found is None:
        return None
    remembered = msgspec.json.decode(found, type=_Remembered)
    return max(remembered.floor_ms, now_ms - remembered.retention_ms)
