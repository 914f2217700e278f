"""How files of lines are made up: header, a line a record, trailer; seen from what is written."""

import msgspec

from adapters.base import NO_KEYS, Format
from exchange.core.health_code import Document, DocumentType, HealthCode, Level, State
from exchange.core.outcome import NotRepresentableError

_SOMEBODY = Document(DocumentType.RESIDENT_ID, "510102190402290011")
"""The person of the catalogue's examples."""
_AS_OF_MS = 1_648_771_200_000


class Parts(msgspec.Struct, frozen=True):
    """A file with one record, taken apart.

    Attributes:
        header: Its first line, or ``b""``.
        record: The line of the record.
        trailer: The line after it, or ``b""``.
    """

    header: bytes
    record: bytes
    trailer: bytes


def take_apart(found: Format, payload: bytes) -> Parts:
    """Take apart what a format of lines wrote for one record."""
    lines = _lines(payload)
    header = lines.pop(0) if found.has_header else b""
    return Parts(header, lines[0], b"".join(lines[1:]))


def _lines(payload: bytes) -> list[bytes]:
    """Cut at LF only: other line ends may be part of a character."""
    return [line + b"\n" for line in payload.removesuffix(b"\n").split(b"\n")]


def trailer_lines(found: Format) -> bool:
    """Tell whether files of a format end in a line that counts the others."""
    for level in (Level.MEDIUM, Level.LOW):
        code = HealthCode(_AS_OF_MS, level, State.ACTIVE)
        try:
            payload = found.encode(found.member, _SOMEBODY, code, NO_KEYS)
        except NotRepresentableError:
            continue
        return bool(take_apart(found, payload).trailer)
    return False


def counted(line: bytes, count: int) -> bytes:
    """Put a count in the place of the 1 that ends a header or trailer line.

    Zeros before the 1 make room, so that a padded count keeps its width.
    """
    text = line.rstrip(b"\r\n")
    end = line[len(text) :]
    digits = str(count).encode()
    before = text[:-1]
    room = min(len(digits) - 1, len(before) - len(before.rstrip(b"0")))
    return before[: len(before) - room] + digits + end
