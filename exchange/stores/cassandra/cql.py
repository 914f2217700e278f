"""The statements of the Cassandra store, by what they do."""

COMPONENT = "exchange"
"""Whose schema it is: the one partition of ``schema_versions``."""


class Cql:
    """All statements for one keyspace; names are qualified, so a session needs no keyspace."""

    def __init__(self, keyspace: str) -> None:
        statements = f"{keyspace}.statements"
        marks = f"{keyspace}.marks"
        versions = f"{keyspace}.schema_versions"
        shelves = f"{keyspace}.shelves"
        # The keyspace is checked in the settings; everything else is bound.
        self.schema_state = (
            f"SELECT version, compatible FROM {versions} WHERE component = %s LIMIT 1"  # noqa: S608
        )
        self.record_step = (
            f"INSERT INTO {versions} (component, version, compatible, summary) "  # noqa: S608
            "VALUES (%s, %s, %s, %s)"
        )
        self.insert = (
            f"INSERT INTO {statements} (subject, issuer, via, value) "  # noqa: S608
            "VALUES (?, ?, ?, ?) USING TIMESTAMP ?"
        )
        self.read_one = f"SELECT issuer, via, value FROM {statements} WHERE subject = ?"  # noqa: S608
        self.read_many = (
            f"SELECT subject, issuer, via, value FROM {statements} "  # noqa: S608
            "WHERE subject IN ?"
        )
        self.read_times = (
            f"SELECT issuer, via, value, writetime(value) FROM {statements} "  # noqa: S608
            "WHERE subject = ?"
        )
        self.sweep_page = (
            "SELECT token(subject), subject, issuer, via, writetime(value) "  # noqa: S608
            f"FROM {statements} WHERE token(subject) > ? AND token(subject) <= ?"
        )
        self.remove = (
            f"DELETE FROM {statements} USING TIMESTAMP ? "  # noqa: S608
            "WHERE subject = ? AND issuer = ? AND via = ?"
        )
        self.read_mark = f"SELECT value FROM {marks} WHERE name = ?"  # noqa: S608
        self.add_mark = f"INSERT INTO {marks} (name, value) VALUES (?, ?) IF NOT EXISTS"  # noqa: S608
        self.replace_mark = f"UPDATE {marks} SET value = ? WHERE name = ? IF value = ?"  # noqa: S608
        self.read_shelf = f"SELECT key, version, value FROM {shelves} WHERE shelf = ?"  # noqa: S608
        self.read_item = f"SELECT key, version, value FROM {shelves} WHERE shelf = ? AND key = ?"  # noqa: S608
        self.add_item = (
            f"INSERT INTO {shelves} (shelf, key, version, value) "  # noqa: S608
            "VALUES (?, ?, 1, ?) IF NOT EXISTS"
        )
        self.replace_item = (
            f"UPDATE {shelves} SET version = ?, value = ? "  # noqa: S608
            "WHERE shelf = ? AND key = ? IF version = ?"
        )
        self.remove_item = f"DELETE FROM {shelves} WHERE shelf = ? AND key = ? IF EXISTS"  # noqa: S608
