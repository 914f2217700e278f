"""Turns between lookups and work on members' files: that work goes in small pieces, one at a time.

A worker has one processor and one interpreter as a rule. A thread that decodes and one that writes
hold a lookup up twice over: it waits for the interpreter's lock, and whoever has the lock waits for
the processor while the other thread works in the store's engine, for a slice of the scheduler (2 ms
and more) each time. While anybody looks up, only one of them works at a time, in pieces of less
than a millisecond; between them it rests, and it waits for lookups that are under way.
"""

import threading
import time
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

_Arguments = TypeVarTuple("_Arguments")
_Result = TypeVar("_Result")

ABOUT_SECONDS = 0.25
"""So long after a lookup others are expected; later, work on files takes all that there is."""
REST = 0.2
"""Of the time that a piece took: the loop takes up meanwhile what has come, without asking a thread
for the interpreter at every step of its way."""
WAIT_SECONDS_MAX = 0.002
"""No piece waits longer for lookups: where there always are some, files still go on, slowly."""
STEP_SECONDS = 0.0002
"""How often a piece that waits looks again."""


class Turns:
    """Who goes first; one for all stores and streams of a process, as they share its interpreter.

    Lookups begin and end on the event loop. Pieces are done on any other thread, and never within
    another piece.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Begin with no lookups.

        Args:
            clock: In seconds.
            sleep: Has a thread rest for some seconds.
        """
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._running = 0
        self._last = -ABOUT_SECONDS

    def lookup_begins(self) -> None:
        """Note that somebody waits for an answer."""
        self._running += 1

    def lookup_ends(self) -> None:
        """Note that one of them does no more."""
        self._running -= 1
        self._last = self._clock()

    def are_lookups_about(self) -> bool:
        """Tell whether anybody looks up these days."""
        return self._running > 0 or self._clock() - self._last < ABOUT_SECONDS

    def piece(self, work: Callable[[*_Arguments], _Result], *arguments: *_Arguments) -> _Result:
        """Do a piece of work, of less than a millisecond where that can be had, in its turn."""
        if not self.are_lookups_about():
            return work(*arguments)
        with self._lock:
            waited = 0.0
            while self._running > 0 and waited < WAIT_SECONDS_MAX:
                self._sleep(STEP_SECONDS)
                waited += STEP_SECONDS
            began = self._clock()
            result = work(*arguments)
            self._sleep((self._clock() - began) * REST)
            return result

    def apart(self, work: Callable[[*_Arguments], _Result], *arguments: *_Arguments) -> _Result:
        """Do work of the engine that cannot be cut, as a commit, while no piece is done.

        Whoever has the interpreter's lock is then not put off by it.
        """
        if not self.are_lookups_about():
            return work(*arguments)
        with self._lock:
            return work(*arguments)


TURNS = Turns()
"""Of this process."""
