"""CSV files whose columns are found by a header, quoted as in RFC 4180."""

from operator import itemgetter
from typing import Final

from adapters.base import Format, Keys
from adapters.families.lines import (
    UTF8_MARK,
    Codec,
    OpenFile,
    cell_text,
    decoded,
    line_format,
    text_lines,
)  # fmt: skip
from adapters.families.names import count_unknown_names
from adapters.reading import (
    MALFORMED_PAYLOAD,
    MALFORMED_RECORD,
    ReadRecord,
    Received,
    compile_reader,
)  # fmt: skip
from adapters.record import Record
from adapters.texts import BLANKS
from adapters.writing import Values
from exchange.core.health_code import HealthCode
from exchange.core.outcome import Outcome, Rejected

COLUMNS_MAX: Final = 1_000
"""No file has more: each short line is filled up to the number of columns of the header."""

_BLANK_BYTES: Final = b" \t\r\n"
_NEEDS_QUOTES: Final = frozenset(',"\r\n')


def split_cells(line: str) -> list[str] | None:
    """Cut a line that holds quotes into cells; None if its quoting is wrong.

    A cell that begins with a quote is quoted; a quote further inside stands for itself.
    """
    cells = []
    at, length = 0, len(line)
    while True:
        if line.startswith('"', at):
            parts, at = [], at + 1
            while True:
                end = line.find('"', at)
                if end < 0:
                    return None
                parts.append(line[at:end])
                at = end + 1
                if not line.startswith('"', at):
                    break
                at += 1
            cells.append('"'.join(parts))
            if at < length and line[at] != ",":
                return None
        else:
            end = line.find(",", at)
            end = length if end < 0 else end
            cells.append(line[at:end])
            at = end
        if at >= length:
            return cells
        at += 1


def _cells(line: str) -> list[str] | None:
    line = line.removesuffix("\r")
    return split_cells(line) if '"' in line else line.split(",")


class CsvLayout:
    """The layout of a CSV file."""

    has_header = True
    has_trailer = False

    def __init__(self, member: str, record: Record, codec: Codec) -> None:
        self.codec = codec
        self._record = record
        self._read = compile_reader(member, record)

    def open(self, header: bytes, received: Received) -> OpenFile | Rejected:
        names = self._names(header)
        if names is None:
            return MALFORMED_PAYLOAD
        places: dict[str, int] = {}
        for at, name in enumerate(names):
            places.setdefault(name, at)
        columns = []
        for field in self._record.cells:
            if field.required and field.name not in places:
                return MALFORMED_PAYLOAD
            # A column that the file does not have is found in an empty cell after the last one.
            columns.append(places.get(field.name, len(names)))
        return _CsvFile(self.codec, len(names), columns, self._read, received)

    def unknown_fields(self, payload: bytes, keys: Keys) -> int:
        """Count the columns of a file's header that the field table does not have.

        A first line without any column of the table is no header of this format, and has none.
        """
        del keys
        if self.codec == "utf-8":
            payload = payload.removeprefix(UTF8_MARK)
        names = self._names(payload.lstrip(_BLANK_BYTES).partition(b"\n")[0]) or ()
        known = {field.name for field in self._record.fields}
        return 0 if known.isdisjoint(names) else count_unknown_names(names, known)

    def _names(self, header: bytes) -> list[str] | None:
        """Cut a header into trimmed names; None if it is none."""
        line = decoded(header, self.codec)
        names = None if line is None else _cells(line)
        if names is None or len(names) > COLUMNS_MAX:
            return None
        return [name.strip(BLANKS) for name in names]


class _CsvFile:
    """A CSV file whose columns are known."""

    failure = None

    def __init__(
        self, codec: Codec, width: int, columns: list[int], read: ReadRecord, received: Received
    ) -> None:
        self._codec: Codec = codec
        self._width = width
        self._lacks_columns = width in columns
        self._pick = itemgetter(*columns)
        self._read = read
        self._received = received

    def read(self, block: bytes) -> list[Outcome]:
        outcomes: list[Outcome] = []
        width, pick, read, received = self._width, self._pick, self._read, self._received
        for line in text_lines(block, self._codec):
            if line is None:
                outcomes.append(MALFORMED_RECORD)
                continue
            cells = _cells(line)
            if cells is None:
                outcomes.append(MALFORMED_RECORD)
                continue
            if len(cells) == 1 and not line.strip(BLANKS):
                continue
            if len(cells) < width:
                cells += [""] * (width - len(cells))
            if self._lacks_columns:
                cells[width:] = ("",)
            outcomes.append(read([cell.strip(BLANKS) for cell in pick(cells)], received))
        return outcomes

    def close(self, trailer: bytes, records: int) -> None:
        del trailer, records


def csv_file(  # noqa: PLR0913 - what a format is made of
    format_id: str,
    *,
    family: str,
    content: str,
    record: Record,
    codec: Codec = "utf-8",
    byte_order_mark: bool = False,
    line_end: str = "\n",
) -> Format:
    """Make a format of a CSV file; the columns written are the fields, dropped ones empty."""
    header = ",".join(field.name for field in record.fields)
    layout = CsvLayout(format_id[:6], record, codec)

    def write_lines(values: Values, code: HealthCode) -> bytes:
        del code
        cells = (cell_text(values.get(field.name, "")) for field in record.fields)
        line = ",".join(map(_quoted, cells))
        mark = "\ufeff" if byte_order_mark else ""
        return f"{mark}{header}{line_end}{line}{line_end}".encode(codec)

    return line_format(
        format_id,
        family=family,
        content=content,
        layout=layout,
        record=record,
        write_lines=write_lines,
        unknown_fields=layout.unknown_fields,
    )


def _quoted(cell: str) -> str:
    """Quote a cell only if it holds a comma, a quote or a line break."""
    return cell if _NEEDS_QUOTES.isdisjoint(cell) else '"' + cell.replace('"', '""') + '"'
