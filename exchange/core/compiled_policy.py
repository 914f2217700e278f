"""A policy made ready to decide with: tables instead of names, rules as code, once per revision."""

from collections.abc import Sequence
from enum import Enum

import msgspec

from exchange.core.case_view import CaseFacts, ViewPlan
from exchange.core.certlogic import EvaluationError, Json, Rule, compile_rule, paths_read
from exchange.core.health_code import Level
from exchange.core.policy import Combination, Policy, PolicyRule
from exchange.core.times import DAY_MS
from exchange.core.verdict import Verdict


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
        other = policy.max_age_days["OTHER"]
        self._max_age_ms = [policy.max_age_days.get(level.name, other) * DAY_MS for level in Level]
        self._rules = tuple((rule, compile_rule(rule.logic)) for rule in policy.rules)
        # One program for all rules reads each path and each date once.
        self._together = compile_rule([rule.logic for rule in policy.rules])
        paths = frozenset[str]().union(*(paths_read(rule.logic) for rule in policy.rules))
        self._plan = ViewPlan(paths, policy.value_sets)

    @property
    def has_rules(self) -> bool:
        """Whether a view has to be built at all."""
        return bool(self._rules)

    def max_age_ms(self, level: Level) -> int:
        """Return the greatest age of a statement of a level, in ms."""
        return self._max_age_ms[level]

    def judge(self, case: CaseFacts) -> Sequence[JudgedRule]:
        """Return the rules that are not met on a case."""
        view = self._plan.build(case)
        try:
            values = self._together.evaluate(view)
        except EvaluationError:
            return [judged for one in self._rules if (judged := _judge(*one, view)) is not None]
        assert isinstance(values, list)  # noqa: S101 - of an array of expressions.
        return [
            _failed(rule)
            for (rule, _), value in zip(self._rules, values, strict=True)
            if value is not True
        ]


def _judge(rule: PolicyRule, compiled: Rule, view: Json) -> JudgedRule | None:
    try:
        value = compiled.evaluate(view)
    except EvaluationError as error:
        verdict = Verdict[rule.unevaluable]
        return JudgedRule(rule, RuleOutcome.UNEVALUABLE, verdict, str(error))
    return None if value is True else _failed(rule)


def _failed(rule: PolicyRule) -> JudgedRule:
    return JudgedRule(rule, RuleOutcome.FAILED, Verdict[rule.failing])
