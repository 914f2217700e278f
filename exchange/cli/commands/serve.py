"""`serve`: run the exchange in the foreground."""

import structlog

from exchange.cli import running
from exchange.cli.options import ALL_SETTINGS, with_settings
from exchange.server.logs import configure_logs
from exchange.settings import Settings


@with_settings(*ALL_SETTINGS)
def serve(settings: Settings) -> None:
    """Run the exchange in the foreground until SIGTERM or Ctrl-C; calls that run then finish.

    Each setting can also be given in the environment, as HEALTH_EXCHANGE_PORT=7443, or in the TOML
    file that HEALTH_EXCHANGE_SETTINGS names; options come first, then the environment.
    """
    configure_logs(settings)
    running.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    log = structlog.get_logger("exchange.serve")
    stop = running.stop_on_signals()
    exchange = await running.start(settings)
    log.warning(
        "plaintext",
        meaning="No transport security: callers are believed what they say. Loopback only.",
    )
    log.info("serving", host=settings.host, port=exchange.port, store=settings.store)
    await stop.wait()
    log.info("draining")
    await exchange.stop()
    log.info("stopped")
