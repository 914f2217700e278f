"""Why a decision is what it is: the roles, and every rule with the values that it read."""

import msgspec

from exchange.core.certlogic import EvaluationError, Json, Rule, compile_rule, paths_read
from exchange.core.compiled_policy import CompiledPolicy, RuleOutcome
from exchange.core.policy import PolicyRule
from exchange.core.recognition import Question, facts_of
from exchange.core.verdict import Verdict
from exchange.core.view_plan import ViewPlan


class ExplainedRule(msgspec.Struct, frozen=True):
    """What became of a rule.

    Attributes:
        rule: The rule.
        outcome: What became of it.
        verdict: What it comes to; UNSPECIFIED for one that is met.
        problem: Why it could not be evaluated, or ``""``.
        values: What it read, by path.
    """

    rule: PolicyRule
    outcome: RuleOutcome
    verdict: Verdict
    problem: str
    values: dict[str, Json]


class Explanation(msgspec.Struct, frozen=True):
    """Why a decision is what it is.

    Attributes:
        roles: Parts of the view's payload, by name.
        rules: All rules of the policy, in its order.
    """

    roles: dict[str, Json]
    rules: tuple[ExplainedRule, ...]


def explain(question: Question, policy: CompiledPolicy) -> Explanation:
    """Explain what `decide` decides on the same question."""
    view = ViewPlan(None, policy.policy.value_sets).build(facts_of(question, policy))
    payload = view["payload"]
    assert isinstance(payload, dict)  # noqa: S101 - the plan has built it.
    return Explanation(payload, tuple(_explained(*one, view) for one in policy.rules))


def _explained(rule: PolicyRule, compiled: Rule, view: Json) -> ExplainedRule:
    values = {path: _read(path, view) for path in sorted(paths_read(rule.logic))}
    try:
        met = compiled.evaluate(view) is True
    except EvaluationError as error:
        verdict = Verdict[rule.unevaluable]
        return ExplainedRule(rule, RuleOutcome.UNEVALUABLE, verdict, str(error), values)
    if met:
        return ExplainedRule(rule, RuleOutcome.MET, Verdict.UNSPECIFIED, "", values)
    return ExplainedRule(rule, RuleOutcome.FAILED, Verdict[rule.failing], "", values)


def _read(path: str, view: Json) -> Json:
    return compile_rule({"var": path}).evaluate(view)  # type: ignore[return-value] # data only
