"""Waiting for a condition within a deadline; tests never wait for time."""

import asyncio
import time
from collections.abc import Awaitable, Callable

PATIENCE_SECONDS = 30
"""Longer than anything takes on a busy machine."""
_STEP_SECONDS = 0.02


async def until(
    condition: Callable[[], bool | Awaitable[bool]], seconds: float = PATIENCE_SECONDS
) -> None:
    """Wait until a condition holds; fail if it does not within some seconds."""
    end = time.monotonic() + seconds
    while not await _holds(condition):
        assert time.monotonic() < end, "the condition did not come true in time"
        await asyncio.sleep(_STEP_SECONDS)


async def _holds(condition: Callable[[], bool | Awaitable[bool]]) -> bool:
    found = condition()
    return found if isinstance(found, bool) else await found
