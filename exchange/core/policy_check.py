"""Checks a policy before it is ever in force: rules, paths, names, colours, limits."""

import re
from collections.abc import Iterator

import msgspec

from exchange.core.case_view import view_schema
from exchange.core.certlogic import validate
from exchange.core.health_code import Level, State
from exchange.core.members import BY_CODE
from exchange.core.policy import DEFAULT_POLICY, Combination, Policy, PolicyRule
from exchange.core.rendering import COLOURS_OF_LEVEL, RenderingTable

RULES_MAX = 50
"""Rules of a policy: five times what any was seen to have, and some 10 us a decision."""
POLICY_BYTES_MAX = 200_000
"""A policy as JSON: ten times the largest shipped one, and small enough to read 33 in one go."""
TEXT_CHARACTERS_MAX = 500
"""A rule in words has to fit on a checkpoint's screen."""
AGE_DAYS_MAX = 180
"""No statement is kept longer by default."""
RELIANCE_MINUTES_MAX = 24 * 60
"""A decision is not to be relied upon for longer than a day."""

_NAME = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
_NAME_CHARACTERS_MAX = 60
_LEVELS = frozenset(level.name for level in Level if level != Level.UNSPECIFIED)
_STATES = frozenset({State.PENDING.name, State.EXPIRED.name, State.WITHDRAWN.name})


class PolicyProblem(msgspec.Struct, frozen=True):
    """One thing that is wrong with a policy.

    Attributes:
        place: Where, as ``rules[2].logic/and/1``.
        code: What kind, UPPER_SNAKE_CASE.
        message: The same in words.
    """

    place: str
    code: str
    message: str


def check_policy(policy: Policy) -> tuple[PolicyProblem, ...]:
    """Find everything that is wrong with a policy; nothing for one that may be published."""
    return (
        *_names(policy),
        *_numbers(policy),
        *_rules(policy),
        *_renderings(policy.renderings),
    )


def _names(policy: Policy) -> Iterator[PolicyProblem]:
    if policy.name != DEFAULT_POLICY and policy.name not in BY_CODE:
        yield PolicyProblem("name", "NO_SUCH_MEMBER", "is no member's code")
    for code in sorted(policy.recognition):
        if code not in BY_CODE:
            yield PolicyProblem(f"recognition.{code}", "NO_SUCH_MEMBER", "is no member's code")
    for name in policy.admitted_levels:
        if name not in _LEVELS:
            yield PolicyProblem("admitted_levels", "NO_SUCH_LEVEL", f"{name!r} is no level")
        elif name != Level.LOW.name and policy.combination == Combination.STRICTEST:
            words = f"{name} is stopped where the strictest statement counts: never admitted"
            yield PolicyProblem("admitted_levels", "NEVER_ADMITTED", words)
    for name in sorted(policy.value_sets):
        if not _is_name(name):
            yield PolicyProblem(f"value_sets.{name}", "INVALID_NAME", _NAME_WORDS)


def _numbers(policy: Policy) -> Iterator[PolicyProblem]:
    if "OTHER" not in policy.max_age_days:
        yield PolicyProblem("max_age_days", "MISSING", "has to name OTHER")
    for name, days in sorted(policy.max_age_days.items()):
        if name not in _LEVELS | {Level.UNSPECIFIED.name, "OTHER"}:
            yield PolicyProblem(f"max_age_days.{name}", "NO_SUCH_LEVEL", "is no level")
        if not 0 <= days <= AGE_DAYS_MAX:
            words = f"is not within 0 to {AGE_DAYS_MAX}"
            yield PolicyProblem(f"max_age_days.{name}", "OUT_OF_RANGE", words)
    if not 0 <= policy.reliance_minutes <= RELIANCE_MINUTES_MAX:
        words = f"is not within 0 to {RELIANCE_MINUTES_MAX}"
        yield PolicyProblem("reliance_minutes", "OUT_OF_RANGE", words)
    try:
        size = len(msgspec.json.encode(policy))
    except (OverflowError, RecursionError):
        yield PolicyProblem("rules", "TOO_LARGE", "holds a number or a nesting beyond all limits")
        return
    if size > POLICY_BYTES_MAX:
        yield PolicyProblem("", "TOO_LARGE", f"is over {POLICY_BYTES_MAX} bytes of JSON")


def _rules(policy: Policy) -> Iterator[PolicyProblem]:
    if len(policy.rules) > RULES_MAX:
        yield PolicyProblem("rules", "TOO_LARGE", f"has more than {RULES_MAX} rules")
        return
    schema = view_schema(policy.value_sets)
    seen: set[str] = set()
    for index, rule in enumerate(policy.rules):
        place = f"rules[{index}]"
        yield from _rule_itself(rule, place)
        if rule.name in seen:
            yield PolicyProblem(f"{place}.name", "DUPLICATE", "stands twice")
        seen.add(rule.name)
        for problem in validate(rule.logic, schema):
            yield PolicyProblem(f"{place}.logic{problem.place}", problem.code, problem.message)


def _rule_itself(rule: PolicyRule, place: str) -> Iterator[PolicyProblem]:
    if not _is_name(rule.name):
        yield PolicyProblem(f"{place}.name", "INVALID_NAME", _NAME_WORDS)
    for language, text in (("zh", rule.text.zh), ("en", rule.text.en)):
        if not 0 < len(text) <= TEXT_CHARACTERS_MAX:
            words = f"needs 1 to {TEXT_CHARACTERS_MAX} characters"
            yield PolicyProblem(f"{place}.text.{language}", "INVALID_TEXT", words)


_NAME_WORDS = "is not of the form test-72h: small letters, digits and hyphens"


def _is_name(text: str) -> bool:
    return len(text) <= _NAME_CHARACTERS_MAX and _NAME.fullmatch(text) is not None


def _renderings(table: RenderingTable) -> Iterator[PolicyProblem]:
    for level, shown in sorted(table.by_level.items()):
        place = f"renderings.by_level.{level}"
        if level not in _LEVELS:
            yield PolicyProblem(place, "NO_SUCH_LEVEL", "is no level")
        elif shown.colour not in COLOURS_OF_LEVEL[level]:
            yield PolicyProblem(place, "WRONG_COLOUR", f"{shown.colour!r} is no colour for {level}")
        if not (shown.chinese and shown.english):
            yield PolicyProblem(place, "INVALID_TEXT", "needs words in both languages")
    for state, shown in sorted(table.by_state.items()):
        place = f"renderings.by_state.{state}"
        if state not in _STATES:
            yield PolicyProblem(place, "NO_SUCH_STATE", "is no state that is shown")
        if shown.colour:
            yield PolicyProblem(place, "WRONG_COLOUR", "unknown and lapsed have no colour")
        if not (shown.chinese and shown.english):
            yield PolicyProblem(place, "INVALID_TEXT", "needs words in both languages")
