"""Warming a store before anything counts: a node compiles what is asked of it as it goes.

A node that was just filled gives the driver alone 19,000 to 32,000 rows a second at first and
150,000 after some twenty seconds of load: ratios would depend on what is measured first.
"""

import time
from collections.abc import Awaitable, Callable

from rich.console import Console

from loadtest.cases import SINGLE_IN_FLIGHT, Bench, group_reads, raw_writes
from loadtest.figures import Round
from loadtest.measure import Load, calls
from loadtest.requests import checks
from loadtest.serving import CHECK
from loadtest.world import DEFAULT_DESTINATION, World

WINDOW_SECONDS = 2.0
"""Of reads; compiling is seen from one to the next."""
ROWS = 20_000
"""Of a window of writes: about as long."""
GROWN = 1.05
"""A window that brings a twentieth more than the best before it: still warming."""
STEADY_WINDOWS = 2
"""Warm after so many that did not."""
PARTS = (0.6, 0.2, 0.2)
"""Of the time for grouped reads, single checks and writes: the first of them compile the most."""

Window = Callable[[], Awaitable[Round]]


async def until_steady(
    window: Window, seconds_max: float, clock: Callable[[], float] = time.monotonic
) -> list[float]:
    """Measure windows until their rate grows no more or the time is up; return their rates.

    Args:
        window: Measures one.
        seconds_max: After so long no window begins, but the first.
        clock: In seconds.
    """
    end = clock() + seconds_max
    rates: list[float] = []
    best, steady = 0.0, 0
    while steady < STEADY_WINDOWS and (not rates or clock() < end):
        rate = (await window()).rate
        steady = 0 if rate > best * GROWN else steady + 1
        best = max(best, rate)
        rates.append(rate)
    return rates


def windows(bench: Bench, world: World) -> dict[str, Window]:
    """Return what a store is warmed with, by name."""
    single = Load(
        CHECK, checks(world.people, 5_000, DEFAULT_DESTINATION), world.kind.scaled(SINGLE_IN_FLIGHT)
    )
    return {
        "grouped reads": lambda: group_reads(bench, world, WINDOW_SECONDS),
        "single checks": lambda: calls(world.server, single, WINDOW_SECONDS),
        "writes": raw_writes(bench, world, world.kind.scaled(ROWS)),
    }


async def warm(bench: Bench, world: World, seconds_max: float, say: Console) -> None:
    """Load a node with reads and writes until they get no quicker; SQLite has nothing to warm.

    Args:
        bench: What cases are made of.
        world: The store.
        seconds_max: For all of it.
        say: Tells how far it is.
    """
    if not world.kind.nodes:
        return
    for part, (name, window) in zip(PARTS, windows(bench, world).items(), strict=True):
        rates = await until_steady(window, seconds_max * part)
        shown = ", ".join(f"{rate:,.0f}" for rate in rates)
        what = f"{world.kind.name} {world.statements:,}"
        say.print(f"  warming {what}, {name}: {shown} a second", highlight=False)
