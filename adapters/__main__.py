"""Command line of the adapters alone: decode, encode and answer case lines without an exchange."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import BinaryIO, Final

import msgspec

from adapters.base import NO_KEYS, Keys
from adapters.cases import CaseError, answer_line, encode, received_ms
from adapters.registry import FORMATS
from exchange.core.json_view import InvalidViewError, from_view, outcome_view
from exchange.core.outcome import NotRepresentableError

EXIT_REFUSED: Final = 1
"""The health code cannot be written in the format, or the input is no health code."""

LINE_BYTES_MAX: Final = 128 * 1024 * 1024
"""Longest case line: a payload of 64 MB in base64, with room around it."""

# The catalogue's test keys. Real ones come from files named in the settings of the exchange.
TEST_KEYS: Final[Mapping[str, Keys]] = {
    "220000-sealed-v1": {
        "sm4": bytes.fromhex("00112233445566778899aabbccddeeff"),
        "mac": b"jilin-test-mac-key-0001",
    },
    "510000-offline-v1": {"mac": b"sichuan-offline-test-key"},
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0, or 1 with a sentence on the error output."""
    parser = argparse.ArgumentParser(prog="python -m adapters", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    decode = commands.add_parser("decode", help="payload on standard input, one outcome per line")
    decode.add_argument("--format", required=True, choices=FORMATS, metavar="ID")
    decode.add_argument("--received", required=True, metavar="TIME", help="RFC 3339")
    write = commands.add_parser("encode", help="health code on standard input, payload out")
    write.add_argument("--format", required=True, choices=FORMATS, metavar="ID")
    commands.add_parser("batch", help="case lines on standard input, one answer per line")
    chosen = parser.parse_args(arguments)
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    try:
        match chosen.command:
            case "decode":
                _decode(chosen.format, chosen.received, source, sink)
            case "encode":
                _encode(chosen.format, source, sink)
            case _:
                _batch(source, sink)
    except _RefusedError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_REFUSED
    return 0


class _RefusedError(Exception):
    """The input of a command is refused; the text is the sentence to show."""


def _decode(format_id: str, received: str, source: BinaryIO, sink: BinaryIO) -> None:
    try:
        instant_ms = received_ms(received)
    except CaseError:
        raise _RefusedError("--received: an RFC 3339 time is expected") from None
    keys = TEST_KEYS.get(format_id, NO_KEYS)
    sink.writelines(
        msgspec.json.encode(outcome_view(outcome)) + b"\n"
        for outcome in FORMATS[format_id].decode(source.read(), instant_ms, keys)
    )


def _encode(format_id: str, source: BinaryIO, sink: BinaryIO) -> None:
    try:
        statement = from_view(msgspec.json.decode(source.read()))
        sink.write(encode(FORMATS[format_id], statement, TEST_KEYS.get(format_id, NO_KEYS)))
    except NotRepresentableError as error:
        raise _RefusedError(f"the format cannot hold this health code: {error.field}") from None
    except InvalidViewError as error:
        raise _RefusedError(f"not a health code: {error}") from None
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise _RefusedError("not a health code: no JSON") from None


def _batch(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer every line at once; lines that cannot be read get an error line."""
    while line := source.readline(LINE_BYTES_MAX):
        whole = line
        while not line.endswith(b"\n") and (line := source.readline(LINE_BYTES_MAX)):
            whole = b""  # Too long to be read: the rest of it is skipped.
        if whole.strip() or not whole:
            sink.write(msgspec.json.encode(answer_line(whole, TEST_KEYS)) + b"\n")
            sink.flush()


if __name__ == "__main__":
    sys.exit(main())
