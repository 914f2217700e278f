"""Four faults done to a real exchange, and which alerts a real Prometheus fires for each."""

import asyncio
import time
from collections.abc import Awaitable

import grpc
import grpc.aio
import msgspec

from dashboards.monitor.load import SEED, Load
from dashboards.monitor.processes import Running, asked

STEADY, BROKEN, SILENT, FLOODED = "110000", "310000", "320000", "330000"
QUIET_SECONDS = 16.0
"""What a flood is compared with lies half an hour back: eighteen seconds of shortened time."""
LOUD_SECONDS = 4.0
"""The member that falls silent does so after this: silence takes longest to be noticed."""
AFTER_SECONDS = 3.0
"""What fires by mistake has so long to do so."""
PATIENCE_SECONDS = 60.0
FLOOD_BATCH = 1_000
BROKEN_FORMAT = "310000-ry-v1"
YOUNG_MS = 2_000
"""Of a statement: with windows this short, one of an hour ago would be from last month."""
OF_THE_MACHINE = frozenset(
    {
        "CallsShed",
        "CheckLatencyBurnsFast",
        "CheckLatencyBurnsSlowly",
        "ExchangeSaturated",
        "MemberHeldBack",
        "StoreSlow",
    }
)
"""Alerts about time: with windows this short they tell of neighbours on the machine, too."""

Fired = tuple[str, str]
"""Alert and member; ``""`` where it names none."""


class Fault(msgspec.Struct, frozen=True):
    """A fault and what it comes to.

    Attributes:
        name: What happens.
        alerts: What has to fire.
    """

    name: str
    alerts: frozenset[Fired]


QUIET = Fault("a quiet day", frozenset())
BREAKS = Fault("the format of one member breaks", frozenset({("MemberErrorShareJumped", BROKEN)}))
SILENCE = Fault("one member falls silent", frozenset({("MemberSilent", SILENT)}))
FLOOD = Fault("one member floods", frozenset({("MemberFlood", FLOODED)}))
NODE_STOPS = Fault(
    "the node of Cassandra stops",
    frozenset(
        (alert, "")
        for alert in (
            "CassandraNodeDown",
            "StoreUnavailable",
            "CheckAvailabilityBurnsFast",
            "CheckAvailabilityBurnsSlowly",
        )
    ),
)
AT_ONCE = (BREAKS, SILENCE, FLOOD)
"""Of three members that have nothing to do with each other: each alert names its own."""


class Feeds:
    """Members that hand in, and one that asks, until they are stopped; faults are switched on."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._load = Load(channel, SEED, YOUNG_MS)
        self._records = dict.fromkeys((STEADY, BROKEN, SILENT, FLOODED), 10)
        self._is_broken = False
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin as on a quiet day."""
        turns = [self._hand_in(member) for member in self._records]
        self._tasks = [asyncio.create_task(one) for one in (*turns, self._ask())]

    def fall_silent(self) -> None:
        """Let one member hand in nothing from now on."""
        self._records[SILENT] = 0

    def break_and_flood(self) -> None:
        """Let the format of one member be unreadable from now on, and another member flood."""
        self._is_broken = True
        self._records[FLOODED] = FLOOD_BATCH

    async def stop(self) -> None:
        """End."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _hand_in(self, member: str) -> None:
        while True:
            if self._records[member]:
                await _tried(self._load.hand_in(member, self._records[member]))
            if self._is_broken and member == BROKEN:
                await _tried(self._load.hand_in_unreadable(BROKEN_FORMAT))
            # One that floods does not wait.
            await asyncio.sleep(0.5 if self._records[member] < FLOOD_BATCH else 0)

    async def _ask(self) -> None:
        while True:
            await _tried(self._load.check(STEADY))
            await asyncio.sleep(0.02)


async def _tried(call: Awaitable[object]) -> None:
    try:
        await call
    except grpc.aio.AioRpcError:
        return  # It is counted where the alerts look.


def fired(prometheus: str, seconds: float) -> frozenset[Fired]:
    """Return all that has fired of late, be it over or not, but what tells of the machine."""
    query = (
        "max by (alertname, member) (max_over_time(ALERTS{"
        f'alertstate="firing"}}[{seconds * 1000:.0f}ms]))'
    )
    labels = [one["metric"] for one in asked(prometheus, "query", query=query)["result"]]
    found = {(one["alertname"], one.get("member", "")) for one in labels}
    return frozenset(one for one in found if one[0] not in OF_THE_MACHINE)


class Seen(msgspec.Struct, frozen=True):
    """What a fault came to.

    Attributes:
        name: What was done.
        wanted: What had to fire.
        fired: What fired of its member or of none, and had not fired before.
        seconds: Until all had fired that had to, for the faults that were done at once.
    """

    name: str
    wanted: frozenset[Fired]
    fired: frozenset[Fired]
    seconds: float


async def do_faults(running: Running) -> list[Seen]:
    """Do all faults to an exchange on a node that is watched by shortened rules."""
    assert running.node is not None  # noqa: S101 - one fault is its.
    async with grpc.aio.insecure_channel(running.address) as channel:
        feeds, stages = Feeds(channel), _Stages(running.prometheus)
        feeds.start()
        await asyncio.sleep(LOUD_SECONDS)
        feeds.fall_silent()
        await asyncio.sleep(QUIET_SECONDS - LOUD_SECONDS)
        await stages.wait_for(QUIET)
        feeds.break_and_flood()
        await stages.wait_for(*AT_ONCE)
        await asyncio.to_thread(running.node.kill)
        await stages.wait_for(NODE_STOPS)
        await feeds.stop()
    return stages.seen


class _Stages:
    """Waits for what has to fire, one stage after the other."""

    def __init__(self, prometheus: str) -> None:
        self.seen: list[Seen] = []
        self._prometheus = prometheus
        self._begun = time.monotonic()

    async def wait_for(self, *faults: Fault) -> None:
        wanted = frozenset(alert for fault in faults for alert in fault.alerts)
        begun = time.monotonic()
        seconds = 0.0
        while seconds < PATIENCE_SECONDS and not wanted <= await self._fired():
            await asyncio.sleep(0.25)
            seconds = time.monotonic() - begun
        await asyncio.sleep(AFTER_SECONDS)
        before = frozenset(alert for one in self.seen for alert in one.fired)
        rest = await self._fired() - before
        for fault in faults:
            members = {member for _, member in fault.alerts}
            its = frozenset(one for one in rest if one[1] in members)
            self.seen.append(Seen(fault.name, fault.alerts, its, seconds))
            rest -= its
        if rest:
            self.seen.append(Seen("no fault of these", frozenset(), rest, seconds))

    async def _fired(self) -> frozenset[Fired]:
        seconds = time.monotonic() - self._begun
        return await asyncio.to_thread(fired, self._prometheus, seconds)
