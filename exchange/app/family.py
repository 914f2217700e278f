"""The processes of one server: how many of each, and what a worker knows of the others."""

import os
from pathlib import Path

import msgspec

from exchange.settings import Settings


class Family(msgspec.Struct, frozen=True):
    """What a worker knows of the other processes of its server.

    Attributes:
        port: All workers listen on it.
        figures_dir: Where to leave figures for the parent; None: nobody asks for them.
        publishers: Addresses of the processes that take in streams.
    """

    port: int
    figures_dir: Path | None
    publishers: tuple[str, ...]


def worker_count(settings: Settings) -> int:
    """Return how many workers serve together."""
    return settings.workers or len(os.sched_getaffinity(0))


def publisher_count(settings: Settings) -> int:
    """Return how many processes take in streams."""
    return settings.publishers or max(1, worker_count(settings) // 2)
