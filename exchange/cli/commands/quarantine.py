"""`quarantine`: look at what no adapter could read, replay it, discard it; for operators."""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from exchange.api.v1 import (
    health_code_service_pb2 as record_pb,
    quarantine_pb2 as pb,
    quarantine_service_pb2 as service_pb,
)
from exchange.cli.asking import confirmed
from exchange.cli.client import Client, Connection, connect
from exchange.cli.exits import CommandError, ExitCode
from exchange.cli.names import value_name
from exchange.cli.options import (
    ADDRESS_DEFAULT,
    OPERATOR_URN,
    Address,
    Caller,
    Json,
    Timeout,
    format_option,
    member_option,
    unknown,
)
from exchange.cli.output import as_dict, code_of, err, instant, out, print_json, table

_NAME = re.compile(r"members/[0-9]{6}/quarantineEntries/[0-9a-f]{32}")

NAMES_AT_ONCE = 200
"""Entries of one call, as many as the exchange takes."""

quarantine_app = typer.Typer(
    help="What no adapter could read: list, count, replay, discard. For operators.",
    no_args_is_help=True,
)

OfMember = Annotated[str, member_option("Six-digit code; without it all members.")]
Names = Annotated[list[str] | None, typer.Argument(help="Names of entries, as a list shows them.")]
OfFormat = Annotated[str, format_option("Only entries of this format.")]
OfReason = Annotated[str, typer.Option("--reason", help="Only entries with this reason.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]


@quarantine_app.command("list")
def list_entries(  # noqa: PLR0913 - an argument per option
    *,
    member: OfMember = "",
    format_id: OfFormat = "",
    reason: OfReason = "",
    caller: Caller = None,
    address: Address = ADDRESS_DEFAULT,
    timeout: Timeout = 10,
    json: Json = False,
) -> None:
    """Show entries, the oldest first, without their content."""
    with connect(Connection(address, caller or OPERATOR_URN, timeout)) as client:
        found = _entries(client, member, format_id, reason)
    if json:
        print_json({"quarantine_entries": [as_dict(one) for one in found]})
        return
    out().print(f"{len(found)} entries.")
    if found:
        columns = ("name", "format", "reason and field", "came", "bytes")
        shown = table(columns, [_row(one) for one in found])
        shown.columns[0].no_wrap = True  # A name is copied as a whole.
        out().print(shown)


@quarantine_app.command("count")
def count_entries(
    *,
    member: OfMember = "",
    caller: Caller = None,
    address: Address = ADDRESS_DEFAULT,
    timeout: Timeout = 10,
    json: Json = False,
) -> None:
    """Show how many entries there are of what."""
    request = service_pb.CountQuarantineEntriesRequest(parent=_parent(member))
    with connect(Connection(address, caller or OPERATOR_URN, timeout)) as client:
        response = client.call(client.quarantine.CountQuarantineEntries, request)
    if json:
        print_json(as_dict(response))
        return
    columns = ("member", "format", "reason", "field", "entries", "bytes", "oldest", "newest")
    out().print(table(columns, [_count_row(one) for one in response.counts]))


@quarantine_app.command("replay")
def replay_entries(  # noqa: PLR0913 - an argument per option
    names: Names = None,
    *,
    member: OfMember = "",
    format_id: OfFormat = "",
    reason: OfReason = "",
    caller: Caller = None,
    address: Address = ADDRESS_DEFAULT,
    timeout: Timeout = 60,
    json: Json = False,
) -> int:
    """Read entries again with the adapter of today; what is accepted leaves quarantine.

    Without names all entries that the options leave. Exit code 2 if some still fail.
    """
    total = service_pb.ReplayQuarantineEntriesResponse()
    with connect(Connection(address, caller or OPERATOR_URN, timeout)) as client:
        for parent, part in _chosen(client, names, member, format_id, reason):
            request = service_pb.ReplayQuarantineEntriesRequest(parent=parent, names=part)
            answer = client.call(client.quarantine.ReplayQuarantineEntries, request)
            total.accepted_count += answer.accepted_count
            total.released_count += answer.released_count
            total.failures.extend(answer.failures)
            total.missing_names.extend(answer.missing_names)
    if json:
        print_json(as_dict(total))
    else:
        _show_replay(total)
    return ExitCode.SOME_FAILED if total.failures else ExitCode.DONE


@quarantine_app.command("discard")
def discard_entries(  # noqa: PLR0913 - an argument per option
    names: Names = None,
    *,
    member: OfMember = "",
    format_id: OfFormat = "",
    reason: OfReason = "",
    yes: Yes = False,
    caller: Caller = None,
    address: Address = ADDRESS_DEFAULT,
    timeout: Timeout = 60,
    json: Json = False,
) -> int:
    """Discard entries for good. Without names all that the options leave."""
    if not yes and not confirmed("Discard these entries for good?"):
        err().print("Nothing was discarded.")
        return ExitCode.INTERRUPTED
    discarded = 0
    with connect(Connection(address, caller or OPERATOR_URN, timeout)) as client:
        for parent, part in _chosen(client, names, member, format_id, reason):
            request = service_pb.DiscardQuarantineEntriesRequest(parent=parent, names=part)
            answer = client.call(client.quarantine.DiscardQuarantineEntries, request)
            discarded += answer.discarded_count
    if json:
        print_json({"discarded_count": discarded})
    else:
        out().print(f"{discarded} entries discarded.")
    return ExitCode.DONE


def _parent(member: str) -> str:
    return f"members/{member or '-'}"


def _entries(client: Client, member: str, format_id: str, reason: str) -> list[pb.QuarantineEntry]:
    reasons = record_pb.RecordFailure.Reason.keys()
    if reason and reason not in reasons:
        raise unknown("reason", reason, reasons[1:])  # The first says that there is none.
    request = service_pb.ListQuarantineEntriesRequest(
        parent=_parent(member),
        format=format_id,
        reason=record_pb.RecordFailure.Reason.Value(reason or "REASON_UNSPECIFIED"),
        page_size=NAMES_AT_ONCE,
    )
    pages = client.pages(client.quarantine.ListQuarantineEntries, request)
    return [one for page in pages for one in page.quarantine_entries]


def _chosen(
    client: Client, names: Sequence[str] | None, member: str, format_id: str, reason: str
) -> Iterator[tuple[str, list[str]]]:
    """Give members with parts of their entries, each part small enough for one call."""
    for name in names or ():
        if not _NAME.fullmatch(name):
            raise CommandError(f"{name!r} is no name of an entry: copy it from a list.")
    # All are listed first: what leaves quarantine meanwhile must not move the pages.
    wanted = names or [one.name for one in _entries(client, member, format_id, reason)]
    by_parent: dict[str, list[str]] = {}
    for name in wanted:
        by_parent.setdefault("/".join(name.split("/")[:2]), []).append(name)
    for parent, own in by_parent.items():
        for start in range(0, len(own), NAMES_AT_ONCE):
            yield parent, own[start : start + NAMES_AT_ONCE]


def _row(entry: pb.QuarantineEntry) -> tuple[str, ...]:
    first = entry.failures[0]
    more = f" (+{entry.failure_count - 1})" if entry.failure_count > 1 else ""
    return (
        entry.name,
        entry.format,
        f"{_reason(first.reason)}{more}\n{first.field}",
        instant(entry.receive_time),
        f"{entry.content_size_bytes:,}",
    )


def _count_row(count: service_pb.QuarantineCount) -> tuple[str, ...]:
    return (
        code_of(count.member),
        count.format,
        _reason(count.reason),
        count.field,
        f"{count.entry_count:,}",
        f"{count.content_size_bytes:,}",
        instant(count.oldest_receive_time),
        instant(count.newest_receive_time),
    )


def _show_replay(total: service_pb.ReplayQuarantineEntriesResponse) -> None:
    out().print(
        f"{total.accepted_count:,} records accepted, {total.released_count:,} entries left "
        f"quarantine, {len(total.failures):,} records still fail, "
        f"{len(total.missing_names):,} entries are not there."
    )
    if total.failures:
        rows = [(one.name, *_failure(one)) for one in total.failures[:NAMES_AT_ONCE]]
        out().print(table(("entry", "reason", "field"), rows))


def _failure(one: service_pb.ReplayFailure) -> tuple[str, str]:
    if not one.HasField("failure"):
        return "cannot be opened: its key or format is not at hand", ""
    return _reason(one.failure.reason), one.failure.field


def _reason(number: int) -> str:
    return value_name(record_pb.RecordFailure.Reason.Name, number)
