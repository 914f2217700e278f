"""Files of lines with one JSON object each."""

from typing import Any

from adapters.base import Format, Keys
from adapters.families.framed import FramedLayout
from adapters.families.json_records import compile_cells, nest, read_object
from adapters.families.json_text import UnreadableError, write_json
from adapters.families.lines import line_format
from adapters.families.names import ELEMENTS_MAX, count_unknown, names_of, shape_of
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
    shape = shape_of(names_of(record))

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

    def unknown_fields(payload: bytes, keys: Keys) -> int:
        del keys
        lines = payload.split(b"\n", ELEMENTS_MAX)[:ELEMENTS_MAX]
        return count_unknown([_object_or_none(line) for line in lines], shape)

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
        unknown_fields=unknown_fields,
    )


def _object_or_none(line: bytes) -> dict[str, Any] | None:
    try:
        return read_object(line)
    except UnreadableError:
        return None


def _is_blank(line: bytes) -> bool:
    try:
        return not line.decode().strip(BLANKS)
    except UnicodeDecodeError:
        return False
