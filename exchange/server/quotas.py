"""Quotas of members: read from a file, read again when it changes, and kept account of per worker.

Each worker enforces its share, the quota divided by the number of workers: nothing has to be shared
between them. A member that uses its whole quota opens connections enough to reach all workers.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from exchange.core.caller import Caller
from exchange.core.errors import QuotaExceededError, StartError
from exchange.core.members import BY_CODE
from exchange.core.quota import CallerLimits, carried_over, charge, wait_ns
from exchange.metrics import QUOTA_PER_SECOND, QUOTA_REFUSALS

RELOAD_SECONDS = 2.0
"""How often the file is looked at."""

LOOKUPS = "lookups"
RECORDS = "records"

NO_LIMITS = CallerLimits()

_log = structlog.get_logger("exchange.quotas")


def read_limits(path: Path) -> CallerLimits:
    """Read the quotas of members from a TOML file.

    Raises:
        StartError: It cannot be read, has a wrong entry, or names a member that does not take part.
    """
    try:
        limits = msgspec.toml.decode(path.read_bytes(), type=CallerLimits)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StartError(f"The limits file {path.name} cannot be used: {error}") from error
    unknown = sorted(set(limits.members) - set(BY_CODE))
    if unknown:
        raise StartError(f"The limits file {path.name} names no member: {', '.join(unknown)}.")
    return limits


class Quotas:
    """Keeps account of what members used, in memory of fixed size: two numbers per member."""

    def __init__(
        self, limits: CallerLimits = NO_LIMITS, clock_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        """Begin with nothing used.

        Args:
            limits: What this worker enforces, its share already.
            clock_ns: A clock that never goes back.
        """
        self._limits = limits
        self._clock_ns = clock_ns
        self._paid_until_ns: dict[tuple[str, str], int] = {}
        _show(limits)

    @property
    def limits(self) -> CallerLimits:
        """What is enforced."""
        return self._limits

    @property
    def is_limiting(self) -> bool:
        """Whether anybody has used something of a quota."""
        return bool(self._paid_until_ns)

    def change(self, limits: CallerLimits) -> None:
        """Enforce other limits from now on; what was used stays used."""
        now_ns = self._clock_ns()
        carried = {}
        for (quota, member), paid_ns in self._paid_until_ns.items():
            old = getattr(self._limits.of(member), quota)
            new = getattr(limits.of(member), quota)
            if old is not None and new is not None:
                carried[quota, member] = carried_over(old, new, paid_ns, now_ns)
        self._limits, self._paid_until_ns = limits, carried
        _show(limits)

    def wait_ns(self, quota: str, caller: Caller) -> int:
        """Return how long a caller has to wait until it is let in; 0: it is let in now."""
        allowance = getattr(self._limits.of(caller.member), quota)
        if allowance is None or not caller.member:
            return 0
        paid = self._paid_until_ns.get((quota, caller.member), 0)
        return wait_ns(allowance, paid, self._clock_ns())

    def require(self, quota: str, caller: Caller) -> None:
        """Let a caller in that has something left.

        Raises:
            QuotaExceededError: It has used up what it may; the error says how long to wait.
        """
        wait = self.wait_ns(quota, caller)
        if wait:
            raise QuotaExceededError(quota, wait)

    def charge(self, quota: str, caller: Caller, items: int) -> None:
        """Charge a member with what a call of it held, into debt if need be."""
        allowance = getattr(self._limits.of(caller.member), quota)
        if allowance is None or not caller.member:
            return
        key = (quota, caller.member)
        paid = self._paid_until_ns.get(key, 0)
        self._paid_until_ns[key] = charge(allowance, paid, self._clock_ns(), items)


def _show(limits: CallerLimits) -> None:
    """Say what is in force; the shares of all workers add up to the whole."""
    quotas = {
        (member, quota): getattr(limits.of(member), quota)
        for member in BY_CODE
        for quota in (LOOKUPS, RECORDS)
    }
    there: dict[tuple[str, ...], float] = {
        labels: one.per_second for labels, one in quotas.items() if one is not None
    }
    QUOTA_PER_SECOND.replace(there)
    QUOTA_REFUSALS.begin(*there)


class ReloadingLimits:
    """The quotas of a file, given to an account whenever the file changes."""

    def __init__(self, path: Path, workers: int, quotas: Quotas) -> None:
        """Read the file for the first time.

        Raises:
            StartError: It cannot be used.
        """
        self._path = path
        self._workers = workers
        self._quotas = quotas
        self._seen = self._fingerprint()
        quotas.change(read_limits(path).share(workers))

    def _fingerprint(self) -> tuple[int, int, int]:
        try:
            found = self._path.stat()
        except OSError:
            return (0, 0, 0)
        return (found.st_mtime_ns, found.st_size, found.st_ino)

    def reload(self) -> bool:
        """Take over what the file says if it has changed and is good; tell whether it was."""
        seen = self._fingerprint()
        if seen == self._seen:
            return False
        self._seen = seen
        try:
            limits = read_limits(self._path)
        except StartError as error:
            _log.warning("limits_not_reloaded", cause=str(error))
            return False
        self._quotas.change(limits.share(self._workers))
        _log.info("limits_reloaded", members=len(limits.members))
        return True

    async def follow(self) -> None:
        """Look at the file for ever."""
        while True:
            await asyncio.sleep(RELOAD_SECONDS)
            self.reload()
