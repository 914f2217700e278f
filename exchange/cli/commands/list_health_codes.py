"""`list`: show the statements about one person, for members."""

from typing import Annotated

import typer

from exchange.api.v1 import health_code_service_pb2 as service_pb
from exchange.api.v1.health_code_pb2 import HealthCode
from exchange.cli.client import Connection, connect
from exchange.cli.documents import read_document
from exchange.cli.exits import CommandError
from exchange.cli.names import value_name
from exchange.cli.options import (
    ADDRESS_DEFAULT,
    Address,
    Caller,
    DocumentFile,
    Json,
    Member,
    Timeout,
    member_urn,
)
from exchange.cli.output import as_dict, code_of, instant, out, print_json, table

Subject = Annotated[
    str,
    typer.Option(help="The person as subjects/..., from an earlier answer, and no document."),
]


def list_health_codes(  # noqa: PLR0913 - an argument per option
    member: Member,
    *,
    document: DocumentFile = None,
    subject: Subject = "",
    caller: Caller = None,
    address: Address = ADDRESS_DEFAULT,
    timeout: Timeout = 10,
    json: Json = False,
) -> None:
    """Show the statements about one person by issuer. For members only."""
    if subject and document:
        raise CommandError("Give a subject or a document, not both.")
    request = service_pb.ListHealthCodesRequest(parent=subject or "subjects/-")
    if not subject:
        request.document.CopyFrom(read_document(document))
    with connect(Connection(address, caller or member_urn(member), timeout)) as client:
        pages = client.pages(client.health_codes.ListHealthCodes, request)
        found = [one for page in pages for one in page.health_codes]
    if json:
        print_json({"health_codes": [as_dict(one) for one in found]})
        return
    out().print(f"{len(found)} statements.")
    if found:
        columns = ("issuer", "handed in by", "level", "state", "holds", "as of", "valid until")
        out().print(table((*columns, "in its own word"), [_row(one) for one in found]))


def _row(code: HealthCode) -> tuple[str, ...]:
    return (
        code_of(code.issuer),
        code_of(code.via),
        value_name(HealthCode.Level.Name, code.level),
        value_name(HealthCode.State.Name, code.state),
        ", ".join(hold.code for hold in code.holds),
        instant(code.as_of_time),
        instant(code.expire_time),
        code.native_status,
    )
