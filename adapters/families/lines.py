"""Files of lines, read while their bytes arrive: what CSV, delimited and fixed-width files share.

Lines are cut as bytes, then decoded one by one. They end in LF or CRLF, the last end may be
missing, and lines with nothing but blanks give no outcome. A layout says what a header, a record
and a trailer are; the reader here knows where lines begin and end, and how far it is.
"""

from collections.abc import Callable
from functools import partial
from typing import Final, Literal, Protocol

from adapters.base import NO_KEYS, START, Format, Keys, Position
from adapters.reading import MALFORMED_PAYLOAD, Received
from adapters.record import Record
from adapters.texts import BLANKS
from adapters.writing import Value, Values, compile_writer
from exchange.core.health_code import Document, HealthCode
from exchange.core.outcome import Outcome, Rejected, Translated

Codec = Literal["utf-8", "gb18030"]

LINE_BYTES_MAX: Final = 4 * 1024 * 1024
"""A longer line is no record: it bounds what a reader keeps, at 10,000 times a usual line."""

PIECE_BYTES: Final = 256 * 1024
"""Bytes turned into outcomes at a time: large enough to be fast, small enough for the caches."""

# In the place of a line that is too long: no text in either codec, so it is read as malformed.
_UNDECODABLE: Final = b"\xff\x00line too long"
UTF8_MARK: Final = b"\xef\xbb\xbf"
_BLANK_BYTES: Final = b" \t\r\n"


class OpenFile(Protocol):
    """A file whose header has been read."""

    @property
    def failure(self) -> Rejected | None:
        """What the header already says to be wrong: the records then give no outcomes."""

    def read(self, block: bytes) -> list[Outcome]:
        """Give one outcome for each line of a block of whole lines that is not blank."""

    def close(self, trailer: bytes, records: int) -> Rejected | None:
        """Judge the whole, given the last line (for layouts with a trailer) and the records."""


class Layout(Protocol):
    """What the lines of a format are."""

    codec: Codec
    has_header: bool
    has_trailer: bool

    def open(self, header: bytes, received: Received) -> OpenFile | Rejected:
        """Read the header line; ``b""`` for layouts without one."""


def text_lines(block: bytes, codec: Codec) -> list[str | None]:
    """Decode the lines of a block, without their LF; None for one that cannot be decoded."""
    try:
        # No byte of a character of both codecs can be taken for LF, so the whole can be decoded at
        # once; only where that fails lines are looked at one by one.
        return list[str | None](block.decode(codec).split("\n"))
    except UnicodeDecodeError:
        return [decoded(line, codec) for line in block.split(b"\n")]


def decoded(line: bytes, codec: Codec) -> str | None:
    """Decode one line or cell, None if that fails."""
    try:
        return line.decode(codec)
    except UnicodeDecodeError:
        return None


def _is_blank(line: bytes, codec: Codec) -> bool:
    if line.isascii():
        return not line.strip(_BLANK_BYTES)
    text = decoded(line, codec)
    return text is not None and not text.strip(BLANKS)


class LineReader:
    """Reader of a file of lines; see ``adapters.base.Reader``."""

    def __init__(
        self, layout: Layout, received_ms: int, keys: Keys = NO_KEYS, resume: Position = START
    ) -> None:
        del keys  # No file of lines is signed as a whole.
        self.failure: Rejected | None = None
        """What is wrong with the whole, known after ``finish``."""
        self._layout = layout
        self._received = Received.at(received_ms)
        self._resume = self._position = resume
        self._records = resume.record_index
        self._opened: OpenFile | Rejected | None = None
        self._partial = bytearray()
        self._held = b""
        self._held_size = 0
        self._header = b""
        self._blocks: list[tuple[bytes, int]] = []
        self._split: tuple[bytes, list[bytes]] = b"", []
        self._fed = 0
        self._base = 0
        self._at_start = True
        if not layout.has_header:
            self._base = resume.byte_offset
            self._opened = layout.open(b"", self._received)

    @property
    def position(self) -> Position:
        return self._position

    def feed(self, chunk: bytes) -> list[Outcome]:
        outcomes: list[Outcome] = []
        self._blocks.clear()
        for start in range(0, len(chunk), PIECE_BYTES):
            outcomes += self._take(chunk[start : start + PIECE_BYTES])
        return outcomes

    def finish(self) -> list[Outcome]:
        self._blocks.clear()
        outcomes = self._read(self._complete(b""), self._fed)
        if isinstance(self._opened, Rejected):
            self.failure = self._opened
        elif self._opened is None:
            self.failure = MALFORMED_PAYLOAD
        else:
            self.failure = self._opened.close(self._held, self._records) or self._opened.failure
            self._position = Position(self._base + self._fed, self._records)
        return [*outcomes, self.failure] if self.failure else outcomes

    def raw(self, index: int) -> bytes | None:
        for block, count in self._blocks:
            if index < count:
                line = self._lines(block)[index]
                too_long = line.startswith(_UNDECODABLE)  # Its beginning is forgotten.
                return None if too_long else self._header + line + b"\n"
            index -= count
        return None

    def _lines(self, block: bytes) -> list[bytes]:
        """Give the lines of a block that have an outcome; the last block is remembered."""
        if self._split[0] is not block:
            # Lines with nothing but blanks give no outcome, all others give one.
            codec = self._layout.codec
            lines = [line for line in block.split(b"\n") if not _is_blank(line, codec)]
            self._split = block, lines
        return self._split[1]

    def _take(self, piece: bytes) -> list[Outcome]:
        """Read the lines that a piece completes, and keep the rest."""
        self._fed += len(piece)
        end = piece.rfind(b"\n") + 1
        if not end:
            self._partial += piece
            if len(self._partial) > LINE_BYTES_MAX:
                # Forget the bytes of the line, but not that it was too long.
                self._partial = bytearray(_UNDECODABLE)
                self._at_start = False
            return []
        block = self._complete(piece[:end])
        self._partial = bytearray(piece[end:])
        return self._read(block, self._fed - len(self._partial))

    def _complete(self, lines: bytes) -> bytes:
        """Put what was kept in front of whole lines."""
        block = bytes(self._partial) + lines
        self._partial = bytearray()
        if self._at_start and block:
            self._at_start = False
            if self._layout.codec == "utf-8":
                block = block.removeprefix(UTF8_MARK)
        line_end = block.find(b"\n")
        if line_end > LINE_BYTES_MAX:
            block = _UNDECODABLE + block[line_end:]
        return block

    def _read(self, block: bytes, end: int) -> list[Outcome]:
        """Read a block of whole lines; ``end`` counts the bytes fed up to its end."""
        if self._opened is None:
            opened, rest = self._open(block)
            if opened is None:
                return []
            self._opened = opened
            if self._resume.byte_offset:
                # The header was sent again; what follows goes on where the last stream ended.
                self._base = self._resume.byte_offset - (end - len(rest))
            block = rest
        if isinstance(self._opened, Rejected):
            return []
        if self._layout.has_trailer:
            block = self._hold_back(block)
        outcomes = self._opened.read(block)
        self._blocks.append((block, 0 if self._opened.failure else len(outcomes)))
        self._records += len(outcomes)
        if not self._held.startswith(_UNDECODABLE):  # Its length is not known any more.
            self._position = Position(self._base + end - self._held_size, self._records)
        return [] if self._opened.failure else outcomes

    def _open(self, block: bytes) -> tuple[OpenFile | Rejected | None, bytes]:
        """Read the header, the first line that is not blank; give also what follows it."""
        blanks = len(block) - len(block.lstrip(_BLANK_BYTES))
        start = block.rfind(b"\n", 0, blanks) + 1
        while start < len(block):
            end = block.find(b"\n", start) + 1 or len(block)
            line = block[start:end].removesuffix(b"\n")
            if not _is_blank(line, self._layout.codec):
                self._header = line + b"\n"
                return self._layout.open(line, self._received), block[end:]
            start = end
        return None, b""

    def _hold_back(self, block: bytes) -> bytes:
        """Keep the last line that is not blank, which may be the trailer; give what is before it.

        Blank lines after it are counted, not kept: there can be any number of them.
        """
        start, end = self._last_line(block)
        if start == end:
            self._held_size += len(block) if self._held else 0
            return b""
        before, self._held = self._held + block[:start], block[start:end]
        self._held_size = len(block) - start
        return before

    def _last_line(self, block: bytes) -> tuple[int, int]:
        """Find the last line that is not blank; an empty range if there is none."""
        filled = len(block.rstrip(_BLANK_BYTES))
        end = (block.find(b"\n", filled) + 1 or len(block)) if filled else 0
        while end > 0:
            start = block.rfind(b"\n", 0, end - 1) + 1
            if not _is_blank(block[start:end], self._layout.codec):
                return start, end
            end = start
        return 0, 0


class LineWriter(Protocol):
    """Makes the bytes of a file with one record."""

    def __call__(self, values: Values, code: HealthCode) -> bytes:
        """Write header, record and trailer, each line with its end."""


_LINE_BREAKS: Final = {ord("\r"): " ", ord("\n"): " "}


def cell_text(value: Value) -> str:
    """Give a value as it stands in a cell: each CR and LF becomes a blank."""
    return str(value).translate(_LINE_BREAKS)


def line_format(  # noqa: PLR0913 - what a format is made of
    format_id: str,
    *,
    family: str,
    content: str,
    layout: Layout,
    record: Record,
    write_lines: LineWriter,
    unknown_fields: Callable[[bytes, Keys], int] | None,
) -> Format:
    """Make a format of a layout, a record, what writes a file and what finds unknown fields."""
    new_reader = partial(LineReader, layout)
    write_record = compile_writer(record)

    def decode(payload: bytes, received_ms: int, keys: Keys = NO_KEYS) -> list[Outcome]:
        reader = new_reader(received_ms, keys)
        outcomes = reader.feed(payload)
        outcomes += reader.finish()
        # Read as a whole, a wrong header, trailer or count is the only outcome.
        return [reader.failure] if reader.failure else outcomes

    def decode_record(raw: bytes, received_ms: int, keys: Keys = NO_KEYS) -> Outcome:
        reader = new_reader(received_ms, keys)
        # A file with a trailer holds its last line back: one more line makes room for the record.
        outcomes = reader.feed(raw + b"-\n")
        return outcomes[0] if outcomes else reader.finish()[-1]

    def encode(issuer: str, document: Document, code: HealthCode, keys: Keys = NO_KEYS) -> bytes:
        del keys
        return write_lines(write_record(Translated(issuer, document, code)), code)

    return Format(
        id=format_id,
        member=format_id[:6],
        family=family,
        transport="lines",
        content=content,
        as_of_field=record.as_of_field,
        many=True,
        has_header=layout.has_header,
        decode=decode,
        encode=encode,
        reader=new_reader,
        decode_record=decode_record,
        unknown_fields=unknown_fields,
    )
