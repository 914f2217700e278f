"""A whole server, parent and workers, for load programs: ``python -m loadtest.serve``.

Settings come from the environment; the port is the first line of standard output.
"""

import sys

from exchange.app import serve
from exchange.server.logs import configure_logs
from exchange.settings import Settings


def announce(port: int) -> None:
    """Say the port."""
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    settings = Settings()
    configure_logs(settings)
    raise SystemExit(0 if serve(settings, announce) else 1)
