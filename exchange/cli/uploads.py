"""What one stream hands in: a file of lines in chunks, or payloads; from any position on."""

import contextlib
import hashlib
import io
import os
import shutil
import sys
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

import msgspec

from adapters.base import Format
from adapters.texts import BLANKS
from exchange.api.v1 import health_code_service_pb2 as pb
from exchange.cli.exits import CommandError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer  # Only type checkers have it.

CHUNK_BYTES = 256 * 1024
"""A quarter of the API's limit: large enough to be fast, small enough to move the bar."""
PAYLOAD_BYTES_MAX = 4 * 1024 * 1024
"""The API's limit: no single payload or header line is longer."""
MESSAGE_PAYLOADS_MAX = 1_000
MESSAGE_PAYLOADS_BYTES_MAX = 256 * 1024
"""Payloads that go out in one message, unless a single one is larger: small enough to move the bar,
and what one message costs is shared by many."""
PAYLOADS_SUFFIX = ".payloads"
"""Name of files that hold one payload a line, as `sample` writes them."""
FILES_MAX = 100_000
"""Of one command; a directory of more is handed in by several."""
_MARK = b"\xef\xbb\xbf"
_LOOKED_AT_BYTES = 1024 * 1024
"""How much of a file tells it from another one of the same size."""

Message = pb.StreamingPublishHealthCodesRequest


class Position(msgspec.Struct, frozen=True):
    """A place in an upload, as acknowledgements state it; all 0 is the beginning."""

    byte_offset: int = 0
    record_count: int = 0
    payload_count: int = 0


BEGINNING = Position()


class Upload(Protocol):
    """The bytes of one stream."""

    @property
    def name(self) -> str:
        """How people call it."""

    @property
    def size_bytes(self) -> int:
        """How large all of it is."""

    def messages(self, position: Position) -> Iterator[Message]:
        """Give the messages after the first one, from a position on; may be asked anew.

        Raises:
            CommandError: Something is over the API's limit.
            OSError: A file cannot be read.
        """

    def done_bytes(self, position: Position) -> int:
        """Return how many of the bytes lie before a position that was acknowledged."""

    def identity(self) -> str:
        """Return what tells it from another upload."""


class LineFile:
    """A file of lines, cut anywhere; resumed by its header and the bytes that are missing."""

    def __init__(self, file: BinaryIO, name: str, *, has_header: bool) -> None:
        """Take a file that can be read from any place."""
        self.name = name
        self._file = file
        self._has_header = has_header
        self.size_bytes = _size(file)

    def messages(self, position: Position) -> Iterator[Message]:
        if position.byte_offset and self._has_header:
            yield Message(chunk=self._header())
        reading = _reading(self._file, position.byte_offset)
        while chunk := reading.read(CHUNK_BYTES):
            yield Message(chunk=chunk)
        if not self.size_bytes:
            # An empty file is a valid submission of some formats; the exchange says of which.
            yield Message(chunk=b"")

    def _header(self) -> bytes:
        """Return the first line that is not blank, with the mark that may stand before it."""
        reading = _reading(self._file)
        while line := reading.readline(PAYLOAD_BYTES_MAX):
            if not _is_blank(line.removeprefix(_MARK)):
                return line
        return b""

    def done_bytes(self, position: Position) -> int:
        return position.byte_offset

    def identity(self) -> str:
        return _identity(self._file)


class PayloadLines:
    """A file with a payload a line."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        """Take a file that can be read from any place."""
        self.name = name
        self._file = file
        self.size_bytes = _size(file)
        self._ends = _Ends()

    def messages(self, position: Position) -> Iterator[Message]:
        return _gathered(self._payloads(position))

    def _payloads(self, position: Position) -> Iterator[bytes]:
        reading = _reading(self._file)
        done = count = 0
        while line := reading.readline(PAYLOAD_BYTES_MAX + 1):
            if len(line) > PAYLOAD_BYTES_MAX:
                raise CommandError(f"A line of {self.name} is over {PAYLOAD_BYTES_MAX >> 20} MiB.")
            done += len(line)
            if not line.strip():
                continue
            count += 1
            if count > position.payload_count:
                self._ends.add(count, done)
                yield line.rstrip(b"\r\n")

    def done_bytes(self, position: Position) -> int:
        return self._ends.before(position)

    def identity(self) -> str:
        return _identity(self._file)


class Documents:
    """Files that are one payload each."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """Take the files, which are opened one after the other."""
        self.name = paths[0].name if len(paths) == 1 else f"{len(paths)} files"
        self._paths = paths
        self._sizes = [path.stat().st_size for path in paths]
        self.size_bytes = sum(self._sizes)
        self._ends = _Ends()

    def messages(self, position: Position) -> Iterator[Message]:
        return _gathered(self._payloads(position))

    def _payloads(self, position: Position) -> Iterator[bytes]:
        done = sum(self._sizes[: position.payload_count])
        for place in range(position.payload_count, len(self._paths)):
            content = self._read(self._paths[place])
            done += self._sizes[place]
            self._ends.add(place + 1, done)
            yield content

    def _read(self, path: Path) -> bytes:
        with path.open("rb") as file:
            content = file.read(PAYLOAD_BYTES_MAX + 1)
        if len(content) > PAYLOAD_BYTES_MAX:
            raise CommandError(
                f"{path.name} is over {PAYLOAD_BYTES_MAX >> 20} MiB and its format cannot be cut: "
                "hand it in as several files."
            )
        return content

    def done_bytes(self, position: Position) -> int:
        return self._ends.before(position)

    def identity(self) -> str:
        names = [f"{path.name} {size}" for path, size in zip(self._paths, self._sizes, strict=True)]
        return hashlib.sha256("\n".join(names).encode()).hexdigest()


def _gathered(payloads: Iterator[bytes]) -> Iterator[Message]:
    """Put payloads into as few messages as they fit into, in order."""
    message, size = Message(), 0
    several = message.payloads.payloads
    for payload in payloads:
        full = len(several) >= MESSAGE_PAYLOADS_MAX
        if several and (full or size + len(payload) > MESSAGE_PAYLOADS_BYTES_MAX):
            yield message
            message, size = Message(), 0
            several = message.payloads.payloads
        several.append(payload)
        size += len(payload)
    if several:
        yield message


class _Ends:
    """Where the payloads that were sent end; forgotten once they are acknowledged.

    One thread adds, another one asks: the steps of a deque are atomic.
    """

    def __init__(self) -> None:
        self._ends: deque[tuple[int, int]] = deque()
        self._last = 0

    def add(self, count: int, end: int) -> None:
        """Remember that so many payloads end at so many bytes."""
        self._ends.append((count, end))

    def before(self, position: Position) -> int:
        """Return the bytes before a position."""
        while self._ends and self._ends[0][0] <= position.payload_count:
            # What a broken stream had sent stands here twice.
            self._last = max(self._last, self._ends.popleft()[1])
        return self._last


def is_each_line(path: Path) -> bool:
    """Tell whether a file is named as one that holds a payload a line."""
    return path.suffix == PAYLOADS_SUFFIX


def uploads(
    paths: Sequence[Path], found: Format, stack: contextlib.ExitStack, *, each_line: bool
) -> list[Upload]:
    """Return what the files are: a stream for each file of lines, one for all single payloads.

    Args:
        paths: The files; ``-`` is standard input.
        found: Their format.
        stack: Closes what is opened.
        each_line: Whether each line of each file is a payload of its own.

    Raises:
        CommandError: There are too many files.
        OSError: One cannot be read.
    """
    if len(paths) > FILES_MAX:
        raise CommandError(f"At most {FILES_MAX} files are handed in at a time.")
    made: list[Upload] = []
    single: list[Path] = []
    for path in paths:
        if each_line or is_each_line(path):
            made.append(PayloadLines(_open(path, stack), path.name))
        elif found.transport == "lines":
            made.append(LineFile(_open(path, stack), path.name, has_header=found.has_header))
        else:
            single.append(_spooled_path(stack) if str(path) == "-" else path)
    if single:
        made.append(Documents(single))
    return made


def _open(path: Path, stack: contextlib.ExitStack) -> BinaryIO:
    if str(path) != "-":
        return stack.enter_context(path.open("rb"))
    # A broken stream goes back to what was not acknowledged, so standard input is put aside in a
    # file that has no name and goes with this process.
    spool = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack is one
    shutil.copyfileobj(sys.stdin.buffer, spool)
    return spool


def _spooled_path(stack: contextlib.ExitStack) -> Path:
    spool = stack.enter_context(tempfile.NamedTemporaryFile())  # noqa: SIM115 - the stack is one
    shutil.copyfileobj(sys.stdin.buffer, spool)
    spool.flush()
    return Path(spool.name)


def _is_blank(line: bytes) -> bool:
    for codec in ("utf-8", "gb18030"):
        with contextlib.suppress(UnicodeDecodeError):
            return not line.decode(codec).strip(BLANKS)
    return False


def _size(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size


def _identity(file: BinaryIO) -> str:
    digest = hashlib.sha256(_reading(file).read(_LOOKED_AT_BYTES)).hexdigest()
    return f"{_size(file)} {digest}"


class _At(io.RawIOBase):
    """A place in a file of its own: a broken stream may still read while the next one begins."""

    def __init__(self, descriptor: int, offset: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._offset = offset

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Read what comes next."""
        count = os.preadv(self._descriptor, [buffer], self._offset)
        self._offset += count
        return count


def _reading(file: BinaryIO, offset: int = 0) -> io.BufferedReader:
    return io.BufferedReader(_At(file.fileno(), offset), CHUNK_BYTES)
