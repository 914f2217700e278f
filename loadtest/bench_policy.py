"""Measures deciding: the default, every shipped policy, and ten rules judged as one program.

Run it as `python -m loadtest.bench_policy`. Times are of the processor and not of the clock on the
wall, as the fastest of some rounds: what else the machine does counts little. Each decision has an
instant of its own, so that nothing that was read before helps.
"""

import argparse
import sys
from collections.abc import Callable
from time import thread_time_ns

import msgspec
from rich.console import Console
from rich.table import Table

from exchange.core.compiled_policy import CompiledPolicy
from exchange.core.health_code import HealthCode, Hold, Level, State, Test, TestKind, TestResult
from exchange.core.members import MEMBERS
from exchange.core.policy import Policy, PolicyRule, RuleText, ValueSet
from exchange.core.recognition import Question, decide, facts_of
from exchange.core.statement import Statement
from exchange.operations.shipped import default_for, shipped_policy

NOW_MS = 1_648_771_200_000
HOUR_MS = 3_600_000
ROUNDS = 60
"""Many short rounds: one of them meets a quiet moment of a machine that does other things too."""
DECISION_TARGET_US = 15.0
RULES_TARGET_US = 8.0

_TEST = Test(TestKind.NUCLEIC_ACID, TestResult.NEGATIVE, NOW_MS - 30 * HOUR_MS)


def _said(issuer: str, level: Level = Level.LOW, holds: tuple[Hold, ...] = ()) -> Statement:
    code = HealthCode(
        NOW_MS - HOUR_MS, level, State.ACTIVE, holds=holds, region=issuer, tests=(_TEST,)
    )
    return Statement(issuer, issuer, code, NOW_MS)


PEOPLE: dict[str, tuple[Statement, ...]] = {
    "unknown": (),
    "one green": (_said("510000"),),
    "two greens": (_said("510000"), _said("310000")),
    "green and red": (_said("310000"), _said("510000", Level.HIGH)),
    "green with a hold": (_said("310000", holds=(Hold("POPUP_3"),)),),
}


def _var(path: str) -> dict[str, str]:
    return {"var": path}


def _since(path: str, days: int) -> object:
    today = {"plusTime": [_var("external.beijing_date"), 0, "day"]}
    return {"not-after": [today, {"plusTime": [_var(path), days, "day"]}]}


TEN: tuple[object, ...] = (
    {"===": [_var("payload.test.result"), "NEGATIVE"]},
    {"<=": [_var("payload.test.age_hours"), 72]},
    _since("payload.test.date", 3),
    {"if": [_var("payload.local"), {"===": [_var("payload.local.level"), "LOW"]}, True]},
    {"if": [_var("payload.origin"), {"===": [_var("payload.origin.level"), "LOW"]}, True]},
    {"!": [{"in": ["POPUP_1", _var("payload.holds")]}]},
    {"if": [_var("payload.m420000"), {"<=": [_var("payload.m420000.age_hours"), 72]}, True]},
    {
        "!": [
            {"in": [_var("payload.origin.region"), _var("external.value_sets.risk_regions.values")]}
        ]
    },
    {"===": [_var("payload.document_unique"), True]},
    {"!": [{"===": [_var("payload.strictest.level"), "HIGH"]}]},
)
"""Ten rules as provinces have them: tests, dates, holds, regions, ages."""


def ten_rules() -> Policy:
    """Make a policy of ten rules."""
    rules = tuple(
        PolicyRule(name=f"rule-{i}", text=RuleText("规则", "A rule"), logic=logic)
        for i, logic in enumerate(TEN)
    )
    sets = {"risk_regions": ValueSet("1", ("310115", "220102", "420100"))}
    return msgspec.structs.replace(default_for("310000"), rules=rules, value_sets=sets)


def best_us(work: Callable[[int], object], count: int) -> float:
    """Time one call, as the fastest of some rounds; each call gets a number of its own."""
    best_ns = sys.maxsize
    number = 0
    for _ in range(ROUNDS):
        start_ns = thread_time_ns()
        for _ in range(count):
            number += 1
            work(number)
        best_ns = min(best_ns, thread_time_ns() - start_ns)
    return best_ns / count / 1000


def decision_us(policy: CompiledPolicy, person: tuple[Statement, ...], count: int) -> float:
    """Time one decision."""
    return best_us(lambda i: decide(person, policy, NOW_MS + i, origin="510000"), count)


def rules_us(policy: CompiledPolicy, person: tuple[Statement, ...], count: int) -> float:
    """Time the judging of the rules alone, the view included."""
    facts = facts_of(Question(person, NOW_MS, "510000"), policy)
    return best_us(lambda _: policy.judge(facts), count)


def main() -> int:
    """Print the tables; give 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--decisions", type=int, default=200, help="decisions in a round")
    count = parser.parse_args().decisions
    console = Console()
    ten = CompiledPolicy(ten_rules(), "310000")
    policies = {
        "default": CompiledPolicy(default_for("310000"), "310000"),
        "ten rules": ten,
        **{
            f"{code} ({len(policy.rules)} rules)": CompiledPolicy(policy, code)
            for code, policy in ((member.code, shipped_policy(member.code)) for member in MEMBERS)
            if policy.rules
        },
    }
    table = Table(title="One decision, in microseconds of the processor")
    table.add_column("policy")
    for name in PEOPLE:
        table.add_column(name, justify="right")
    found: dict[str, list[float]] = {}
    for name, policy in policies.items():
        found[name] = [decision_us(policy, person, count) for person in PEOPLE.values()]
        table.add_row(name, *(f"{one:.1f}" for one in found[name]))
    console.print(table)
    alone = rules_us(ten, PEOPLE["two greens"], count)
    compiling = best_us(lambda _: CompiledPolicy(ten.policy, "310000"), 5)
    console.print(f"The ten rules alone, as one program with their view: {alone:.1f} us.")
    console.print(f"Compiling the policy of ten rules: {compiling / 1000:.1f} ms.")
    # Measured on somebody with statements of two members, as a traveller has.
    decision = found["ten rules"][list(PEOPLE).index("two greens")]
    met = decision <= DECISION_TARGET_US and alone <= RULES_TARGET_US
    console.print(
        f"Targets: ten rules at most {DECISION_TARGET_US} us a decision ({decision:.1f}), as one "
        f"program at most {RULES_TARGET_US} us ({alone:.1f}): {'met' if met else 'MISSED'}."
    )
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
