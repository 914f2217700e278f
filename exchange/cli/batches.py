"""Cutting a file into submissions that fit the limits of one call, in bounded memory."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from adapters.base import Format
from exchange.cli.exits import CommandError
from exchange.cli.lines import trailer_lines

BATCH_RECORDS_MAX = 2_000
"""Below the API's 5,000, so that the bar moves a few times a second."""
BATCH_BYTES_MAX = 1024 * 1024
"""A quarter of the API's 4 MiB, for the same reason."""
PAYLOAD_BYTES_MAX = 4 * 1024 * 1024
"""The API's limit: no single payload or line is longer."""
PAYLOADS_SUFFIX = ".payloads"
"""Name of files that hold one payload a line, as `sample` writes them."""


class Batch(msgspec.Struct, frozen=True):
    """Payloads of one call.

    Attributes:
        payloads: Each whole for the format.
        size_bytes: How much of the file they are.
    """

    payloads: tuple[bytes, ...]
    size_bytes: int


def is_each_line(path: Path) -> bool:
    """Tell whether a file is named as one that holds a payload a line."""
    return path.suffix == PAYLOADS_SUFFIX


def batches(file: BinaryIO, found: Format, *, each_line: bool) -> Iterator[Batch]:
    """Cut a file: line formats into whole lines under their header, documents one payload each.

    Args:
        file: Positioned at its beginning.
        found: The format.
        each_line: Whether each line is a payload of its own.

    Raises:
        CommandError: A line or a document is over the API's limit.
    """
    if each_line:
        return _payload_lines(file)
    if found.transport == "document" or trailer_lines(found):
        return _whole(file)
    return _record_lines(file, has_header=found.has_header)


def _whole(file: BinaryIO) -> Iterator[Batch]:
    content = file.read(PAYLOAD_BYTES_MAX + 1)
    if len(content) > PAYLOAD_BYTES_MAX:
        raise CommandError(
            f"The file is over {PAYLOAD_BYTES_MAX >> 20} MiB and its format cannot be cut: "
            "hand it in as several files."
        )
    yield Batch((content,), len(content))


def _payload_lines(file: BinaryIO) -> Iterator[Batch]:
    for lines, size in _blocks(file):
        yield Batch(tuple(line.rstrip(b"\r\n") for line in lines if line.strip()), size)


def _record_lines(file: BinaryIO, *, has_header: bool) -> Iterator[Batch]:
    header = b""
    sent = False
    for lines, size in _blocks(file):
        payload = b"".join(lines)
        yield Batch((header + payload,), size)
        sent = True
        if has_header and not header:
            # The first line that is not blank, with the byte order mark that may stand before it.
            header = next((line for line in lines if line.strip()), b"")
            header = header if header.endswith(b"\n") else b""
    if not sent:
        # An empty file is a valid submission of some formats; the exchange says of which.
        yield Batch((b"",), 0)


def _blocks(file: BinaryIO) -> Iterator[tuple[list[bytes], int]]:
    """Give lines with their ends, as many at a time as one call should hold, and their bytes."""
    lines: list[bytes] = []
    size = 0
    while line := file.readline(PAYLOAD_BYTES_MAX + 1):
        if len(line) > PAYLOAD_BYTES_MAX:
            raise CommandError(f"A line of the file is over {PAYLOAD_BYTES_MAX >> 20} MiB.")
        if lines and (len(lines) >= BATCH_RECORDS_MAX or size + len(line) > BATCH_BYTES_MAX):
            yield lines, size
            lines, size = [], 0
        lines.append(line)
        size += len(line)
    if lines:
        yield lines, size
