"""What workers of the parent's tests do; spawned processes import them by name."""

import os
import signal
from multiprocessing.connection import Connection

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
    reports.send_bytes(msgspec.json.encode(Report("The store is away.", store_failed=True)))


def serve(reports: Connection) -> None:
    reports.send_bytes(msgspec.json.encode(Report()))
    signal.pause()


def serve_and_ignore_signals(reports: Connection) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    reports.send_bytes(msgspec.json.encode(Report()))
    while True:
        signal.pause()
