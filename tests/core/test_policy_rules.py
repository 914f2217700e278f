import json
from random import Random

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from exchange.core.compiled_policy import CompiledPolicy
from exchange.core.decision import Decision, DecisionReason as R
from exchange.core.explanation import explain
from exchange.core.health_code import Level, State
from exchange.core.members import BY_CODE
from exchange.core.policy import Combination, Policy, Recognition, ValueSet
from exchange.core.policy_case import decide_case, unexpected
from exchange.core.policy_check import RULES_MAX, check_policy
from exchange.core.recognition import Question, decide
from exchange.core.rendering import Rendering, RenderingTable
from exchange.core.statement import Statement
from exchange.core.verdict import Verdict
from exchange.operations.shipped import default_for, shipped_cases, shipped_policies, shipped_policy
from tests.core.policies import (
    DAY,
    DEFAULT,
    DESTINATION,
    decided,
    failings,
    generated_policies,
    logics,
    people,
    policy_with,
    rule,
    said,
    var,
)
from tests.core.strategies import NOW_MS

UNEVALUABLE = {"<=": [var("payload.test.age_hours"), 72]}
"""Fails to be evaluated where there is no test: null is no integer."""
SHIPPED = {"default": DEFAULT, **shipped_policies()}


def reasons(decision: Decision) -> set[tuple[str, str]]:
    return {(one.reason.value, one.detail) for one in decision.findings}


def test_a_rule_that_is_met_changes_nothing() -> None:
    assert decided(policy_with(True), said()).verdict == Verdict.ADMIT


@pytest.mark.parametrize(("failing", "verdict"), [("CROSS_CHECK", 2), ("REFUSE", 3)])
def test_a_rule_that_fails_is_named_in_words_and_comes_to_what_the_rule_says(
    failing: str, verdict: int
) -> None:
    decision = decided(policy_with(False, failing=failing), said())
    assert decision.verdict == verdict
    assert decision.findings[0].reason == R.RULE_FAILED
    assert decision.findings[0].detail == "rule-0"
    assert decision.findings[0].texts == ("中文", "English")


@pytest.mark.parametrize("value", [1, "true", [True], {"+": [1, 0]}, var("payload.local.level")])
def test_only_true_itself_meets_a_rule(value: object) -> None:
    assert decided(policy_with(value), said(issuer="310000")).verdict == Verdict.CROSS_CHECK


@pytest.mark.parametrize(("unevaluable", "verdict"), [("CROSS_CHECK", 2), ("REFUSE", 3)])
def test_a_rule_that_cannot_be_evaluated_never_admits(unevaluable: str, verdict: int) -> None:
    decision = decided(policy_with(UNEVALUABLE, unevaluable=unevaluable), said())
    assert decision.verdict == verdict
    assert (R.RULE_NOT_EVALUABLE.value, "rule-0") in reasons(decision)


def test_one_rule_that_cannot_be_evaluated_leaves_the_others_their_outcomes() -> None:
    decision = decided(policy_with(True, UNEVALUABLE, False), said())
    assert {("RULE_NOT_EVALUABLE", "rule-1"), ("RULE_FAILED", "rule-2")} <= reasons(decision)
    assert ("RULE_FAILED", "rule-0") not in reasons(decision)


def test_rules_cannot_admit_what_the_policy_does_not() -> None:
    assert decided(policy_with(True), said(Level.HIGH)).verdict == Verdict.REFUSE
    assert decided(policy_with(True)).verdict == Verdict.CROSS_CHECK


def test_a_rule_that_asks_for_a_red_is_not_met_by_getting_one() -> None:
    asks = {"===": [var("payload.strictest.level"), "HIGH"]}
    base = msgspec.structs.replace(DEFAULT, combination=Combination.ANY_ADMITTED)
    policy = policy_with(asks, base=base, failing="REFUSE")
    assert decided(policy, said()).verdict == Verdict.REFUSE
    both = decided(policy, said(), said(Level.HIGH, "110000"))
    assert both.verdict == Verdict.CROSS_CHECK
    assert (R.RISK_OPENS_RULE.value, "") in reasons(both)


def test_a_policy_whose_rules_together_are_over_the_limit_is_still_judged_rule_by_rule() -> None:
    long = {"in": [var("payload.local.region"), [f"{n:06}" for n in range(6000)]]}
    policy = policy_with(long, long, True)
    assert reasons(decided(policy, said())) >= {
        ("RULE_FAILED", "rule-0"),
        ("RULE_FAILED", "rule-1"),
    }
    assert ("RULE_FAILED", "rule-2") not in reasons(decided(policy, said()))


def test_a_rule_that_works_too_hard_cannot_be_evaluated_and_holds_nobody_up() -> None:
    body: object = {"+": [var("accumulator"), 1]}
    for _ in range(6):
        body = {"reduce": [[1] * 8, body, 0]}
    decision = decided(policy_with({"<": [0, body]}), said())
    assert decision.verdict == Verdict.CROSS_CHECK
    assert (R.RULE_NOT_EVALUABLE.value, "rule-0") in reasons(decision)


@pytest.mark.parametrize(
    ("region", "values", "verdict"),
    [
        ("310101", ("310101",), Verdict.CROSS_CHECK),
        ("310101", ("310102", "310103"), Verdict.ADMIT),
        ("310101", (), Verdict.ADMIT),
        ("", ("",), Verdict.CROSS_CHECK),
    ],
)
def test_a_value_set_is_looked_up_as_it_is_in_the_view(
    region: str, values: tuple[str, ...], verdict: Verdict
) -> None:
    looked_up = {"in": [var("payload.strictest.region"), var("external.value_sets.risk.values")]}
    policy = policy_with({"!": [looked_up]}, {"!": [{"and": [looked_up, True]}]})
    policy = msgspec.structs.replace(policy, value_sets={"risk": ValueSet("1", values)})
    assert check_policy(policy) == ()
    decision = decided(policy, said(region=region))
    assert decision.verdict == verdict
    explained = explain(Question((said(region=region),), NOW_MS), CompiledPolicy(policy, "310000"))
    assert {one.outcome.value for one in explained.rules} == {
        "FAILED" if verdict == Verdict.CROSS_CHECK else "MET"
    }


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_every_shipped_policy_may_be_published_and_says_what_it_is(name: str) -> None:
    policy = SHIPPED[name]
    assert check_policy(policy) == ()
    assert (policy.name, policy.revision) == (name if name != "default" else "default", 1)
    assert name == "default" or policy.basis.startswith("modelled on documented practice")


@pytest.mark.parametrize("name", ["default", *sorted(BY_CODE)])
def test_every_case_beside_a_shipped_policy_comes_out_as_written(name: str) -> None:
    policy = CompiledPolicy(shipped_policy(name), "370000" if name == "default" else name)
    cases = shipped_cases(name)
    assert len(cases) >= 5
    assert all(case.expected is not None for case in cases)
    found = {case.name: unexpected(case, decide_case(case, policy)) for case in cases}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("name", sorted(BY_CODE))
def test_every_rule_of_a_shipped_policy_has_a_case_that_it_stops(name: str) -> None:
    policy = CompiledPolicy(shipped_policy(name), name)
    failed = {
        finding.detail
        for case in shipped_cases(name)
        for finding in decide_case(case, policy).findings
        if finding.reason in {R.RULE_FAILED, R.RULE_NOT_EVALUABLE}
    }
    wanted = {one.name for one in policy.policy.rules}
    assert wanted <= failed


def test_at_least_eight_shipped_policies_differ_in_substance() -> None:
    substance = set()
    for policy in shipped_policies().values():
        plain = msgspec.structs.replace(policy, name="", basis="", renderings=RenderingTable())
        substance.add(json.dumps(msgspec.to_builtins(plain), sort_keys=True))
    assert len(substance) >= 15


@pytest.mark.parametrize(
    ("change", "code", "place"),
    [
        ({"name": "999999"}, "NO_SUCH_MEMBER", "name"),
        ({"recognition": {"999999": Recognition.IGNORE}}, "NO_SUCH_MEMBER", "recognition.999999"),
        ({"admitted_levels": ("UNSPECIFIED",)}, "NO_SUCH_LEVEL", "admitted_levels"),
        ({"admitted_levels": ("LOW", "MEDIUM")}, "NEVER_ADMITTED", "admitted_levels"),
        ({"max_age_days": {"LOW": 3}}, "MISSING", "max_age_days"),
        ({"max_age_days": {"LOW": 3, "OTHER": 999}}, "OUT_OF_RANGE", "max_age_days.OTHER"),
        ({"max_age_days": {"GREEN": 3, "OTHER": 9}}, "NO_SUCH_LEVEL", "max_age_days.GREEN"),
        ({"reliance_minutes": -1}, "OUT_OF_RANGE", "reliance_minutes"),
        ({"value_sets": {"A B": ValueSet("1", ())}}, "INVALID_NAME", "value_sets.A B"),
        ({"rules": (rule(True, "Bad Name"),)}, "INVALID_NAME", "rules[0].name"),
        ({"rules": (rule(True), rule(True))}, "DUPLICATE", "rules[1].name"),
        ({"rules": (rule({"or": [True, True]}),)}, "UNKNOWN_OPERATOR", "rules[0].logic"),
        ({"rules": (rule({"!": [True, True]}),)}, "WRONG_OPERAND_COUNT", "rules[0].logic/!"),
        (
            {"rules": (rule({"!": [var("payload.m999999")]}),)},
            "NO_SUCH_PATH",
            "rules[0].logic/!/0/var",
        ),
        (
            {"rules": (rule({"in": ["1", var("external.value_sets.risk.values")]}),)},
            "NO_SUCH_PATH",
            "rules[0].logic/in/1/var",
        ),
        (
            {"rules": (rule({"<": [var("payload.local.level"), 3]}),)},
            "WRONG_OPERAND_KIND",
            "rules[0].logic/</0",
        ),
        ({"rules": (rule(True),) * (RULES_MAX + 1)}, "TOO_LARGE", "rules"),
        (
            {"renderings": RenderingTable({"HIGH": Rendering("green", "绿", "Green")})},
            "WRONG_COLOUR",
            "renderings.by_level.HIGH",
        ),
        (
            {"renderings": RenderingTable({}, {"EXPIRED": Rendering("red", "红", "Red")})},
            "WRONG_COLOUR",
            "renderings.by_state.EXPIRED",
        ),
    ],
)
def test_what_is_wrong_with_a_policy_is_found_with_its_place(
    change: dict[str, object], code: str, place: str
) -> None:
    problems = check_policy(msgspec.structs.replace(DEFAULT, **change))
    assert (code, place) in {(one.code, one.place) for one in problems}


def test_a_level_other_than_low_may_be_admitted_where_one_admitted_level_suffices() -> None:
    levels = ("LOW", "MEDIUM")
    open_to_yellow = msgspec.structs.replace(
        DEFAULT, admitted_levels=levels, combination=Combination.ANY_ADMITTED
    )
    assert check_policy(open_to_yellow) == ()
    assert decided(open_to_yellow, said(Level.MEDIUM)).verdict == Verdict.ADMIT


# What follows holds for the default, all shipped policies and generated ones.

READY = [
    CompiledPolicy(policy, DESTINATION if name == "default" else name)
    for name, policy in SHIPPED.items()
]
RULED = [policy for policy in SHIPPED.values() if policy.rules]
policies = st.one_of(st.sampled_from(list(SHIPPED.values())), generated_policies())
ruled = st.one_of(st.sampled_from(RULED), generated_policies())
origins = st.sampled_from(["", "110000", "510000"])
THOROUGH = settings(max_examples=200, derandomize=True, deadline=None)


OPEN = CompiledPolicy(
    msgspec.structs.replace(
        DEFAULT,
        combination=Combination.ANY_ADMITTED,
        admitted_levels=("UNSPECIFIED", "LOW", "MEDIUM"),
        accepts_not_unique=True,
    ),
    DESTINATION,
)
"""As open as policies get."""


def every(generated: Policy) -> list[CompiledPolicy]:
    """Give the default, all that is shipped, the most open one, and one more."""
    return [*READY, OPEN, CompiledPolicy(generated, DESTINATION)]


@settings(THOROUGH, max_examples=600)  # A rule has to fail beside few others and nothing else.
@given(policies, people, origins, logics, failings, st.randoms(use_true_random=False))
def test_adding_a_rule_never_admits_more(
    policy: Policy,
    given_statements: list[Statement],
    origin: str,
    logic: object,
    failing: str,
    random: Random,
) -> None:
    rules = [*policy.rules, rule(logic, "added", failing=failing)]
    random.shuffle(rules)
    cut = random.randrange(len(rules))
    before, after = (
        decided(
            msgspec.structs.replace(policy, rules=tuple(some)), *given_statements, origin=origin
        ).verdict
        for some in (rules[:cut], rules[: cut + 1])
    )
    assert after >= before


@THOROUGH
@given(ruled, people, origins, logics)
def test_making_a_rule_stricter_never_admits_more(
    policy: Policy, given_statements: list[Statement], origin: str, logic: object
) -> None:
    stricter_rules = tuple(
        msgspec.structs.replace(
            one,
            failing="REFUSE",
            unevaluable="REFUSE",
            logic={"if": [{"===": [one.logic, True]}, logic, False]},
        )
        for one in policy.rules
    )
    stricter = msgspec.structs.replace(policy, rules=stricter_rules)
    before = decided(policy, *given_statements, origin=origin).verdict
    assert decided(stricter, *given_statements, origin=origin).verdict >= before


@THOROUGH
@given(generated_policies(), people, origins)
def test_an_admission_rests_on_a_recognised_active_statement_in_force_of_an_admitted_level(
    generated: Policy, given_statements: list[Statement], origin: str
) -> None:
    for compiled in every(generated):
        policy = compiled.policy
        decision = decide(given_statements, compiled, NOW_MS, origin=origin)
        resting = [
            one
            for one in given_statements
            if says_something(one, policy)
            and one.health_code.level.name in policy.admitted_levels
            and policy.recognises(one.issuer) == Recognition.RECOGNISE
        ]
        assert resting or decision.verdict != Verdict.ADMIT


def says_something(one: Statement, policy: Policy) -> bool:
    """Tell whether a statement is active, has a level and has not lapsed, by itself."""
    code = one.health_code
    days = policy.max_age_days.get(code.level.name, policy.max_age_days["OTHER"])
    return (
        code.state == State.ACTIVE
        and code.level != Level.UNSPECIFIED
        and code.as_of_ms >= NOW_MS - days * DAY
        and (code.valid_until_ms is None or code.valid_until_ms // 1000 >= NOW_MS // 1000)
    )


ASKS_FOR_RED = rule({"===": [var("payload.strictest.level"), "HIGH"]}, "asks", failing="REFUSE")


@THOROUGH
@given(generated_policies(), people, origins, st.sampled_from(["110000", "650000", "510000"]))
def test_a_red_of_a_recognised_issuer_never_turns_a_refusal_into_an_admission(
    generated: Policy, given_statements: list[Statement], origin: str, issuer: str
) -> None:
    rest = [one for one in given_statements if one.issuer != issuer]
    red = said(Level.HIGH, issuer, as_of=NOW_MS)
    asking = msgspec.structs.replace(OPEN.policy, rules=(*generated.rules[:1], ASKS_FOR_RED))
    for compiled in [*every(generated), CompiledPolicy(asking, DESTINATION)]:
        before = decide(rest, compiled, NOW_MS, origin=origin).verdict
        after = decide((*rest, red), compiled, NOW_MS, origin=origin).verdict
        assert not (before == Verdict.REFUSE and after == Verdict.ADMIT)


@THOROUGH
@given(generated_policies(), people)
def test_what_is_unknown_expired_or_withdrawn_never_admits_and_never_refuses_by_level(
    generated: Policy, given_statements: list[Statement]
) -> None:
    by_level = {R.LEVEL_ADMITTED, R.LEVEL_MEDIUM, R.LEVEL_ELEVATED, R.LEVEL_HIGH}
    for compiled in every(generated):
        quiet = [one for one in given_statements if not says_something(one, compiled.policy)]
        decision = decide(quiet, compiled, NOW_MS)
        assert decision.verdict >= Verdict.CROSS_CHECK
        assert not by_level & {finding.reason for finding in decision.findings}


@THOROUGH
@given(generated_policies(), people, origins, st.randoms(use_true_random=False))
def test_the_order_of_statements_does_not_matter_to_any_policy(
    generated: Policy, given_statements: list[Statement], origin: str, random: Random
) -> None:
    shuffled = list(given_statements)
    random.shuffle(shuffled)
    for compiled in every(generated):
        decision = decide(given_statements, compiled, NOW_MS, origin=origin)
        assert decide(shuffled, compiled, NOW_MS, origin=origin) == decision


@pytest.mark.parametrize("member", sorted(BY_CODE))
@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("state", [State.ACTIVE, State.PENDING, State.EXPIRED, State.WITHDRAWN])
def test_every_policy_shows_something_for_every_level_and_state(
    member: str, level: Level, state: State
) -> None:
    shown = level if state == State.ACTIVE else Level.UNSPECIFIED
    for policy in (shipped_policy(member), default_for(member)):
        decision = decide((said(shown, state=state),), CompiledPolicy(policy, member), NOW_MS)
        assert decision.rendering.chinese
        assert decision.rendering.english
        if decision.rendering.colour == "green":
            assert decision.verdict == Verdict.ADMIT
        if decision.rendering.colour == "red":
            assert decision.level >= Level.ELEVATED
