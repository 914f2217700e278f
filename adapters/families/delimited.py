"""Files of lines whose columns stand in a fixed order, separated by one character."""

from adapters.base import Format
from adapters.families.framed import Frame, FramedLayout, compile_frame
from adapters.families.lines import Codec, cell_text, line_format, text_lines
from adapters.reading import MALFORMED_RECORD, ReadRecord, Received
from adapters.record import Record, Role
from adapters.steps import Cells
from adapters.texts import BLANKS
from adapters.writing import Values
from exchange.core.health_code import HealthCode
from exchange.core.outcome import Outcome


class _Columns:
    """Reads the lines of a delimited file."""

    def __init__(self, record: Record, delimiter: str, codec: Codec) -> None:
        self._delimiter = delimiter
        self._codec = codec
        self._places = [
            at for at, field in enumerate(record.fields) if field.role is not Role.DROPPED
        ]
        self._width = max(self._places) + 1
        self._first = self._places == list(range(len(self._places)))

    def __call__(self, block: bytes, read: ReadRecord, received: Received) -> list[Outcome]:
        outcomes: list[Outcome] = []
        width, delimiter = self._width, self._delimiter
        for line in text_lines(block, self._codec):
            if line is None:
                outcomes.append(MALFORMED_RECORD)
                continue
            columns = line.split(delimiter)[:width]
            if len(columns) < width:
                if len(columns) == 1 and not line.strip(BLANKS):
                    continue
                columns += [""] * (width - len(columns))
            cells: Cells = [column.strip(BLANKS) for column in columns]
            if not self._first:
                cells = [cells[at] for at in self._places]
            outcomes.append(read(cells, received))
        return outcomes


def delimited(  # noqa: PLR0913 - what a format is made of
    format_id: str,
    *,
    family: str,
    content: str,
    record: Record,
    delimiter: str,
    codec: Codec = "utf-8",
    line_end: str = "\n",
    frame: Frame | None = None,
) -> Format:
    """Make a format of a delimited file; dropped columns are written empty.

    Lines are decoded before they are cut: a byte of the delimiter can be part of a character.
    """
    member = format_id[:6]
    frame_lines = compile_frame(frame, member)

    def write_lines(values: Values, code: HealthCode) -> bytes:
        cells = (
            cell_text(values.get(field.name, "")).replace(delimiter, " ") for field in record.fields
        )
        lines = frame_lines(delimiter.join(cells), code)
        return "".join(line + line_end for line in lines).encode(codec)

    return line_format(
        format_id,
        family=family,
        content=content,
        layout=FramedLayout(member, record, codec, _Columns(record, delimiter, codec), frame),
        record=record,
        write_lines=write_lines,
        unknown_fields=None,
    )
