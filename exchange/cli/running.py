"""Running an exchange in this process until a signal asks it to stop."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import TypeVar

import uvloop

from exchange.app import Exchange, make_store
from exchange.settings import Settings

Result = TypeVar("Result")


def run(main: Coroutine[object, object, Result]) -> Result:
    """Run a coroutine on uvloop, the loop that the server is measured with."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


def stop_on_signals() -> asyncio.Event:
    """Return an event that SIGTERM or SIGINT sets; call it inside of the loop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


async def start(settings: Settings) -> Exchange:
    """Start an exchange on the store of the settings; what was opened is closed if that fails.

    Raises:
        ExchangeError: It refuses to start.
    """
    exchange = Exchange(settings, make_store(settings))
    try:
        await exchange.start()
    except BaseException:
        await exchange.stop()
        raise
    return exchange
