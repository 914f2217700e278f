"""`publish`: hand in a file in one of a member's own formats."""

import contextlib
import os
import sys
from pathlib import Path
from typing import Annotated, BinaryIO

import msgspec
import typer

from adapters.base import Format
from adapters.registry import FORMATS
from exchange.cli.batches import batches, is_each_line
from exchange.cli.client import Connection, connect
from exchange.cli.exits import CommandError, ExitCode
from exchange.cli.options import (
    ADDRESS_DEFAULT,
    Address,
    Caller,
    FormatId,
    Json,
    Member,
    Timeout,
    member_urn,
)
from exchange.cli.output import out, print_json, table
from exchange.cli.progress import progress
from exchange.cli.publishing import FailedRecord, Source, Tally, publish
from exchange.core.members import BY_CODE

FAILURES_SHOWN_MAX = 50
"""Rows of the table for people; `--json` has more."""

File = Annotated[
    Path, typer.Argument(help="File in the member's own format; - for standard input.")
]
EachLine = Annotated[
    bool,
    typer.Option(
        "--each-line",
        help="Each line of the file is a payload of its own; files named .payloads are such.",
    ),
]
RequestId = Annotated[str, typer.Option(help="For tracing; at most 100 characters.")]


def publish_file(  # noqa: PLR0913 - an argument per option
    file: File,
    member: Member,
    format_id: FormatId,
    *,
    each_line: EachLine = False,
    request_id: RequestId = "",
    caller: Caller = None,
    address: Address = ADDRESS_DEFAULT,
    timeout: Timeout = 30,
    json: Json = False,
) -> int:
    """Hand in a file; every record is judged alone, and failures are shown by record.

    Handing in the same file again changes nothing, so repeat it after an interruption.
    """
    found = format_of(member, format_id)
    source = Source(member, format_id, each_line or is_each_line(file), request_id)
    connection = Connection(address, caller or member_urn(member), timeout)
    with contextlib.ExitStack() as stack:
        stream, size = _open(file, stack)
        client = stack.enter_context(connect(connection))
        advance = stack.enter_context(progress(f"Publishing {file.name}", size))
        cut = batches(stream, found, each_line=source.each_line)
        tally = publish(client, source, cut, advance)
    if json:
        print_json(msgspec.to_builtins(tally))
    else:
        _show(tally, found, source)
    return ExitCode.SOME_FAILED if tally.failed_count else ExitCode.DONE


def format_of(member: str, format_id: str) -> Format:
    """Return a format that can be read, and is one of the member's own.

    Raises:
        CommandError: There is no such member or format.
    """
    known = BY_CODE.get(member)
    if known is None:
        raise CommandError(f"There is no member {member!r}: see `health-exchange members`.")
    found = FORMATS.get(format_id)
    if found is None or found.member != member:
        own = [one.id for one in FORMATS.values() if one.member == member]
        formats = ", ".join(own) or "none that this release can read"
        raise CommandError(f"{known.name} has no format {format_id!r}; it has: {formats}.")
    return found


def _open(path: Path, stack: contextlib.ExitStack) -> tuple[BinaryIO, int | None]:
    if str(path) == "-":
        return sys.stdin.buffer, None
    stream = stack.enter_context(path.open("rb"))
    return stream, os.fstat(stream.fileno()).st_size


def _show(tally: Tally, found: Format, source: Source) -> None:
    console = out()
    console.print(f"{tally.accepted_count:,} accepted, {tally.failed_count:,} not accepted.")
    if not tally.failures:
        return
    shown = tally.failures[:FAILURES_SHOWN_MAX]
    rows = ((_place(one, source), one.reason, one.field) for one in shown)
    console.print(table(("record (from 0)", "reason", "field"), rows))
    if tally.failed_count > len(shown):
        console.print(f"and {tally.failed_count - len(shown):,} more; see --json.")
    if tally.unreadable and found.transport == "document" and not source.each_line:
        console.print(
            "The file was read as one payload. If each of its lines is one, add --each-line."
        )


def _place(failed: FailedRecord, source: Source) -> str:
    return f"{failed.payload_index}.{failed.index}" if source.each_line else str(failed.index)
