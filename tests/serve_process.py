"""A whole server, parent and workers, as a process of its own: ``python -m tests.serve_process``.

Settings come from the environment. The port is the first line of standard output.
"""

import sys

from exchange.app import serve
from exchange.core.errors import ExchangeError
from exchange.server.logs import configure_logs
from exchange.settings import Settings


def announce(port: int) -> None:
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()


def main() -> int:
    settings = Settings()
    configure_logs(settings)
    try:
        return 0 if serve(settings, announce) else 1
    except ExchangeError as error:
        sys.stdout.write(f"{error}\n")
        return 6


if __name__ == "__main__":
    raise SystemExit(main())
