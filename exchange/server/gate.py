"""Holding new calls back while a server begins to stop, so that none is cut.

gRPC answers a call that has reached the server but not yet its handler with CANCELLED at the
instant of the shutdown, which no caller takes for a reason to try again. So new calls wait for a
moment: callers wait for them in turn, nothing more is on its way, the server shuts its door, and
the calls that waited run to their end like all others.
"""

import asyncio

HOLD_SECONDS = 0.1
"""More than a call is on its way to its handler, also in a worker that is busy."""


class Gate:
    """Open, except for the moment in which a server shuts its door."""

    def __init__(self) -> None:
        self.held = False
        self._released = asyncio.Event()

    def hold(self) -> None:
        """Let calls wait from now on."""
        self.held = True

    def release(self) -> None:
        """Let those that wait go on, and all others pass."""
        self.held = False
        self._released.set()

    async def passed(self) -> None:
        """Wait until the gate is released."""
        await self._released.wait()
