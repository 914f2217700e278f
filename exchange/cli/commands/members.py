"""`members`: show who takes part, with their formats."""

from typing import Annotated

import typer

from exchange.api.v1 import member_service_pb2 as service_pb
from exchange.api.v1.health_code_service_pb2 import RecordFailure
from exchange.api.v1.member_pb2 import Member
from exchange.cli.client import Client, Connection, connect
from exchange.cli.names import value_name
from exchange.cli.options import ADDRESS_DEFAULT, OPERATOR_URN, Address, Caller, Json, Timeout
from exchange.cli.output import as_dict, code_of, instant, out, print_json, table
from exchange.wire.names import member_name

Health = Annotated[
    bool, typer.Option("--health", help="What became of records lately, format by format.")
]
Code = Annotated[str, typer.Argument(help="Six-digit code of one member; without it all.")]


def members(  # noqa: PLR0913 - an argument per option
    code: Code = "",
    *,
    health: Health = False,
    caller: Caller = None,
    address: Address = ADDRESS_DEFAULT,
    timeout: Timeout = 10,
    json: Json = False,
) -> None:
    """Show the members, their formats and their recognition modes, or how the formats do."""
    if health:
        _show_health(code, Connection(address, caller or OPERATOR_URN, timeout), json=json)
        return
    with connect(Connection(address, caller or OPERATOR_URN, timeout)) as client:
        found = [_one(client, code)] if code else _all(client)
    if json:
        print_json({"members": [as_dict(one) for one in found]})
        return
    columns = ("code", "name", "", "its code is called", "formats (* not yet read)", "modes")
    out().print(table(columns, [_row(one) for one in found]))


def _show_health(code: str, connection: Connection, *, json: bool) -> None:
    request = service_pb.ListFormatHealthRequest(parent=f"members/{code or '-'}")
    with connect(connection) as client:
        response = client.call(client.members.ListFormatHealth, request)
    if json:
        print_json(as_dict(response))
        return
    found = response.format_health
    columns = (
        "member",
        "format",
        "records",
        "errors",
        "usual",
        "most frequent",
        "unknown fields",
        "newest",
        "",
    )
    out().print(table(columns, [_health_row(one) for one in found]))
    jumped = [
        one.format or f"{code_of(one.member)} in the common schema" for one in found if one.jumped
    ]
    out().print(
        f"The share of errors jumped: {', '.join(jumped)}."
        if jumped
        else f"{len(found)} formats had records in the last 26 hours; no share of errors jumped."
    )


def _health_row(one: service_pb.FormatHealth) -> tuple[str, ...]:
    failures = one.recent.failures
    reason = value_name(RecordFailure.Reason.Name, failures[0].reason) if failures else ""
    newest = one.recent if one.recent.HasField("newest_as_of_time") else one.usual
    return (
        code_of(one.member),
        one.format,
        f"{one.recent.record_count:,}",
        f"{one.recent.error_share:.1%}",
        f"{one.usual.error_share:.1%}" if one.usual.record_count else "",
        f"{reason} {failures[0].field}".rstrip() if failures else "",
        f"{one.recent.unknown_field_count:,}" if one.recent.unknown_field_count else "",
        instant(newest.newest_as_of_time),
        "JUMPED" if one.jumped else "",
    )


def _one(client: Client, code: str) -> Member:
    return client.call(
        client.members.GetMember, service_pb.GetMemberRequest(name=member_name(code))
    )


def _all(client: Client) -> list[Member]:
    pages = client.pages(client.members.ListMembers, service_pb.ListMembersRequest())
    return [one for page in pages for one in page.members]


def _row(member: Member) -> tuple[str, ...]:
    formats = " ".join(f"{one.id}{'' if one.supported else '*'}" for one in member.formats)
    modes = " ".join(
        value_name(Member.RecognitionMode.Name, mode) for mode in member.recognition_modes
    )
    name = code_of(member.name)
    return name, member.display_name, member.chinese_name, member.code_name, formats, modes
