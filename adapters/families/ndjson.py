"""Files of lines with one JSON object each."""

from adapters.base import Format
from adapters.families.framed import FramedLayout
from adapters.families.json_records import compile_cells, nest, read_object
from adapters.families.json_text import UnreadableError, write_json
from adapters.families.lines import line_format
from adapters.reading import MALFORMED_RECORD, ReadRecord, Received
from adapters.record import Record
from adapters.texts import BLANKS
from adapters.writing import Values
from exchange.core.health_code import HealthCode
from exchange.core.outcome import Outcome

_BLANK_BYTES = b" \t\r"


def ndjson(format_id: str, *, family: str, content: str, record: Record) -> Format:
    """Make a format of a file with an object a line; a line that is none is MALFORMED_RECORD."""
    cells_of = compile_cells(record.cells)

    def read_lines(block: bytes, read: ReadRecord, received: Received) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for line in block.split(b"\n"):
            if not line.strip(_BLANK_BYTES):
                continue
            try:
                found = read_object(line)
            except UnreadableError:
                if _is_blank(line):
                    continue
                found = None
            outcomes.append(MALFORMED_RECORD if found is None else read(cells_of(found), received))
        return outcomes

    def write_lines(values: Values, code: HealthCode) -> bytes:
        del code
        return write_json(nest(values)) + b"\n"

    return line_format(
        format_id,
        family=family,
        content=content,
        layout=FramedLayout(format_id[:6], record, "utf-8", read_lines, None),
        record=record,
        write_lines=write_lines,
    )


def _is_blank(line: bytes) -> bool:
    try:
        return not line.decode().strip(BLANKS)
    except UnicodeDecodeError:
        return False
