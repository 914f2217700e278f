"""Files of lines whose cells have widths in bytes of GB18030."""

from adapters.base import Format
from adapters.families.framed import Frame, FramedLayout, compile_frame
from adapters.families.lines import Codec, cell_text, decoded, line_format
from adapters.reading import MALFORMED_RECORD, ReadRecord, Received
from adapters.record import Record, Role
from adapters.steps import Cells
from adapters.texts import BLANKS
from adapters.writing import Values
from exchange.core.health_code import HealthCode
from exchange.core.outcome import Outcome

_CODEC: Codec = "gb18030"


class _Widths:
    """Reads the lines of a fixed-width file."""

    def __init__(self, record: Record) -> None:
        self._slices: list[slice] = []
        kept, end = [], 0
        for at, field in enumerate(record.fields):
            self._slices.append(slice(end, end + field.width))
            end += field.width
            if field.role is not Role.DROPPED:
                kept.append(at)
        self._end = end
        self._kept = kept
        self._kept_slices = [self._slices[at] for at in kept]

    def __call__(self, block: bytes, read: ReadRecord, received: Received) -> list[Outcome]:
        outcomes: list[Outcome] = []
        slices = self._kept_slices
        for line in block.split(b"\n"):
            if line.isascii():
                # One byte is one character, so the line can be decoded at once.
                text = line.removesuffix(b"\r").decode("ascii")
                if not text.strip(BLANKS):
                    continue
                cells: Cells | None = [text[cut].strip(BLANKS) for cut in slices]
            else:
                whole = decoded(line, _CODEC)
                if whole is not None and not whole.strip(BLANKS):
                    continue
                cells = self._cut(line.removesuffix(b"\r"))
            outcomes.append(MALFORMED_RECORD if cells is None else read(cells, received))
        return outcomes

    def _cut(self, line: bytes) -> Cells | None:
        """Cut a line as bytes, then decode each cell; None if one of them is no GB18030."""
        texts = []
        for cut in self._slices:
            cell = decoded(line[cut], _CODEC)
            if cell is None:
                return None
            texts.append(cell.strip(BLANKS))
        return [texts[at] for at in self._kept]


def _padded(text: str, width: int) -> bytes:
    """Cut a text at a whole character and pad it with blanks."""
    cell = text.encode(_CODEC)
    if len(cell) > width:
        cell = b""
        for character in text:
            encoded = character.encode(_CODEC)
            if len(cell) + len(encoded) > width:
                break
            cell += encoded
    return cell.ljust(width)


def fixed_width(
    format_id: str, *, family: str, content: str, record: Record, frame: Frame | None = None
) -> Format:
    """Make a format of a fixed-width file; the widths stand at the fields."""
    member = format_id[:6]
    frame_lines = compile_frame(frame, member)

    def write_lines(values: Values, code: HealthCode) -> bytes:
        line = b"".join(
            _padded(cell_text(values.get(field.name, "")), field.width) for field in record.fields
        )
        return b"".join(
            part.encode(_CODEC) + b"\n" for part in frame_lines(line.decode(_CODEC), code)
        )

    return line_format(
        format_id,
        family=family,
        content=content,
        layout=FramedLayout(member, record, _CODEC, _Widths(record), frame),
        record=record,
        write_lines=write_lines,
        unknown_fields=None,
    )
