"""Files of lines: encodings, line ends and chunk borders change nothing, and a stream resumes."""

import re
from typing import NamedTuple

import pytest

from adapters.base import START, Format, Position
from adapters.registry import FORMATS
from exchange.core.health_code import Level
from exchange.core.outcome import Outcome, Reason, Rejected, Translated
from tests.adapters.test_properties import (
    EVERY_LINE_FORMAT,
    LINE_FORMATS,
    RECEIVED_MS,
    decode,
    encode,
    keys_of,
    read_in_chunks,
    statement,
)

MALFORMED = Rejected(Reason.MALFORMED_PAYLOAD)
GB18030 = {
    "320000-ry-v1", "340000-ry-v1", "430000-card-v1", "520000-csv-v1", "540000-fixed-v1",
}  # fmt: skip
MARK = b"\xef\xbb\xbf"


class File(NamedTuple):
    """A file in parts: lines with their ends."""

    header: bytes
    records: list[bytes]
    trailer: bytes

    @property
    def payload(self) -> bytes:
        return self.header + b"".join(self.records) + self.trailer


def counted(line: bytes, count: int) -> bytes:
    """Put a count into the place of the one that ends a header or a trailer."""
    return re.sub(rb"0*1(?=\r?\n$)", lambda one: b"%0*d" % (len(one[0]), count), line)


def mixed_file(format_: Format) -> File:
    """Make a file of two records and a bad one, with characters of up to four bytes."""
    said = [
        statement(reason="é发热门诊𠀀", region="510100"),
        statement(level=Level.MEDIUM, reason="“居家”"),
    ]
    files = [encode(format_, one).splitlines(keepends=True) for one in said]
    at = int(format_.has_header)
    first, last = files[0][at], files[1][at]
    bad = first.replace(b"510102190402290011", b"510102190402290012")
    has_trailer = len(files[0]) > at + 1
    header = files[0][0] if at else b""
    trailer = files[0][-1] if has_trailer else b""
    return File(
        counted(header, 3) if has_trailer else header, [first, bad, last], counted(trailer, 3)
    )


FILES = {format_.id: mixed_file(format_) for format_ in LINE_FORMATS}
FRAMED = [format_ for format_ in LINE_FORMATS if FILES[format_.id].trailer]
EVERY_FRAMED_FORMAT = pytest.mark.parametrize("format_", FRAMED, ids=lambda f: f.id)


@EVERY_LINE_FORMAT
def test_the_file_holds_two_statements_and_an_error(format_: Format) -> None:
    first, bad, last = decode(format_, FILES[format_.id].payload)
    assert isinstance(first, Translated)
    assert isinstance(last, Translated)
    assert isinstance(bad, Rejected)
    assert bad.reason is Reason.INVALID_DOCUMENT


@EVERY_LINE_FORMAT
def test_line_ends_and_a_mark_change_nothing(format_: Format) -> None:
    payload = FILES[format_.id].payload
    plain = payload.removeprefix(MARK).replace(b"\r\n", b"\n")
    crlf = plain.replace(b"\n", b"\r\n")
    outcomes = decode(format_, payload)
    for ends in (plain, crlf, plain[:-1], crlf[:-2], plain.replace(b"\n", b"\n \r\n")):
        assert decode(format_, ends) == outcomes
        marked = ends if format_.id in GB18030 else MARK + ends
        for size in (1, 2, 3, 7):
            cuts = list(range(0, len(marked), size))
            assert read_in_chunks(format_, marked, cuts) == outcomes


@EVERY_LINE_FORMAT
def test_a_file_may_be_cut_at_every_byte(format_: Format) -> None:
    payload = FILES[format_.id].payload
    whole = read_in_chunks(format_, payload, [])
    for cut in range(len(payload) + 1):
        assert read_in_chunks(format_, payload, [cut]) == whole


def resumed(format_: Format, file: File, position: Position) -> tuple[list[Outcome], Position]:
    """Read the rest of a file from a position, with its header in front as a sender does it."""
    header = file.header if position.byte_offset else b""
    reader = format_.reader(RECEIVED_MS, keys_of(format_), position)
    rest = header + file.payload[position.byte_offset :]
    outcomes: list[Outcome] = []
    for at in range(0, len(rest), 11):
        outcomes += reader.feed(rest[at : at + 11])
    return outcomes + reader.finish(), reader.position


@EVERY_LINE_FORMAT
def test_a_stream_resumes_at_every_position_that_was_acknowledged(format_: Format) -> None:
    file = FILES[format_.id]
    whole = read_in_chunks(format_, file.payload, [])
    positions = set()
    for cut in range(len(file.payload) + 1):
        reader = format_.reader(RECEIVED_MS, keys_of(format_))
        outcomes = reader.feed(file.payload[:cut])
        position = reader.position
        assert len(outcomes) == position.record_index
        positions.add(position)
        rest, end = resumed(format_, file, position)
        assert outcomes + rest == whole
        assert end == Position(len(file.payload), 3)
    # Every record was a place to resume at; the last one of a framed file waits for its trailer.
    assert {position.record_index for position in positions} == {0, 1, 2, 3}


@EVERY_LINE_FORMAT
def test_a_stream_that_resumed_may_be_resumed(format_: Format) -> None:
    file = FILES[format_.id]
    whole = read_in_chunks(format_, file.payload, [])
    first = format_.reader(RECEIVED_MS, keys_of(format_), START)
    kept = first.feed(file.header + b"".join(file.records[:2]))
    second = format_.reader(RECEIVED_MS, keys_of(format_), first.position)
    kept += second.feed(file.header + file.payload[first.position.byte_offset : -1])
    rest, _ = resumed(format_, file, second.position)
    assert kept + rest == whole


@EVERY_FRAMED_FORMAT
@pytest.mark.parametrize("wrong", ["count", "short", "no trailer", "other trailer", "more records"])
def test_a_wrong_end_is_one_failure_more_in_a_stream_and_the_only_one_of_a_whole(
    format_: Format, wrong: str
) -> None:
    file = FILES[format_.id]
    changed = {
        "count": file._replace(trailer=file.trailer.replace(b"3", b"4")),
        "short": file._replace(records=file.records[:2]),
        "no trailer": file._replace(trailer=b""),
        "other trailer": file._replace(trailer=b"ENDE" + file.trailer),
        "more records": file._replace(records=[*file.records, file.records[0]]),
    }[wrong]
    records = changed.records if changed.trailer else changed.records[:-1]
    lone = decode(format_, file.payload)
    expected = [*lone, lone[0]][: len(records)]
    for cut in range(0, len(changed.payload) + 1, 5):
        assert read_in_chunks(format_, changed.payload, [cut]) == [*expected, MALFORMED]
    assert decode(format_, changed.payload) == [MALFORMED]
    position = Position(len(file.header) + len(file.records[0]), 1)
    assert resumed(format_, changed, position)[0] == [*expected[1:], MALFORMED]


@EVERY_FRAMED_FORMAT
def test_a_header_of_another_member_is_the_only_failure(format_: Format) -> None:
    file = FILES[format_.id]
    foreign = file._replace(header=file.header.replace(format_.member.encode(), b"990000"))
    (failure,) = decode(format_, foreign.payload)
    assert isinstance(failure, Rejected)
    assert failure.reason is Reason.ISSUER_MISMATCH
    for cut in range(0, len(foreign.payload), 5):
        assert read_in_chunks(format_, foreign.payload, [cut]) == [failure]


def test_formats_of_both_encodings_and_with_frames_are_among_them() -> None:
    assert {format_.id for format_ in LINE_FORMATS} >= GB18030
    assert FRAMED
    assert len(LINE_FORMATS) < len(FORMATS)
