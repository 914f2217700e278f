"""What a process needs to take in what members hand in."""

import asyncio
import contextlib
import secrets
from concurrent.futures import ThreadPoolExecutor

from adapters.registry import FORMATS
from exchange.app.keys import load_format_keys, load_sealing_keys
from exchange.core.errors import StoreError
from exchange.operations.clock import Clock
from exchange.operations.drift import Drift
from exchange.operations.environment import Environment
from exchange.operations.formats import MemberFormats
from exchange.operations.publish import Publisher
from exchange.operations.quarantine import Quarantine, QuarantineLimits
from exchange.settings import Settings
from exchange.stores.base import Store


class TakingIn:
    """What a process needs to take in what members hand in."""

    def __init__(self, settings: Settings, store: Store, clock: Clock) -> None:
        """Take what is used; keys are read when there is a publisher."""
        self._settings = settings
        self._store = store
        self._clock = clock
        self._intake = ThreadPoolExecutor(max_workers=1, thread_name_prefix="intake")
        self.drift = Drift(store, clock, secrets.token_hex(8))
        self._quarantine: Quarantine | None = None

    @property
    def quarantine(self) -> Quarantine:
        """Where goes what no adapter could read.

        Raises:
            StartError: Its keys cannot be used.
        """
        if self._quarantine is None:
            settings = self._settings
            limits = QuarantineLimits(
                settings.quarantine_days,
                settings.quarantine_entries_max,
                settings.quarantine_bytes_max,
            )
            keys = load_sealing_keys(settings)
            self._quarantine = Quarantine(
                self._store.quarantine, keys, limits, self._clock, secrets.token_bytes
            )
        return self._quarantine

    def publisher(self, environment: Environment) -> Publisher:
        """Return what takes in records.

        Raises:
            StartError: A key cannot be used.
        """
        formats = MemberFormats(FORMATS, load_format_keys(self._settings.format_keys_dir))
        return Publisher(environment, formats, self.quarantine, self.drift, self._intake)

    async def close(self, *, flush: bool) -> None:
        """Finish what was begun; the store is closed by whoever opened it."""
        await asyncio.to_thread(self._intake.shutdown)
        if flush:
            with contextlib.suppress(StoreError):
                await self.drift.flush()
