"""Shelves of the SQLite store: small items with versions."""

import sqlite3

from exchange.stores.base import ShelfItem


def read_shelf(connection: sqlite3.Connection, name: str) -> tuple[ShelfItem, ...]:
    """Return all items by key."""
    rows = connection.execute(
        "SELECT key, version, value FROM shelves WHERE shelf = ? ORDER BY key", (name,)
    )
    return tuple(ShelfItem(*row) for row in rows)


def read_item(connection: sqlite3.Connection, name: str, key: str) -> ShelfItem | None:
    """Return one item, or None."""
    row = connection.execute(
        "SELECT key, version, value FROM shelves WHERE shelf = ? AND key = ?", (name, key)
    ).fetchone()
    return None if row is None else ShelfItem(*row)


def set_item(
    connection: sqlite3.Connection, name: str, key: str, value: bytes, expected: int
) -> bool:
    """Put or change an item if its version is the expected one."""
    if expected == 0:
        cursor = connection.execute(
            "INSERT INTO shelves (shelf, key, version, value) VALUES (?, ?, 1, ?) "
            "ON CONFLICT (shelf, key) DO NOTHING",
            (name, key, value),
        )
    else:
        cursor = connection.execute(
            "UPDATE shelves SET version = version + 1, value = ? "
            "WHERE shelf = ? AND key = ? AND version = ?",
            (value, name, key, expected),
        )
    return cursor.rowcount == 1


def remove_item(connection: sqlite3.Connection, name: str, key: str) -> None:
    """Take an item away."""
    connection.execute("DELETE FROM shelves WHERE shelf = ? AND key = ?", (name, key))
