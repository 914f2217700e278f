"""Looks for cases that a rule passes on, to find rules that can never pass.

Not a proof: cases are made up from what the rule itself compares with. A rule on which none of some
thousands passes is one that somebody should look at.
"""

from collections.abc import Iterator, Mapping
from random import Random

from exchange.core.case_view import STATEMENT_ROLES
from exchange.core.certlogic import (
    POLICY_RULE_STEPS,
    EvaluationError,
    Json,
    Rule,
    compile_rule,
    paths_read,
)
from exchange.core.policy import Policy, PolicyRule, ValueSet

CASES_MAX = 3_000
"""Cases that are tried: a few milliseconds for a rule."""

_DAY = 28
_WORDS: Mapping[str, tuple[Json, ...]] = {
    "level": ("UNSPECIFIED", "LOW", "MEDIUM", "ELEVATED", "HIGH"),
    "state": ("ACTIVE", "PENDING", "EXPIRED", "WITHDRAWN"),
    "standing": ("IN_FORCE", "EXPIRED", "WITHDRAWN", "TOO_OLD"),
    "result": ("NEGATIVE", "POSITIVE"),
    "own": (True, False),
    "contradicted": (True, False),
    "document_unique": (True, False),
}
_TIMES = frozenset(
    {"as_of", "as_of_date", "valid_until", "sample_time", "result_time", "date", "beijing_date",
     "instant", "last_dose_date"}
)  # fmt: skip
_OBJECTS = STATEMENT_ROLES | {"test", "vaccination"}


def never_passes(policy: Policy, random: Random) -> tuple[str, ...]:
    """Name the rules of a policy that no case was found to pass on."""
    return tuple(rule.name for rule in policy.rules if not _passes(rule, policy.value_sets, random))


def _passes(rule: PolicyRule, value_sets: Mapping[str, ValueSet], random: Random) -> bool:
    compiled = compile_rule(rule.logic, max_steps=POLICY_RULE_STEPS)
    return any(_is_met(compiled, view) for view in _views(rule.logic, value_sets, random))


def _is_met(rule: Rule, view: Json) -> bool:
    try:
        return rule.evaluate(view) is True
    except EvaluationError:
        return False


def _views(logic: Json, value_sets: Mapping[str, ValueSet], random: Random) -> Iterator[Json]:
    paths = sorted(paths_read(logic))
    literals = list(_literals(logic))
    sets: Json = {
        name: {"version": one.version, "values": list(one.values)}
        for name, one in value_sets.items()
    }
    for _ in range(CASES_MAX):
        view: dict[str, Json] = {"payload": {}, "external": {"value_sets": sets}}
        for path in paths:
            _place(view, path.split("."), literals, random)
        yield view


def _place(view: dict[str, Json], path: list[str], literals: list[Json], random: Random) -> None:
    """Put a made-up value at a path, or leave the object it lies in away."""
    if len(path) < 2 or path[:2] == ["external", "value_sets"]:  # noqa: PLR2004 - area and part
        return
    area = view.get(path[0])
    if not isinstance(area, dict):
        return
    part = path[1]
    if part not in _OBJECTS:
        area.setdefault(part, _value(part, literals, random))
        return
    if part not in area:
        area[part] = None if random.random() < 0.3 else {"issuer": "510000"}  # noqa: PLR2004
    inner = area[part]
    if isinstance(inner, dict) and len(path) > 2:  # noqa: PLR2004 - area, part and field
        inner.setdefault(path[2], _value(path[2], literals, random))


def _value(field: str, literals: list[Json], random: Random) -> Json:
    texts = [one for one in literals if isinstance(one, str)]
    numbers = [one for one in literals if type(one) is int]
    if field in _WORDS:
        return random.choice(_WORDS[field])
    if field in _TIMES:
        return f"2022-03-{random.randint(1, _DAY):02}"
    if field == "holds":
        return [one for one in texts if random.random() < 0.5]  # noqa: PLR2004
    if field in {"age_hours", "doses"}:
        near = random.choice(numbers) if numbers else 0
        return max(0, near + random.randint(-1, 1))
    return random.choice([*texts, "", "999999"])


def _literals(logic: Json) -> Iterator[Json]:
    stack = [logic]
    while stack:
        one = stack.pop()
        if isinstance(one, list):
            stack.extend(one)
        elif isinstance(one, dict):
            stack.extend(value for key, value in one.items() if key != "var")
        else:
            yield one
