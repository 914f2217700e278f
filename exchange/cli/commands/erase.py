"""`erase`: erase what is kept about one person, as an operator."""

from typing import Annotated

import typer

from exchange.api.v1 import health_code_service_pb2 as service_pb
from exchange.cli.asking import confirmed
from exchange.cli.client import Connection, connect
from exchange.cli.documents import read_document
from exchange.cli.exits import ExitCode
from exchange.cli.options import (
    ADDRESS_DEFAULT,
    OPERATOR_URN,
    Address,
    Caller,
    DocumentFile,
    Json,
    Timeout,
)
from exchange.cli.output import as_dict, err, out, print_json

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]


def erase(  # noqa: PLR0913 - an argument per option
    *,
    document: DocumentFile = None,
    yes: Yes = False,
    caller: Caller = None,
    address: Address = ADDRESS_DEFAULT,
    timeout: Timeout = 10,
    json: Json = False,
) -> int:
    """Erase all statements about one person. Newer ones that members hand in are kept again."""
    request = service_pb.EraseHealthCodesRequest(
        parent="subjects/-", document=read_document(document)
    )
    if not yes and not confirmed("Erase all statements about this person?"):
        err().print("Nothing was erased.")
        return ExitCode.INTERRUPTED
    with connect(Connection(address, caller or OPERATOR_URN, timeout)) as client:
        response = client.call(client.health_codes.EraseHealthCodes, request)
    if json:
        print_json(as_dict(response))
    else:
        entries = f", {response.discarded_entry_count} quarantine entries discarded"
        more = entries if response.discarded_entry_count else ""
        out().print(f"{response.erased_count} statements erased{more}.")
    return ExitCode.DONE
