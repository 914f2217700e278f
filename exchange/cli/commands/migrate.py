"""`migrate`: bring the store's schema to this release."""

import asyncio

from exchange.app import connected_store
from exchange.cli.options import Json
from exchange.cli.output import out, print_json
from exchange.cli.setting_options import STORE_SETTINGS, with_settings
from exchange.settings import Settings
from exchange.stores.base import SchemaState, SchemaStep


@with_settings(*STORE_SETTINGS)
def migrate(settings: Settings, *, json: Json = False) -> None:
    """Apply the schema steps that are missing. They only add; running it again is safe."""
    steps, state = asyncio.run(_migrate(settings))
    if json:
        versions = [step.version for step in steps]
        print_json({"applied_versions": versions, "version": state.version})
        return
    for step in steps:
        out().print(f"Applied step {step.version}: {step.summary}.")
    out().print(f"The schema of the {settings.store} store is at version {state.version}.")


async def _migrate(settings: Settings) -> tuple[tuple[SchemaStep, ...], SchemaState]:
    async with connected_store(settings) as store:
        return await store.migrate(), await store.schema_state()
