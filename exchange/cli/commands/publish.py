"""`publish`: hand in files in one of a member's own formats."""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from adapters.base import Format
from adapters.registry import FORMATS
from exchange.cli.client import Connection
from exchange.cli.exits import CommandError, ExitCode
from exchange.cli.journal import Journal, Saved
from exchange.cli.options import (
    ADDRESS_DEFAULT,
    Address,
    Caller,
    FormatId,
    Json,
    Member,
    Timeout,
    member_urn,
    no_member,
)
from exchange.cli.output import err, out, print_json, table
from exchange.cli.progress import Advance, progress
from exchange.cli.publishing import (
    ATTEMPTS_MAX,
    FailedRecord,
    Progress,
    Publisher,
    Tally,
)
from exchange.cli.streams import Source
from exchange.cli.uploads import BEGINNING, PAYLOADS_SUFFIX, LineFile, Upload, uploads
from exchange.core.members import BY_CODE

FAILURES_SHOWN_MAX = 20
"""Rows of the table for people; `--failures` has all."""

Files = Annotated[
    list[Path], typer.Argument(help="Files in the member's own format; - for standard input.")
]
EachLine = Annotated[
    bool,
    typer.Option(
        "--each-line",
        help=f"Each line of a file is a payload of its own; files named {PAYLOADS_SUFFIX} are.",
    ),
]
FailuresFile = Annotated[
    Path | None,
    typer.Option("--failures", help="Write every failed record there, a JSON object a line."),
]
ResumeFile = Annotated[
    Path | None,
    typer.Option(
        "--resume",
        help="Keep there how far it is, and go on from there if this command was ended before.",
    ),
]
Attempts = Annotated[
    int, typer.Option(min=1, max=1000, help="Streams in a row that may bring nothing.")
]
RequestId = Annotated[str, typer.Option(help="For tracing; at most 100 characters.")]


def publish_file(  # noqa: PLR0913 - an argument per option
    files: Files,
    member: Member,
    format_id: FormatId,
    *,
    each_line: EachLine = False,
    failures: FailuresFile = None,
    resume: ResumeFile = None,
    attempts: Attempts = ATTEMPTS_MAX,
    request_id: RequestId = "",
    caller: Caller = None,
    address: Address = ADDRESS_DEFAULT,
    timeout: Timeout = 30,
    json: Json = False,
) -> int:
    """Hand in files of any size; every record is judged alone, and failures are told by record.

    A lost connection or a server that restarts is bridged: it goes on after what was acknowledged.
    Handing in the same file again changes nothing, so repeat it after an interruption.
    """
    found = format_of(member, format_id)
    if resume is not None and Path("-") in files:
        raise CommandError("Standard input cannot be read a second time: name a file to --resume.")
    source = Source(found.member, found.id, request_id)
    connection = Connection(address, caller or member_urn(member), timeout)
    with contextlib.ExitStack() as stack:
        handed_in = uploads(files, found, stack, each_line=each_line)
        journal = stack.enter_context(Journal(source, handed_in, resume, failures))
        run = _Run(Publisher(connection, source, attempts), handed_in, journal)
        try:
            tally = run.publish(label=len(handed_in) > 1)
        except KeyboardInterrupt:
            run.say_how_to_go_on(resume)
            raise
    if json:
        print_json(msgspec.to_builtins(tally))
    else:
        _show(tally, found, handed_in, failures)
    return ExitCode.SOME_FAILED if tally.failed_count else ExitCode.DONE


class _Run:
    """One publication of several uploads, with its bar and its journal."""

    def __init__(self, publisher: Publisher, handed_in: Sequence[Upload], journal: Journal) -> None:
        self._publisher = publisher
        self._uploads = handed_in
        self._journal = journal

    def publish(self, *, label: bool) -> Tally:
        """Hand in what was not handed in yet."""
        start, tally = self._journal.start, self._publisher.tally
        tally.accepted_count, tally.failed_count = start.accepted_count, start.failed_count
        if start.accepted_count or start.failed_count:
            count = start.accepted_count + start.failed_count
            err().print(f"Going on after {count:,} records that were handed in before.")
        for place, upload in enumerate(self._uploads):
            if place >= start.place:
                self._publish_one(place, upload, start, label=upload.name if label else None)
        self._journal.done()
        return tally

    def say_how_to_go_on(self, resume: Path | None) -> None:
        """Tell who interrupts it what is kept."""
        tally = self._publisher.tally
        count = tally.accepted_count + tally.failed_count
        how = "goes on there" if resume else "hands all in again, which changes nothing"
        err().print(f"{count:,} records were handed in; the same command {how}.")

    def _publish_one(self, place: int, upload: Upload, start: Saved, *, label: str | None) -> None:
        position = start.position if place == start.place else BEGINNING
        with progress(f"Publishing {upload.name}", upload.size_bytes) as advance:
            tell = _Teller(place, self._journal, self._publisher.tally, advance)
            self._publisher.publish(upload, tell, position, label)


class _Teller:
    """Takes each acknowledgement to the bar and to the journal."""

    def __init__(self, place: int, journal: Journal, tally: Tally, advance: Advance) -> None:
        self._place = place
        self._journal = journal
        self._tally = tally
        self._advance = advance
        self._done_bytes = 0

    def __call__(self, told: Progress) -> None:
        """Take one acknowledgement."""
        self._journal.note(self._place, told, self._tally)
        self._advance(told.done_bytes - self._done_bytes, told.record_count)
        self._done_bytes = told.done_bytes


def format_of(member: str, format_id: str) -> Format:
    """Return a format that can be read, and is one of the member's own.

    Raises:
        CommandError: There is no such member or format.
    """
    known = BY_CODE.get(member)
    if known is None:
        raise no_member(member)
    found = FORMATS.get(format_id)
    if found is None or found.member != member:
        own = [one.id for one in FORMATS.values() if one.member == member]
        formats = ", ".join(own) or "none that this release can read"
        raise CommandError(f"{known.name} has no format {format_id!r}; it has: {formats}.")
    return found


def _show(tally: Tally, found: Format, handed_in: Sequence[Upload], failures: Path | None) -> None:
    console = out()
    console.print(f"{tally.accepted_count:,} accepted, {tally.failed_count:,} not accepted.")
    if tally.resumed_count:
        console.print(f"The connection was lost {tally.resumed_count} times; nothing was lost.")
    if not tally.failed_count:
        return
    shown = tally.failures[:FAILURES_SHOWN_MAX]
    of_lines = isinstance(handed_in[0], LineFile)
    rows = [(one.file or "", _place(one, of_lines), one.reason, one.field) for one in shown]
    if len(handed_in) > 1:
        console.print(table(("file", "record (from 0)", "reason", "field"), rows))
    else:
        console.print(table(("record (from 0)", "reason", "field"), [row[1:] for row in rows]))
    if tally.failed_count > len(shown):
        where = f"all are in {failures}" if failures else "see --failures"
        console.print(f"and {tally.failed_count - len(shown):,} more; {where}.")
    if found.transport == "document" and any(one.reason == "MALFORMED_PAYLOAD" for one in shown):
        console.print("If each line of the file is a payload of its own, add --each-line.")


def _place(failed: FailedRecord, of_lines: bool) -> str:
    """Say which record it is: that of a file of lines, or one of a payload."""
    return str(failed.index) if of_lines else f"{failed.payload_index}.{failed.index}"
