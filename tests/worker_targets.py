"""What workers of the parent's tests do; spawned processes import them by name."""

import os
import signal
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec

from exchange.server.worker import Report


def serve_then_die(reports: Connection) -> None:
    reports.send_bytes(msgspec.json.encode(Report()))
    reports.close()
    os._exit(3)


def die_at_once(reports: Connection) -> None:
    del reports
    os._exit(4)


def refuse(reports: Connection) -> None:
    reports.send_bytes(msgspec.json.encode(Report("The key file is missing.")))


def miss_the_store(reports: Connection) -> None:
    report = Report("The store is away.", store_failed=True, unreachable=True)
    reports.send_bytes(msgspec.json.encode(report))


def find_an_old_schema(reports: Connection) -> None:
    report = Report("The schema is behind: run migrate.", store_failed=True)
    reports.send_bytes(msgspec.json.encode(report))


def serve_once_then_miss_the_store(reports: Connection) -> None:
    """Serve and die if it is the first to come, else find the store away."""
    place = Path(os.environ["FIRST_CAME"])
    try:
        place.touch(exist_ok=False)
    except FileExistsError:
        miss_the_store(reports)
    else:
        serve_then_die(reports)


def serve(reports: Connection) -> None:
    reports.send_bytes(msgspec.json.encode(Report()))
    signal.pause()


def serve_and_ignore_signals(reports: Connection) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    reports.send_bytes(msgspec.json.encode(Report()))
    while True:
        signal.pause()
