"""`members`: show who takes part, with their formats."""

from typing import Annotated

import typer

from exchange.api.v1 import member_service_pb2 as service_pb
from exchange.api.v1.member_pb2 import Member
from exchange.cli.client import Client, Connection, connect
from exchange.cli.options import ADDRESS_DEFAULT, OPERATOR_URN, Address, Caller, Json, Timeout
from exchange.cli.output import as_dict, code_of, out, print_json, table

Code = Annotated[str, typer.Argument(help="Six-digit code of one member; without it all.")]


def members(
    code: Code = "",
    *,
    caller: Caller = None,
    address: Address = ADDRESS_DEFAULT,
    timeout: Timeout = 10,
    json: Json = False,
) -> None:
    """Show the members, their formats and their recognition modes."""
    with connect(Connection(address, caller or OPERATOR_URN, timeout)) as client:
        found = [_one(client, code)] if code else _all_pages(client)
    if json:
        print_json({"members": [as_dict(one) for one in found]})
        return
    columns = ("code", "name", "", "its code is called", "formats (* not yet read)", "modes")
    out().print(table(columns, [_row(one) for one in found]))


def _one(client: Client, code: str) -> Member:
    return client.call(
        client.members.GetMember, service_pb.GetMemberRequest(name=f"members/{code}")
    )


def _all_pages(client: Client) -> list[Member]:
    request = service_pb.ListMembersRequest()
    found: list[Member] = []
    while True:
        response = client.call(client.members.ListMembers, request)
        found += response.members
        if not response.next_page_token:
            return found
        request.page_token = response.next_page_token


def _row(member: Member) -> tuple[str, ...]:
    formats = " ".join(f"{one.id}{'' if one.supported else '*'}" for one in member.formats)
    modes = " ".join(Member.RecognitionMode.Name(mode) for mode in member.recognition_modes)
    name = code_of(member.name)
    return name, member.display_name, member.chinese_name, member.code_name, formats, modes
