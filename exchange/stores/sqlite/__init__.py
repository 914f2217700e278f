"""The embedded store: one SQLite file, the default for one machine and for learning."""

from exchange.stores.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
