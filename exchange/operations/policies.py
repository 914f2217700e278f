"""Policies in use: what is in force now for every destination, on every worker.

Each worker looks at the ledgers once a second, so that a change is used everywhere within two. What
is to come in force later is made ready before, and comes in force by the clock alone. What cannot
be made ready leaves what was known in use; where nothing was known yet, checks for that destination
end with an error until it can.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Mapping

import msgspec
import structlog

from exchange.core.compiled_policy import FOREVER_MS, CompiledPolicy
from exchange.core.errors import StoreError, StoreUnavailableError
from exchange.core.members import MEMBERS
from exchange.core.policy_ledger import NO_REVISION
from exchange.metrics import POLICY_READS
from exchange.operations.clock import Clock
from exchange.operations.policy_shelf import PolicyShelf, StoredLedger
from exchange.operations.shipped import default_for

POLL_SECONDS = 1.0
"""A change is used within two seconds: one to see it, and what reading and compiling take."""

_OK, _DEFECT, _UNREADABLE = ("ok",), ("defect",), (StoreError.reason,)
_log = structlog.get_logger("exchange.policies")


class _InForce(msgspec.Struct, frozen=True):
    """The revisions of a destination from now on: from when each is in force, in order.

    Each bounds its decisions by the time of the next: none is relied upon under another policy.
    """

    version: int
    times_ms: tuple[int, ...]
    policies: tuple[CompiledPolicy, ...]

    def at(self, now_ms: int) -> CompiledPolicy:
        return self.policies[bisect_right(self.times_ms, now_ms) - 1]


class _NotReady(msgspec.Struct, frozen=True):
    """Stands where nothing is known to decide by: neither the default nor a guess would be right.

    Attributes:
        destination: Whose policy it is.
        version: Of no ledger, so that each look tries again.
        policies: None are compiled.
    """

    destination: str
    version: int = 0
    policies: tuple[CompiledPolicy, ...] = ()

    def at(self, now_ms: int) -> CompiledPolicy:
        del now_ms
        raise StoreError(
            f"The policy of {self.destination} cannot be read by this release.",
            destination=self.destination,
        )


class PoliciesInForce:
    """Knows the policy of every destination at an instant, the national default where none is."""

    def __init__(self, shelf: PolicyShelf, clock: Clock) -> None:
        self._shelf = shelf
        self._clock = clock
        self._default = {
            member.code: CompiledPolicy(default_for(member.code), member.code) for member in MEMBERS
        }
        self._published: dict[str, _InForce | _NotReady] = {}
        self._looking = asyncio.Lock()

    def of(self, destination: str, now_ms: int) -> CompiledPolicy:
        """Return the policy of a destination that is in force at an instant, now or later.

        Raises:
            StoreError: It could not be made ready since the start.
        """
        found = self._published.get(destination)
        return self._default[destination] if found is None else found.at(now_ms)

    async def load(self) -> None:
        """Look for the first time: what cannot be made ready costs its destination, not the start.

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        for destination, error in (await self.look()).items():
            if isinstance(error, StoreUnavailableError):
                raise error
            _log.error("policy_not_ready", destination=destination, exc_info=error)
            self._published[destination] = _NotReady(destination)

    async def refresh(self) -> None:
        """Look at the ledgers and make ready what has changed.

        A policy that cannot be made ready keeps no other from it.

        Raises:
            StoreError: The store does not answer, or holds what this release cannot read. What
                was known stays in use.
        """
        for error in (await self.look()).values():
            raise error

    async def look(self) -> dict[str, Exception]:
        """Make ready what has changed; return what is in the way, by destination.

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        failures: dict[str, Exception] = {}
        async with self._looking:  # What was read earlier must not be put in place later.
            for destination, stored in (await self._shelf.ledgers()).items():
                if destination not in self._default:
                    continue
                try:
                    await self._take(destination, stored)
                except Exception as error:  # noqa: BLE001 - told when all have had their turn.
                    failures[destination] = error
        return failures

    async def _take(self, destination: str, stored: StoredLedger | StoreError) -> None:
        if isinstance(stored, StoreError):
            raise stored
        if self._is_new(destination, stored):
            self._published[destination] = await self._made_ready(destination, stored)

    async def follow(self) -> None:
        """Refresh again and again until cancelled."""
        POLICY_READS.begin(_OK, _DEFECT, _UNREADABLE)
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                await self.refresh()
                POLICY_READS.add(_OK)
            except StoreError as error:
                POLICY_READS.add((error.reason,))
                _log.warning("policies_not_read", reason=error.reason)
            except Exception as error:  # noqa: BLE001 - one bad revision must not end the looking.
                POLICY_READS.add(_DEFECT)
                _log.error("policy_not_ready", exc_info=error)

    def _is_new(self, destination: str, stored: StoredLedger) -> bool:
        known = self._published.get(destination)
        return known is None or known.version != stored.version

    async def _made_ready(self, destination: str, stored: StoredLedger) -> _InForce:
        ledger, now_ms = stored.ledger, self._clock()
        wanted = [(0, ledger.in_force(now_ms))]
        wanted += [(one.valid_from_ms, one.revision) for one in ledger.scheduled(now_ms)]
        compiled: dict[int, CompiledPolicy] = self._compiled(destination)
        for _, revision in wanted:
            if revision not in compiled:
                content = await self._shelf.content(destination, revision)
                # Checks go on meanwhile: the largest policy takes some tenths of a second.
                compiled[revision] = await asyncio.to_thread(CompiledPolicy, content, destination)
        times_ms = tuple(time for time, _ in wanted)
        lasts_ms = (*(time - 1 for time in times_ms[1:]), FOREVER_MS)
        policies = tuple(
            compiled[revision].until(last_ms)
            for (_, revision), last_ms in zip(wanted, lasts_ms, strict=True)
        )
        return _InForce(stored.version, times_ms, policies)

    def _compiled(self, destination: str) -> dict[int, CompiledPolicy]:
        """Return what is compiled already: contents never change."""
        known = self._published.get(destination)
        found: Mapping[int, CompiledPolicy] = {
            one.policy.revision: one
            for one in (() if known is None else known.policies)
            if one.policy.name == destination
        }
        return {**found, NO_REVISION: self._default[destination]}
