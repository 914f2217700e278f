"""Header and trailer with a count around the records of a file: the frame of daily files."""

from collections.abc import Callable
from typing import Protocol

from adapters.families.lines import Codec, OpenFile, decoded
from adapters.reading import MALFORMED_PAYLOAD, ReadRecord, Received, compile_reader
from adapters.record import Record
from adapters.texts import BLANKS, is_count
from exchange.core.health_code import HealthCode
from exchange.core.outcome import Outcome, Reason, Rejected
from exchange.core.times import beijing_date

ReadLines = Callable[[bytes, ReadRecord, Received], list[Outcome]]
"""From a block of whole lines to one outcome for each that is not blank."""

COUNT_DIGITS_MAX = 18
"""No file has more records; longer digits are no count."""


class Frame(Protocol):
    """How header and trailer of a file are written."""

    issuer_field: str
    """What an error about the header's member code names."""

    def header(self, line: str) -> tuple[str, str] | None:
        """Give member code and count of a header, or None if the line is none."""

    def trailer(self, line: str) -> str | None:
        """Give the count of a trailer, or None if the line is none."""

    def write(self, member: str, date: int) -> tuple[str, str]:
        """Write header and trailer of a file with one record; the date is ``yyyymmdd``."""


class DelimitedFrame:
    """``HDR|member|yyyyMMdd|n`` and ``TRL|n``; further cells are ignored."""

    issuer_field = "HDR"

    def __init__(self, delimiter: str) -> None:
        self._delimiter = delimiter

    def _cells(self, line: str) -> list[str]:
        return [cell.strip(BLANKS) for cell in line.split(self._delimiter)]

    def header(self, line: str) -> tuple[str, str] | None:
        match self._cells(line):
            case ["HDR", code, _, count, *_]:
                return code, count
            case _:
                return None

    def trailer(self, line: str) -> str | None:
        match self._cells(line):
            case ["TRL", count, *_]:
                return count
            case _:
                return None

    def write(self, member: str, date: int) -> tuple[str, str]:
        return (
            self._delimiter.join(("HDR", member, f"{date:08d}", "1")),
            self._delimiter.join(("TRL", "1")),
        )


class FixedFrame:
    """``H`` member ``yyyyMMdd`` and a count of eight digits, ``T`` and the count, as in columns."""

    issuer_field = "H"

    def header(self, line: str) -> tuple[str, str] | None:
        line = line.strip(BLANKS)
        if line[:1] != "H" or len(line) < 23:  # noqa: PLR2004 - 1 + 6 + 8 + 8
            return None
        return line[1:7], line[15:23]

    def trailer(self, line: str) -> str | None:
        line = line.strip(BLANKS)
        return line[1:9] if line[:1] == "T" and len(line) >= 9 else None  # noqa: PLR2004 - 1 + 8

    def write(self, member: str, date: int) -> tuple[str, str]:
        return f"H{member}{date:08d}00000001", "T00000001"


class FramedLayout:
    """The layout of a file of lines with or without a frame."""

    def __init__(
        self,
        member: str,
        record: Record,
        codec: Codec,
        read_lines: ReadLines,
        frame: Frame | None,
    ) -> None:
        self.codec = codec
        self.has_header = self.has_trailer = frame is not None
        self._member = member
        self._frame = frame
        self._read_lines = read_lines
        self._read = compile_reader(member, record)

    def open(self, header: bytes, received: Received) -> OpenFile | Rejected:
        opened = _FramedFile(self, received)
        if self._frame is not None:
            line = decoded(header, self.codec)
            found = None if line is None else self._frame.header(line)
            if found is None or not _is_number(found[1]):
                return MALFORMED_PAYLOAD
            opened.expected = int(found[1])
            if found[0] != self._member:
                opened.failure = Rejected(Reason.ISSUER_MISMATCH, self._frame.issuer_field)
        return opened

    def read(self, block: bytes, received: Received) -> list[Outcome]:
        """Read a block of record lines."""
        return self._read_lines(block, self._read, received)

    def close(self, trailer: bytes, expected: int, records: int) -> Rejected | None:
        """Compare the counts of header and trailer with the records."""
        if self._frame is None:
            return None
        line = decoded(trailer, self.codec)
        count = None if line is None else self._frame.trailer(line)
        if count is None or not _is_number(count) or not expected == int(count) == records:
            return MALFORMED_PAYLOAD
        return None


class _FramedFile:
    """A file whose header has been read."""

    def __init__(self, layout: FramedLayout, received: Received) -> None:
        self.failure: Rejected | None = None
        self.expected = 0
        self._layout = layout
        self._received = received

    def read(self, block: bytes) -> list[Outcome]:
        return self._layout.read(block, self._received)

    def close(self, trailer: bytes, records: int) -> Rejected | None:
        return self._layout.close(trailer, self.expected, records)


def _is_number(count: str) -> bool:
    return is_count(count) and len(count.lstrip("0")) <= COUNT_DIGITS_MAX


def compile_frame(frame: Frame | None, member: str) -> Callable[[str, HealthCode], tuple[str, ...]]:
    """Build what puts a record line between header and trailer; the date is that of as-of."""

    def lines(line: str, code: HealthCode) -> tuple[str, ...]:
        if frame is None:
            return (line,)
        header, trailer = frame.write(member, beijing_date(code.as_of_ms))
        return header, line, trailer

    return lines
