"""Reads through a mapping of the file, while commits are few enough for that to be quicker."""

import sqlite3

_LOOKUPS_PER_MIB = 35
"""Lookups between two commits that pay for a mapping of a MiB: measured 3,500 at 85 MiB and 25,000
at 850. SQLite drops the mapping at each commit that the reader sees, whoever made it, and each
64 KiB of the file cost a page fault when they are first read again."""
_LOOKUPS_MIN = 1_000
"""Between two looks at how many commits there were; a look takes some 5 us."""


class Mapping:
    """Maps the file of a connection while at most one commit comes in a period.

    A period has as many lookups as pay for making the mapping anew.
    """

    def __init__(self, connection: sqlite3.Connection, mapped_mib: int) -> None:
        """Take a connection that only reads, and how much of the file may be mapped; 0: nothing."""
        self._connection = connection
        self._bytes_max = mapped_mib << 20
        self._mapped = False
        self._drops = 0
        self._left = 0
        if self._bytes_max:
            self._look()

    def count(self, lookups: int) -> None:
        """Note lookups, before they are made; no cursor may be open."""
        self._left -= lookups
        if self._left < 0 < self._bytes_max:
            self._look()

    def _look(self) -> None:
        # Of a connection this counts how often it found the file changed by others, which is how
        # often it dropped what it had of it.
        drops = self._ask("data_version")
        wanted = drops - self._drops <= 1
        self._drops = drops
        if wanted != self._mapped:
            # The answer, which a build's own limit may make less, does not matter: what is beyond
            # is read as without a mapping. A build that has none answers nothing.
            self._connection.execute(f"PRAGMA mmap_size = {self._bytes_max if wanted else 0}")
            self._mapped = wanted
        file_bytes = self._ask("page_count") * self._ask("page_size")
        mapped_mib = min(file_bytes, self._bytes_max) >> 20
        self._left = max(_LOOKUPS_MIN, mapped_mib * _LOOKUPS_PER_MIB)

    def _ask(self, pragma: str) -> int:
        found: int = self._connection.execute(f"PRAGMA {pragma}").fetchone()[0]
        return found
