"""The worker's own call measures on, whatever becomes of what it measured."""

import asyncio
from collections.abc import AsyncIterator

import grpc.aio
import pytest
import structlog.testing

from exchange.server.health import Health
from exchange.server.probe import Probe

PATIENCE_SECONDS = 20
PERIOD_SECONDS = 0.01


class Listener:
    """Is told delays, and fails at the ones of these numbers."""

    def __init__(self, *failing: int) -> None:
        self._failing = failing
        self.delays: list[float] = []
        self.enough = asyncio.Event()

    def tell(self, delay_seconds: float, *, answered: bool) -> float:  # noqa: ARG002
        self.delays.append(delay_seconds)
        if len(self.delays) in self._failing:
            raise ZeroDivisionError
        if len(self.delays) > max(self._failing):
            self.enough.set()
        return PERIOD_SECONDS


@pytest.fixture
async def server() -> AsyncIterator[grpc.aio.Server]:
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((Health(("",)).handler(),))
    yield server
    await server.stop(None)


async def test_a_defect_of_what_is_told_is_logged_and_the_measuring_goes_on(
    server: grpc.aio.Server,
) -> None:
    listener = Listener(1, 2, 3, 5)
    probe = Probe(listener.tell, PERIOD_SECONDS)
    server.add_insecure_port(probe.address)
    await server.start()
    with structlog.testing.capture_logs() as logs:
        probe.start()
        await asyncio.wait_for(listener.enough.wait(), PATIENCE_SECONDS)
    await probe.stop()
    # Once for each time that it begins, not for each delay.
    assert [one["event"] for one in logs] == ["delay_not_told", "delay_not_told"]
    assert all(isinstance(one["exc_info"], ZeroDivisionError) for one in logs)
