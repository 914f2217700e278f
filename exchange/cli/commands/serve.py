"""`serve`: run the exchange in the foreground."""

import asyncio

import structlog

from exchange import app
from exchange.cli.exits import ExitCode
from exchange.cli.setting_options import ALL_SETTINGS, with_settings
from exchange.server.logs import configure_logs
from exchange.settings import Settings


@with_settings(*ALL_SETTINGS)
def serve(settings: Settings) -> int:
    """Run the exchange in the foreground until SIGTERM or Ctrl-C; calls that run then finish.

    Each setting can also be given in the environment, as HEALTH_EXCHANGE_PORT=7443, or in the TOML
    file that HEALTH_EXCHANGE_SETTINGS names; options come first, then the environment.
    """
    asyncio.run(_check_store(settings))
    configure_logs(settings)
    log = structlog.get_logger("exchange.serve")

    def announce(port: int) -> None:
        if settings.insecure_loopback:
            log.warning(
                "plaintext",
                meaning="No transport security: callers are believed what they say of themselves. "
                "On a loopback address only.",
            )
        log.info("serving", host=settings.host, port=port, store=settings.store)

    drained = app.serve(settings, announce)
    log.info("stopped", drained=drained)
    return ExitCode.DONE if drained else ExitCode.UNAVAILABLE


async def _check_store(settings: Settings) -> None:
    """Look at the store once before workers are started: they would all say the same of it."""
    async with app.connected_store(settings) as store:
        await store.check()
