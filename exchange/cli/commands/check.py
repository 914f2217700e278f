"""`check`: ask whether a traveller may pass, and why."""

from pathlib import Path
from typing import Annotated

import typer

from exchange.api.v1 import decision_pb2 as pb, recognition_service_pb2 as service_pb
from exchange.api.v1.health_code_pb2 import HealthCode
from exchange.cli.client import Connection, connect
from exchange.cli.documents import read_document
from exchange.cli.names import member_word, value_name
from exchange.cli.options import (
    ADDRESS_DEFAULT,
    Address,
    Caller,
    Destination,
    DocumentFile,
    Json,
    Timeout,
    member_option,
    member_urn,
)
from exchange.cli.output import age, as_dict, code_of, facts, instant, out, print_json, table
from exchange.cli.policies.tables import explanation_tree, verdict_word
from exchange.cli.spans import parse_span
from exchange.wire.names import member_name

Origin = Annotated[str, member_option("Member where the traveller comes from.")]
MaxAge = Annotated[
    str,
    typer.Option(help="Oldest statement that may admit, as 90min, 48h or 7d.", metavar="SPAN"),
]

Explain = Annotated[bool, typer.Option("--explain", help="Show what the rules saw. For members.")]
Receipt = Annotated[
    Path | None,
    typer.Option(help="Keep all that the decision rests on in this file. For members."),
]


def check(  # noqa: PLR0913 - an argument per option
    destination: Destination,
    *,
    document: DocumentFile = None,
    origin: Origin = "",
    max_age: MaxAge = "",
    caller: Caller = None,
    address: Address = ADDRESS_DEFAULT,
    timeout: Timeout = 10,
    explain: Explain = False,
    receipt: Receipt = None,
    json: Json = False,
) -> None:
    """Ask whether a traveller may pass at a destination. A refusal is an answer, exit code 0."""
    request = service_pb.CheckHealthCodeRequest(
        document=read_document(document),
        destination=member_name(destination),
        origin=member_name(origin),
        explain=explain,
        receipt=receipt is not None,
    )
    if max_age:
        request.max_age.FromTimedelta(parse_span(max_age))
    with connect(Connection(address, caller or member_urn(destination), timeout)) as client:
        response = client.call(client.recognition.CheckHealthCode, request)
    decision = response.decision
    if receipt is not None:
        receipt.write_bytes(response.receipt)
    if json:
        print_json(as_dict(response) if explain else as_dict(decision))
        return
    _show(decision, destination)
    if explain:
        out().print(explanation_tree(decision, response.explanation))


def _show(decision: pb.Decision, destination: str) -> None:
    console, rendering = out(), decision.rendering
    shown = f"{rendering.chinese_text} / {rendering.english_text}"
    colour = f" ({rendering.colour})" if rendering.colour else ""
    console.print(
        facts(
            {
                "Verdict": verdict_word(decision.verdict),
                "Shown": f"{shown}{colour}, as in {member_word(destination)}",
                "Decided": f"{instant(decision.decide_time)} under policy {decision.policy}, "
                f"revision {decision.policy_revision}",
                "Rely on it": f"until {instant(decision.expire_time)}",
            }
        )
    )
    console.print(
        table(
            ("because of", "comes to", "issuer", "in words"),
            [_finding(finding) for finding in decision.findings],
        )
    )
    if decision.statements:
        console.print(
            table(
                ("statement of", "handed in by", "level", "state", "as of", "age", "stands"),
                [_statement(used, decision) for used in decision.statements],
            )
        )


def _finding(finding: pb.Finding) -> tuple[str, ...]:
    reason = f"{finding.reason} {finding.detail}".rstrip()
    words = f"{finding.english_text}\n{finding.chinese_text}"
    return reason, verdict_word(finding.verdict), member_word(code_of(finding.issuer)), words


def _statement(used: pb.UsedStatement, decision: pb.Decision) -> tuple[str, ...]:
    return (
        member_word(code_of(used.issuer)),
        member_word(code_of(used.via)),
        value_name(HealthCode.Level.Name, used.level),
        value_name(HealthCode.State.Name, used.state),
        instant(used.as_of_time),
        age(used.as_of_time, decision.decide_time),
        value_name(pb.UsedStatement.Standing.Name, used.standing),
    )
