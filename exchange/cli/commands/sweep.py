"""`sweep`: remove from the store what is past retention."""

import asyncio
import secrets

import msgspec

from exchange.app import connected_store
from exchange.cli.options import Json
from exchange.cli.output import out, print_json
from exchange.cli.progress import progress
from exchange.cli.setting_options import STORE_SETTINGS, with_settings
from exchange.core.members import BY_CODE
from exchange.operations.clock import system_clock
from exchange.operations.quarantine import DAYS_MAX, Quarantine, QuarantineLimits
from exchange.operations.recording import sweep_samples
from exchange.operations.retention import remembered_horizon_ms
from exchange.settings import Settings
from exchange.stores.base import SweepProgress


@with_settings(*STORE_SETTINGS)
def sweep(settings: Settings, *, json: Json = False) -> None:
    """Remove statements that are past the retention the exchange was last served with.

    Quarantine entries and recorded decisions past their time go too. All of it is hidden already;
    this gives the room back. Stopping half-way is safe.
    """
    swept = asyncio.run(_sweep(settings))
    if json:
        print_json({"scanned_count": swept.scanned_count, "removed_count": swept.removed_count})
    else:
        out().print(f"{swept.scanned_count:,} rows looked at, {swept.removed_count:,} removed.")


async def _sweep(settings: Settings) -> SweepProgress:
    last = SweepProgress(0, 0, 0.0)
    async with connected_store(settings) as store:
        await store.check()
        horizon_ms = await remembered_horizon_ms(store, system_clock())
        if horizon_ms is None:  # Never served: there is nothing that could be too old.
            return last
        with progress("Sweeping", 1.0) as advance:
            async for now in store.sweep(horizon_ms):
                advance(now.fraction - last.fraction, now.scanned_count - last.scanned_count)
                last = now
        # By the limit that each entry came with, whatever the settings of this command are.
        limits = QuarantineLimits(days=DAYS_MAX)
        quarantine = Quarantine(store.quarantine, None, limits, system_clock, secrets.token_bytes)
        swept = await quarantine.sweep()
        swept += await sweep_samples(store, BY_CODE, system_clock)
        return msgspec.structs.replace(last, removed_count=last.removed_count + swept)
