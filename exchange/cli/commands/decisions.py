"""`decisions`: decide receipts anew, bit for bit."""

from pathlib import Path
from typing import Annotated

import typer

from exchange.cli.client import Connection, connect
from exchange.cli.exits import CommandError, ExitCode
from exchange.cli.options import ADDRESS_DEFAULT, OPERATOR_URN, Address, Timeout
from exchange.cli.output import out, table
from exchange.cli.policies.sources import fetch_policy, read_policy
from exchange.core.policy import DEFAULT_POLICY, Policy
from exchange.core.receipt import InvalidReceiptError, ReceiptFacts, read_receipt, replay
from exchange.core.times import format_rfc3339
from exchange.operations.shipped import default_for

decisions_app = typer.Typer(help="Decide receipts anew, bit for bit.", no_args_is_help=True)


@decisions_app.callback()
def decisions() -> None:
    """Decide receipts anew, bit for bit."""


Receipts = Annotated[list[Path], typer.Argument(help="Receipts, as `check --receipt` keeps them.")]
PolicyFile = Annotated[
    str, typer.Option("--policy", help="File with the revision; by default the exchange is asked.")
]


@decisions_app.command("replay")
def replay_receipts(
    receipts: Receipts,
    *,
    policy: PolicyFile = "",
    address: Address = ADDRESS_DEFAULT,
    timeout: Timeout = 10,
) -> int:
    """Decide receipts anew under the revision that each names, and compare every bit."""
    rows = []
    different = 0
    for path in receipts:
        data = path.read_bytes()
        try:
            facts = read_receipt(data)
            again = replay(data, _revision(facts, policy, address, timeout))
        except InvalidReceiptError as error:
            raise CommandError(f"{path}: {error}") from None
        different += not again.identical
        rows.append(
            (
                path.name,
                format_rfc3339(facts.question.now_ms),
                f"{facts.policy}, revision {facts.revision}",
                again.decision.verdict.name,
                "identical" if again.identical else "DIFFERENT",
            )
        )
    out().print(table(("receipt", "decided", "policy", "verdict", "bit for bit"), rows))
    return ExitCode.SOME_FAILED if different else ExitCode.DONE


def _revision(facts: ReceiptFacts, policy: str, address: str, timeout: float) -> Policy:
    if policy:
        return read_policy(policy)
    if facts.policy == DEFAULT_POLICY:
        return default_for(facts.destination)
    with connect(Connection(address, OPERATOR_URN, timeout)) as client:
        return fetch_policy(client, f"{facts.policy}@{facts.revision}")
