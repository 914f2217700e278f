"""Bounds on what is under way: requests of one kind, and calls that closing has to wait for."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from exchange.core.errors import StoreUnavailableError

T = TypeVar("T")


class Requests:
    """Lets a bounded number of requests be on their way at once."""

    def __init__(self, limit: int) -> None:
        self._slots = asyncio.Semaphore(limit)

    async def answer(self, send: Callable[[], "asyncio.Future[T]"]) -> T:
        """Send when there is a slot, and wait.

        A request keeps its slot until it is answered, also when its caller has gone: cancelled
        callers must not pile up work in a node that is slow already.
        """
        await self._slots.acquire()
        try:
            request = send()
        except BaseException:
            self._slots.release()
            raise
        request.add_done_callback(self._answered)
        return await asyncio.shield(request)

    def _answered(self, request: "asyncio.Future[T]") -> None:
        self._slots.release()
        if not request.cancelled():
            request.exception()  # Seen, so that a request nobody waits for is not reported.


class Calls:
    """Counts calls that run, refuses new ones once closed, and waits for the last."""

    def __init__(self) -> None:
        self._running = 0
        self._closed = True
        self._idle = asyncio.Event()

    def open(self) -> None:
        """Accept calls from now on."""
        self._closed = False

    @contextmanager
    def one(self) -> Iterator[None]:
        """Count a call while it runs.

        Raises:
            StoreUnavailableError: Closed.
        """
        if self._closed:
            raise StoreUnavailableError("The store is closed.")
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()

    async def close(self) -> None:
        """Accept no more calls and return when none runs."""
        self._closed = True
        while self._running:
            self._idle.clear()
            await self._idle.wait()
