"""A policy made ready to decide with: tables instead of names, rules as code, once per revision."""

import copy
from collections.abc import Sequence
from enum import Enum

import msgspec

from exchange.core.case_view import CaseFacts
from exchange.core.certlogic import (
    POLICY_RULE_STEPS,
    EvaluationError,
    Json,
    Rule,
    compile_rule,
    compile_rules,
    paths_read,
)
from exchange.core.health_code import Level, State
from exchange.core.policy import Combination, Policy, PolicyRule, Recognition
from exchange.core.rendering import Rendering, render
from exchange.core.standing import MaxAge
from exchange.core.times import DAY_MS, MINUTE_MS
from exchange.core.verdict import Verdict
from exchange.core.view_plan import ViewPlan

FOREVER_MS = 1 << 62
"""Later than every instant: nothing is known to take a revision's place."""


class RuleOutcome(Enum):
    """What became of a rule on a case."""

    MET = "MET"
    FAILED = "FAILED"
    UNEVALUABLE = "UNEVALUABLE"


class JudgedRule(msgspec.Struct, frozen=True):
    """A rule that was not met.

    Attributes:
        rule: The rule.
        outcome: FAILED or UNEVALUABLE.
        verdict: What that comes to.
        problem: Why it cannot be evaluated, ``""`` for one that failed.
    """

    rule: PolicyRule
    outcome: RuleOutcome
    verdict: Verdict
    problem: str = ""


class CompiledPolicy:
    """One revision for one destination, ready to decide with. Immutable.

    Attributes:
        policy: The revision.
        destination: Member whose policy it is; the default is made ready once for each.
        admitted: Levels that may admit; UNSPECIFIED never does, whatever the data say.
        any_admitted: Whether one admitted level suffices.
        reliance_ms: How long a decision may be relied on at most.
        last_ms: Its last instant in force, as far as is known: no decision is relied on beyond it.
        max_age_ms: Gives the greatest age of a statement of a level, in ms.
        rules: Each rule with its program.
        has_rules: Whether a view has to be built at all.
    """

    def __init__(self, policy: Policy, destination: str) -> None:
        self.policy = policy
        self.destination = destination
        self.admitted = frozenset(
            level
            for level in Level
            if level != Level.UNSPECIFIED and level.name in policy.admitted_levels
        )
        self.any_admitted = policy.combination == Combination.ANY_ADMITTED
        self.reliance_ms = policy.reliance_minutes * MINUTE_MS
        self.last_ms = FOREVER_MS
        self._treatments = policy.recognition
        self._treatment_default = policy.recognition_default
        other = policy.max_age_days["OTHER"]
        ages_ms = [policy.max_age_days.get(level.name, other) * DAY_MS for level in Level]
        # The list's own method: every lookup asks it once or twice.
        self.max_age_ms: MaxAge = ages_ms.__getitem__
        lists = {
            f"external.value_sets.{name}.values": frozenset(one.values)
            for name, one in policy.value_sets.items()
            if "." not in name
        }
        self.rules = tuple(
            (rule, compile_rule(rule.logic, lists=lists, max_steps=POLICY_RULE_STEPS))
            for rule in policy.rules
        )
        self.has_rules = bool(self.rules)
        self._failed = tuple(_failed(rule) for rule in policy.rules)
        # One program for all rules reads each path and each date once.
        self._together = compile_rules(
            [rule.logic for rule in policy.rules], lists=lists, max_steps=POLICY_RULE_STEPS
        )
        paths = frozenset[str]().union(*(paths_read(rule.logic) for rule in policy.rules))
        self._renderings = {
            (verdict, level, state): render(policy.renderings, verdict, level, state)
            for verdict in Verdict
            for level in Level
            for state in State
        }
        self._plan = ViewPlan(paths, policy.value_sets)

    def until(self, last_ms: int) -> "CompiledPolicy":
        """Return the same revision for decisions that are relied on up to an instant at most."""
        if last_ms == self.last_ms:
            return self
        bounded = copy.copy(self)  # All that was compiled is shared.
        bounded.last_ms = last_ms
        return bounded

    def treatment(self, issuer: str) -> Recognition:
        """Return how statements of an issuer are treated."""
        return self._treatments.get(issuer, self._treatment_default)

    def rendering(self, verdict: Verdict, level: Level, state: State) -> Rendering:
        """Return what `render` shows by the policy's table."""
        return self._renderings[verdict, level, state]

    def judge(self, case: CaseFacts) -> Sequence[JudgedRule]:
        """Return the rules that are not met on a case."""
        view = self._plan.build(case)
        try:
            return [self._failed[i] for i in self._together.unmet(view)]
        except EvaluationError:
            return [judged for one in self.rules if (judged := _judge(*one, view)) is not None]


def _judge(rule: PolicyRule, compiled: Rule, view: Json) -> JudgedRule | None:
    try:
        value = compiled.evaluate(view)
    except EvaluationError as error:
        verdict = Verdict[rule.unevaluable]
        return JudgedRule(rule, RuleOutcome.UNEVALUABLE, verdict, str(error))
    return None if value is True else _failed(rule)


def _failed(rule: PolicyRule) -> JudgedRule:
    return JudgedRule(rule, RuleOutcome.FAILED, Verdict[rule.failing])
