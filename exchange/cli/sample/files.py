"""Native files of any size, joined from what formats write for one record at a time."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from adapters.base import Format, Keys
from exchange.cli.lines import counted, take_apart, trailer_lines
from exchange.cli.uploads import PAYLOADS_SUFFIX
from exchange.core.health_code import Document, HealthCode
from exchange.core.outcome import NotRepresentableError


def file_name(found: Format) -> str:
    """Return how a sample file of a format is called: documents stand one a line."""
    return found.id + (".txt" if found.transport == "lines" else PAYLOADS_SUFFIX)


def written(
    found: Format, document: Document, codes: Iterable[HealthCode], keys: Keys, issuer: str = ""
) -> bytes | None:
    """Return the first health code that a format can carry, as it writes it; None if none."""
    for code in codes:
        try:
            return found.encode(issuer or found.member, document, code, keys)
        except NotRepresentableError:
            continue
    return None


class NativeFile:
    """A file of one format that grows record by record; close it to complete it."""

    def __init__(self, path: Path, found: Format) -> None:
        self.path = path
        self.format = found
        self.count = 0
        self._header = self._trailer = b""
        # A counting header can only be written at the end, so the records wait beside the file.
        self._apart = found.transport == "lines" and trailer_lines(found)
        self._records: BinaryIO = self._records_path.open("wb")

    @property
    def _records_path(self) -> Path:
        return self.path.with_name(self.path.name + ".part") if self._apart else self.path

    def add(self, payload: bytes) -> None:
        """Add a record, as the format wrote it."""
        if self.format.transport == "document":
            self._records.write(payload + b"\n")
        else:
            self._add_line(payload)
        self.count += 1

    def _add_line(self, payload: bytes) -> None:
        parts = take_apart(self.format, payload)
        if not self.count:
            self._header, self._trailer = parts.header, parts.trailer
            if not self._apart:
                self._records.write(parts.header)
        self._records.write(parts.record)

    def close(self) -> None:
        """Complete the file."""
        self._records.close()
        if not self._apart:
            return
        with self.path.open("wb") as whole, self._records_path.open("rb") as records:
            whole.write(counted(self._header, self.count))
            shutil.copyfileobj(records, whole)
            whole.write(counted(self._trailer, self.count))
        self._records_path.unlink()
