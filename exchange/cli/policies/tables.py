"""How the map of recognition, policies, differences, dry runs and explanations are shown."""

import json
from collections.abc import Iterable, Mapping

from rich.text import Text
from rich.tree import Tree

from exchange.api.v1 import decision_pb2, policy_pb2, policy_service_pb2 as service_pb
from exchange.api.v1.health_code_pb2 import HealthCode
from exchange.cli.names import member_word, value_name
from exchange.cli.output import code_of, instant, out, table
from exchange.cli.policies.picture import SIGNS
from exchange.core.matrix import Pair
from exchange.core.policy_change import Difference
from exchange.core.verdict import Verdict

_COLOURS = {
    Verdict.ADMIT: "green",
    Verdict.CROSS_CHECK: "yellow",
    Verdict.REFUSE: "red",
    Verdict.UNSPECIFIED: "white",
}
_LETTERS = {Verdict.ADMIT: "A", Verdict.CROSS_CHECK: "C", Verdict.REFUSE: "R"}


def verdict_word(number: int) -> str:
    """Name a verdict."""
    return value_name(decision_pb2.Decision.Verdict.Name, number)


def show_policy(policy: policy_pb2.Policy) -> None:
    """Show which revisions are in force when."""
    code = policy.name.split("/")[1]
    force = f"revision {policy.revision}" if policy.revision else "the national default"
    out().print(f"{member_word(code)}: {force} is in force (etag {policy.etag}).")
    rows = [
        (
            str(one.revision) if one.revision else "default",
            instant(one.valid_from_time),
            instant(one.decide_time),
            " ".join(
                word
                for word, given in (("rollback", one.rollback), ("cancelled", one.cancelled))
                if given
            ),
            one.reason,
        )
        for one in policy.activations
    ]
    if rows:
        out().print(table(("revision", "in force from", "decided", "", "reason"), rows))


def show_differences(found: Iterable[Difference]) -> None:
    """Show how two revisions differ."""
    rows = [(one.place, one.direction.value, one.before, one.after) for one in found]
    if rows:
        out().print(table(("what", "which way", "before", "after"), rows))
    else:
        out().print("Nothing differs.")


def show_dry_run(report: service_pb.DryRunPolicyResponse) -> None:
    """Show what would change."""
    out().print(f"{report.changed_count} of {report.case_count} decisions would change.")
    for title, changes in (
        ("by origin", report.changes_by_origin),
        ("by reason", report.changes_by_reason),
    ):
        if changes:
            rows = [
                (
                    member_word(code_of(one.key)) if title == "by origin" else one.key,
                    verdict_word(one.before),
                    verdict_word(one.after),
                    str(one.count),
                )
                for one in changes
            ]
            out().print(table((title, "is", "would be", "how many"), rows))
    if report.examples:
        out().print(
            table(
                ("example from", "at", "is", "would be", "because of"),
                [_example(one) for one in report.examples],
            )
        )


def _example(one: service_pb.DryRunPolicyResponse.Example) -> tuple[str, ...]:
    stricter = max((one.before, one.after), key=lambda decision: decision.verdict)
    reasons = [
        f"{finding.reason} {finding.detail}".rstrip()
        for finding in stricter.findings
        if finding.verdict == stricter.verdict
    ]
    return (
        member_word(code_of(one.origin)),
        instant(one.after.decide_time),
        verdict_word(one.before.verdict),
        verdict_word(one.after.verdict),
        ", ".join(reasons),
    )


def explanation_tree(decision: decision_pb2.Decision, explanation: policy_pb2.Explanation) -> Tree:
    """Draw why a decision is what it is: statements, roles, rules with what they saw, outcome."""
    tree = Tree(
        f"{verdict_word(decision.verdict)} under policy {decision.policy}, "
        f"revision {decision.policy_revision}"
    )
    statements = tree.add("statements")
    for used in decision.statements:
        standing = value_name(decision_pb2.UsedStatement.Standing.Name, used.standing)
        level = value_name(HealthCode.Level.Name, used.level)
        statements.add(
            f"{member_word(code_of(used.issuer))}, by {code_of(used.via)}: {level} {standing}, "
            f"as of {instant(used.as_of_time)}"
        )
    roles = tree.add("roles")
    for role in explanation.roles:
        if role.value not in {"null", "[]"} and not role.role.startswith("m"):
            roles.add(f"{role.role}: {_short(role.value)}")
    rules = tree.add("rules")
    for rule in explanation.rules:
        outcome = value_name(policy_pb2.Explanation.RuleResult.Outcome.Name, rule.outcome)
        comes_to = f" -> {verdict_word(rule.verdict)}" if rule.verdict else ""
        branch = rules.add(f"{rule.rule}: {outcome}{comes_to} ({rule.english_text})")
        for value in rule.read_values:
            branch.add(f"{value.path} = {value.value}")
        if rule.problem:
            branch.add(rule.problem)
    outcome_branch = tree.add("outcome")
    for finding in decision.findings:
        comes_to = f" -> {verdict_word(finding.verdict)}" if finding.verdict else ""
        reason = f"{finding.reason} {finding.detail}".rstrip()
        issuer = f" of {member_word(code_of(finding.issuer))}" if finding.issuer else ""
        outcome_branch.add(f"{reason}{issuer}{comes_to}: {finding.english_text}")
    return tree


def _short(value: str) -> str:
    read = json.loads(value)
    if not isinstance(read, dict):
        return value
    return ", ".join(f"{key} {item}" for key, item in read.items() if item not in (None, "", []))


def show_map(pairs: Mapping[tuple[str, str], Pair]) -> None:
    """Show the map of recognition as letters."""
    codes = sorted({destination for destination, _ in pairs})
    header = Text(" " * 22 + " ".join(code[:2] for code in codes))
    out().print(header)
    for destination in codes:
        line = Text(f"{member_word(destination)[:21]:<22}")
        for issuer in codes:
            pair = pairs[destination, issuer]
            cell = f"{_LETTERS[pair.verdict]}{SIGNS[pair.recognition] or ' '} "
            line.append(cell, style=_COLOURS[pair.verdict])
        out().print(line)
    out().print(
        "Destinations down, issuers across; what a plain green is told: A ADMIT, C CROSS_CHECK,"
    )
    out().print("R REFUSE; ? the issuer is cross-checked, x it is not recognised.")
