"""Numbered schema steps of the SQLite store. Steps only add."""

from exchange.stores.base import SchemaStep

STEPS: tuple[SchemaStep, ...] = (
    SchemaStep(
        version=1,
        compatible=1,
        summary="statements by subject, and marks",
        statements=(
            """
            CREATE TABLE IF NOT EXISTS statements (
                subject BLOB NOT NULL,
                issuer TEXT NOT NULL,
                via TEXT NOT NULL,
                write_time_us INTEGER NOT NULL,
                value BLOB NOT NULL,
                PRIMARY KEY (subject, issuer, via)
            ) WITHOUT ROWID, STRICT
            """,
            """
            CREATE TABLE IF NOT EXISTS marks (
                name TEXT NOT NULL PRIMARY KEY,
                value BLOB NOT NULL
            ) WITHOUT ROWID, STRICT
            """,
        ),
    ),
    SchemaStep(
        version=2,
        compatible=1,
        summary="shelves, for policies and samples of decisions",
        statements=(
            """
            CREATE TABLE IF NOT EXISTS shelves (
                shelf TEXT NOT NULL,
                key TEXT NOT NULL,
                version INTEGER NOT NULL,
                value BLOB NOT NULL,
                PRIMARY KEY (shelf, key)
            ) STRICT
            """,
        ),
    ),
    SchemaStep(
        version=3,
        compatible=1,
        summary="quarantine, for records that no adapter could read",
        statements=(
            """
            CREATE TABLE IF NOT EXISTS quarantine (
                member TEXT NOT NULL,
                key BLOB NOT NULL,
                head BLOB NOT NULL,
                sealed BLOB NOT NULL,
                PRIMARY KEY (member, key)
            ) STRICT
            """,
        ),
    ),
)
HEAD = STEPS[-1].version
"""The schema this release is written for."""

VERSIONS_TABLE = """
CREATE TABLE IF NOT EXISTS schema_versions (
    version INTEGER NOT NULL PRIMARY KEY,
    compatible INTEGER NOT NULL,
    summary TEXT NOT NULL
) STRICT
"""
"""Which steps were applied."""
