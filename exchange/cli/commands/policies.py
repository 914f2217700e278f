"""`policies`: see who accepts whom, try a policy before it binds, publish it, take it back."""

from pathlib import Path
from random import Random
from typing import Annotated

import msgspec
import typer

from exchange.api.v1 import policy_service_pb2 as service_pb
from exchange.cli.client import Connection, connect
from exchange.cli.exits import CommandError, ExitCode
from exchange.cli.names import member_word
from exchange.cli.options import (
    ADDRESS_DEFAULT,
    OPERATOR_URN,
    Address,
    Json,
    Timeout,
    member_urn,
)
from exchange.cli.output import as_dict, out, print_json, table
from exchange.cli.policies.handing_in import create_revision, publish_policy
from exchange.cli.policies.picture import svg
from exchange.cli.policies.sources import (
    cases_of,
    destination_of,
    policy_of_member,
    published_policies,
    read_any,
    read_case_files,
    read_policy,
    require_valid,
)
from exchange.cli.policies.tables import (
    show_differences,
    show_dry_run,
    show_map,
    show_policy,
)
from exchange.core.compiled_policy import CompiledPolicy
from exchange.core.dry_run import dry_run
from exchange.core.matrix import asymmetries, matrix
from exchange.core.members import MEMBERS
from exchange.core.policy import Policy
from exchange.core.policy_case import decide_case, statements_of, unexpected
from exchange.core.policy_change import differences
from exchange.core.recognition import Question
from exchange.core.rule_search import never_passes
from exchange.core.times import DAY_MS, parse_rfc3339
from exchange.operations.clock import system_clock
from exchange.operations.shipped import default_for, shipped_policies
from exchange.wire.dry_runs import dry_run_message
from exchange.wire.policies import fill_content

policies_app = typer.Typer(
    help="See who accepts whom, try a policy before it binds, publish it, take it back.",
    no_args_is_help=True,
)

_SEED = 1
"""Cases that rules are searched with are the same in every run."""
_SOURCE_HELP = (
    "A member's code or `default` for a shipped policy, 310000@2 for one published, or a file."
)
Source = Annotated[str, typer.Argument(help=_SOURCE_HELP, metavar="POLICY")]
Other = Annotated[str, typer.Argument(help="The other one.", metavar="POLICY")]
Code = Annotated[str, typer.Argument(help="Six-digit code of the destination.", metavar="CODE")]
Cases = Annotated[
    list[Path] | None, typer.Option(help="File of cases, may be given more than once.")
]
Picture = Annotated[Path | None, typer.Option(help="Draw the map into this SVG file.")]
Destination = Annotated[
    str, typer.Option(help="Whose policy it is; by default the one that it names.")
]
Against = Annotated[
    str, typer.Option(help="What it is compared with; by default the national default.")
]
Shipped = Annotated[
    bool, typer.Option("--shipped", help="Publish the shipped policies, of all members or of CODE.")
]
What = Annotated[
    list[str] | None, typer.Argument(help="A file, or with --shipped codes.", metavar="POLICY")
]
Draft = Annotated[bool, typer.Option("--draft", help="Hand in only; activate later.")]
ValidFrom = Annotated[str, typer.Option(help="From when, as 2022-04-01T00:00:00+08:00.")]
Waive = Annotated[str, typer.Option(help="Why there is no notice.", metavar="REASON")]
Reason = Annotated[str, typer.Option(help="Why.")]
Revision = Annotated[int, typer.Argument(help="Number of the revision.")]


@policies_app.command("matrix")
def show_matrix(
    *,
    picture: Picture = None,
    published: Annotated[
        bool, typer.Option("--published", help="As an exchange has them now, not as shipped.")
    ] = False,
    address: Address = ADDRESS_DEFAULT,
    timeout: Timeout = 10,
    json: Json = False,
) -> None:
    """Show who accepts whom: the map, what is one-sided, and rules that can never pass."""
    policies = shipped_policies()
    if published:
        with connect(Connection(address, OPERATOR_URN, timeout)) as client:
            policies = published_policies(client)
    pairs = matrix(policies, system_clock())
    if picture is not None:
        picture.write_text(svg(pairs, list(policies)), encoding="utf-8")
    one_sided = asymmetries(pairs)
    never = {
        code: found
        for code, policy in policies.items()
        if (found := never_passes(policy, Random(_SEED)))  # noqa: S311 - made-up cases
    }
    if json:
        print_json(
            {
                "pairs": msgspec.to_builtins(list(pairs.values())),
                "asymmetries": [[one.destination, one.issuer] for one in one_sided],
                "never_passing_rules": msgspec.to_builtins(never),
            }
        )
        return
    show_map(pairs)
    rows: dict[str, list[str]] = {}
    for one in one_sided:
        rows.setdefault(one.destination, []).append(one.issuer)
    columns = ("accepts", "who do not accept it")
    out().print(table(columns, [(member_word(k), " ".join(v)) for k, v in rows.items()]))
    if never:
        listed = [(member_word(code), ", ".join(rules)) for code, rules in never.items()]
        out().print(table(("of", "rules that no case was found to pass"), listed))
    else:
        out().print("Every rule passes on some case.")


@policies_app.command("show")
def show(
    code: Code, *, address: Address = ADDRESS_DEFAULT, timeout: Timeout = 10, json: Json = False
) -> None:
    """Show which revisions of a destination's policy are in force when."""
    with connect(Connection(address, OPERATOR_URN, timeout)) as client:
        request = service_pb.GetPolicyRequest(name=policy_of_member(code))
        found = client.call(client.policies.GetPolicy, request)
    if json:
        print_json(as_dict(found))
    else:
        show_policy(found)


@policies_app.command("diff")
def diff(
    before: Source,
    after: Other,
    *,
    address: Address = ADDRESS_DEFAULT,
    timeout: Timeout = 10,
    json: Json = False,
) -> None:
    """Show how two policies differ: which rules, which pairs, and which way."""
    old, new = read_any(before, address, timeout), read_any(after, address, timeout)
    found = differences(old, new)
    if json:
        print_json({"differences": msgspec.to_builtins(found)})
    else:
        show_differences(found)


@policies_app.command("try")
def try_cases(source: Source, *, cases: Cases = None, destination: Destination = "") -> int:
    """Decide the cases beside a policy, and say which come out otherwise than written."""
    policy = read_policy(source)
    require_valid(policy)
    compiled = CompiledPolicy(policy, destination_of(policy, destination))
    found = read_case_files(cases) if cases else cases_of(source)
    rows = []
    wrong = 0
    for case in found:
        decision = decide_case(case, compiled)
        problems = unexpected(case, decision)
        wrong += bool(problems)
        first = decision.findings[0]
        rows.append(
            (
                case.name,
                decision.verdict.name,
                f"{first.reason.value} {first.detail}".rstrip(),
                "; ".join(problems) if problems else "as expected" if case.expected else "",
            )
        )
    out().print(table(("case", "verdict", "first because of", ""), rows))
    out().print(f"{len(found) - wrong} of {len(found)} cases come out as written.")
    return ExitCode.SOME_FAILED if wrong else ExitCode.DONE


@policies_app.command("dry-run")
def dry_run_command(  # noqa: PLR0913 - an argument per option
    source: Source,
    *,
    cases: Cases = None,
    against: Against = "",
    destination: Destination = "",
    address: Address = ADDRESS_DEFAULT,
    timeout: Timeout = 30,
    json: Json = False,
) -> None:
    """Show which decisions would change: of the recorded ones, or of given cases."""
    policy = read_any(source, address, timeout)
    require_valid(policy)
    code = destination_of(policy, destination)
    if cases:
        old = read_any(against, address, timeout) if against else default_for(code)
        questions = [
            Question(
                statements_of(case),
                parse_rfc3339(case.instant),
                case.origin,
                None if case.max_age_days is None else case.max_age_days * DAY_MS,
            )
            for case in read_case_files(cases)
        ]
        compared = CompiledPolicy(old, code), CompiledPolicy(policy, code)
        report = dry_run_message(dry_run(questions, *compared))
    else:
        request = service_pb.DryRunPolicyRequest(name=policy_of_member(code))
        fill_content(request.content, policy)
        with connect(Connection(address, member_urn(code), timeout)) as client:
            report = client.call(client.policies.DryRunPolicy, request)
    if json:
        print_json(as_dict(report))
    else:
        show_dry_run(report)


@policies_app.command("publish")
def publish(  # noqa: PLR0913 - an argument per option
    what: What = None,
    *,
    shipped: Shipped = False,
    destination: Destination = "",
    draft: Draft = False,
    valid_from: ValidFrom = "",
    waive_notice: Waive = "",
    address: Address = ADDRESS_DEFAULT,
    timeout: Timeout = 10,
) -> None:
    """Hand in a policy in its destination's name, and bring it in force as soon as is allowed."""
    options = service_pb.ActivatePolicyRequest(waiver_reason=waive_notice)
    if valid_from:
        options.valid_from_time.FromMilliseconds(_instant(valid_from))
    for code, policy in _to_publish(what or [], destination, shipped=shipped).items():
        with connect(Connection(address, member_urn(code), timeout)) as client:
            if draft:
                revision = create_revision(client, code, policy)
                out().print(f"{member_word(code)}: revision {revision} is a draft.")
            else:
                show_policy(publish_policy(client, code, policy, options))


def _to_publish(what: list[str], destination: str, *, shipped: bool) -> dict[str, Policy]:
    """Read what is to be published, by destination."""
    if shipped:
        return {code: read_policy(code) for code in what or [one.code for one in MEMBERS]}
    if len(what) != 1:
        raise CommandError("Name one file with a policy, or use --shipped.")
    policy = read_policy(what[0])
    require_valid(policy)
    return {destination_of(policy, destination): policy}


@policies_app.command("activate")
def activate(  # noqa: PLR0913 - an argument per option
    code: Code,
    revision: Revision,
    *,
    valid_from: ValidFrom = "",
    waive_notice: Waive = "",
    address: Address = ADDRESS_DEFAULT,
    timeout: Timeout = 10,
) -> None:
    """Bring a revision in force from a time on, by default as soon as is allowed."""
    request = service_pb.ActivatePolicyRequest(
        name=policy_of_member(code), revision=revision, waiver_reason=waive_notice
    )
    if valid_from:
        request.valid_from_time.FromMilliseconds(_instant(valid_from))
    with connect(Connection(address, member_urn(code), timeout)) as client:
        show_policy(client.call(client.policies.ActivatePolicy, request))


@policies_app.command("rollback")
def rollback(
    code: Code, *, reason: Reason = "", address: Address = ADDRESS_DEFAULT, timeout: Timeout = 10
) -> None:
    """Go back to the revision in force just before, at once."""
    request = service_pb.RollbackPolicyRequest(name=policy_of_member(code), reason=reason)
    with connect(Connection(address, member_urn(code), timeout)) as client:
        show_policy(client.call(client.policies.RollbackPolicy, request))


def _instant(text: str) -> int:
    try:
        return parse_rfc3339(text)
    except ValueError:
        raise CommandError("A time is of the form 2022-04-01T00:00:00+08:00.") from None
