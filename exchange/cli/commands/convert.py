"""`convert`: have the effective statement about a person in a member's own format."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from exchange.api.v1 import decision_pb2, health_code_service_pb2 as service_pb
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
    Timeout,
    format_option,
    member_option,
    member_urn,
)
from exchange.cli.output import as_dict, code_of, err, instant, print_json, table
from exchange.wire.names import member_name

Destination = Annotated[str, member_option("Member whose format it is.")]
OwnFormat = Annotated[str, format_option("Id of the member's format.")]
National = Annotated[
    bool, typer.Option("--national", help="The national answer instead: all members' reports.")
]
Out = Annotated[Path | None, typer.Option(help="File for the bytes; otherwise standard output.")]


def convert(  # noqa: PLR0913 - an argument per option
    destination: Destination,
    *,
    format_id: OwnFormat = "",
    national: National = False,
    document: DocumentFile = None,
    output: Out = None,
    caller: Caller = None,
    address: Address = ADDRESS_DEFAULT,
    timeout: Timeout = 10,
    json: Json = False,
) -> None:
    """Write the statement about one person in a member's format, and say what was lost.

    The bytes hold the document's number, as the format does; everything else goes to standard
    error. With --json all is one JSON object, the bytes in base64.
    """
    if bool(format_id) == national:
        raise CommandError("Name a format with --format, or ask for --national.")
    person = read_document(document)
    with connect(Connection(address, caller or member_urn(destination), timeout)) as client:
        if national:
            answer = client.call(
                client.health_codes.GetNationalHealthCode,
                service_pb.GetNationalHealthCodeRequest(document=person),
            )
            _hand_out(answer, output, json=json)
            if not json:
                _show_reports(answer.reports)
        else:
            request = service_pb.ConvertHealthCodeRequest(
                document=person, destination=member_name(destination), format=format_id
            )
            converted = client.call(client.health_codes.ConvertHealthCode, request)
            _hand_out(converted, output, json=json)
            if not json:
                _show(converted)


def _hand_out(
    answer: service_pb.ConvertHealthCodeResponse | service_pb.GetNationalHealthCodeResponse,
    output: Path | None,
    *,
    json: bool,
) -> None:
    if output is not None:
        output.write_bytes(answer.payload)
    if json:
        print_json(as_dict(answer))
    elif output is None:
        sys.stdout.buffer.write(answer.payload)
        sys.stdout.buffer.flush()


def _show(converted: service_pb.ConvertHealthCodeResponse) -> None:
    console = err()
    console.print(table(_COLUMNS, [_statement(converted.statement)]))
    lost = [_lost(one) for one in converted.lost_fields]
    console.print(f"Reads otherwise: {', '.join(lost)}." if lost else "Nothing was lost.")


def _show_reports(reports: Iterable[service_pb.NationalReport]) -> None:
    rows = [
        (
            *_statement(one.statement),
            f"left out: {one.refusal_reason} {one.refusal_field}" if one.refusal_reason else "",
        )
        for one in reports
    ]
    err().print(table((*_COLUMNS, ""), rows))


_COLUMNS = ("statement of", "level", "state", "as of", "stands")


def _statement(used: decision_pb2.UsedStatement) -> tuple[str, ...]:
    return (
        code_of(used.issuer),
        value_name(HealthCode.Level.Name, used.level),
        value_name(HealthCode.State.Name, used.state),
        instant(used.as_of_time),
        value_name(decision_pb2.UsedStatement.Standing.Name, used.standing),
    )


def _lost(one: service_pb.LostField) -> str:
    word = value_name(service_pb.LostField.Loss.Name, one.loss).lower().replace("_", " ")
    return f"{one.field} ({word})"
