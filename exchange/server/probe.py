"""Measuring what a call meets on its way to its handler: a call of the worker's own, all the time.

gRPC keeps calls that have not been taken up yet in queues that nobody can look into, and an event
loop that is busy turns round quickly all the same. So the worker asks itself for its health, over a
socket of its own, as the port is shared with other workers; that call waits in the same queue as
all. The socket has no file, so that nothing is left behind by a worker that is killed. Who reaches
it has no certificate there, and may do no more than ask for health.
"""

import asyncio
import contextlib
import os
import secrets
import time
from collections.abc import Callable
from typing import Protocol

import grpc.aio
import structlog
from grpc_health.v1 import health_pb2

from exchange.server import health
from exchange.server.admission import URGENT_UPDATE_SECONDS

CHECK = f"/{health.SERVICE}/Check"
_REQUEST = health_pb2.HealthCheckRequest().SerializeToString()
_log = structlog.get_logger("exchange.probe")


class Tell(Protocol):
    """Is told a delay in seconds once every period; says how long the next period is."""

    def __call__(self, delay_seconds: float, /, *, answered: bool) -> float:
        """Take in a delay; one that is not answered yet is that at least."""


class Probe:
    """Asks its own server again and again, and tells how long that took.

    Attributes:
        address: The socket on which the server has to listen too.
    """

    def __init__(
        self,
        tell: Tell,
        period_seconds: float,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Take what is needed.

        Args:
            tell: Is told the delay. While no answer has come it is told how long it has been
                waited for. Where it raises, that is logged and the period stays.
            period_seconds: The first period.
            clock: Of the delays.
        """
        self._tell = tell
        self._period = period_seconds
        self._clock = clock
        self._told = True
        self.address = f"unix-abstract:health-exchange-{os.getpid()}-{secrets.token_hex(8)}"
        self._channel: grpc.aio.Channel | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to ask; the server has to listen by now."""
        self._channel = grpc.aio.insecure_channel(self.address)
        self._task = asyncio.create_task(self._run(self._channel))

    async def _run(self, channel: grpc.aio.Channel) -> None:
        ask = channel.unary_unary(CHECK, bytes, bytes)
        while True:
            started = self._clock()
            call = ask(_REQUEST, wait_for_ready=True)
            waiting = asyncio.ensure_future(call.code())
            while not waiting.done():
                # Hundreds of calls that come at once have to be noticed before all others have
                # waited for them.
                timeout = min(URGENT_UPDATE_SECONDS, self._period)
                await asyncio.wait((waiting,), timeout=timeout)
                delay = self._clock() - started
                self._period = self._told_period(delay, answered=waiting.done())
            # What has just been told counts for the rest of the period.
            await asyncio.sleep(max(0.0, self._period - (self._clock() - started)))

    def _told_period(self, delay_seconds: float, *, answered: bool) -> float:
        """Tell a delay; a defect there must not end the measuring, on which all shedding rests.

        It is logged once until it has gone: many times a second would fill a disk.
        """
        try:
            period = self._tell(delay_seconds, answered=answered)
        except Exception as error:  # noqa: BLE001 - any defect of what is told.
            if self._told:
                _log.error("delay_not_told", exc_info=error)
            self._told = False
            return self._period
        self._told = True
        return period

    async def stop(self) -> None:
        """Ask no more."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._channel is not None:
            await self._channel.close(None)
