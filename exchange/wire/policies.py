"""Policies to messages and back; explanations and dry runs to messages."""

import json
from typing import Any

from exchange.api.v1 import decision_pb2, health_code_pb2, policy_pb2 as pb
from exchange.core.certlogic import Json
from exchange.core.errors import InvalidPolicyError, InvalidRequestError
from exchange.core.explanation import ExplainedRule, Explanation
from exchange.core.health_code import Level, State
from exchange.core.policy import (
    Combination,
    Failing,
    Policy,
    PolicyRule,
    Recognition,
    RuleText,
    ValueSet,
)
from exchange.core.policy_check import POLICY_BYTES_MAX
from exchange.core.rendering import Rendering, RenderingTable
from exchange.core.verdict import Verdict
from exchange.wire.names import member_code, member_name

_COMBINATIONS = {
    pb.PolicyContent.STRICTEST: Combination.STRICTEST,
    pb.PolicyContent.ANY_ADMITTED: Combination.ANY_ADMITTED,
}
_RECOGNITIONS = {
    pb.PolicyContent.RECOGNISE: Recognition.RECOGNISE,
    pb.PolicyContent.CROSS_CHECK: Recognition.CROSS_CHECK,
    pb.PolicyContent.IGNORE: Recognition.IGNORE,
}
_FAILINGS: dict[int, Failing] = {
    decision_pb2.Decision.CROSS_CHECK: "CROSS_CHECK",
    decision_pb2.Decision.REFUSE: "REFUSE",
}
_COMBINATION_NUMBERS = {value: number for number, value in _COMBINATIONS.items()}
_RECOGNITION_NUMBERS = {value: number for number, value in _RECOGNITIONS.items()}
_LEVELS = dict(health_code_pb2.HealthCode.Level.items())
_STATES = dict(health_code_pb2.HealthCode.State.items())
_SECONDS_PER_MINUTE = 60
RELIANCE_MINUTES_DEFAULT = 60


def policy_of(message: pb.PolicyContent, destination: str, revision: int, field: str) -> Policy:
    """Return the policy in a message.

    Raises:
        InvalidRequestError: A field is missing or malformed; what it may say is checked later.
    """
    if message.ByteSize() > POLICY_BYTES_MAX:
        raise InvalidPolicyError([(field, f"is over {POLICY_BYTES_MAX} bytes")])
    combination = _COMBINATIONS.get(message.combination)
    if combination is None:
        raise InvalidRequestError(f"{field}.combination", "is required")
    default = _recognition(message.default_recognition, f"{field}.default_recognition")
    if not message.other_age_days:
        raise InvalidRequestError(f"{field}.other_age_days", "is required")
    return Policy(
        name=destination,
        revision=revision,
        basis=message.basis,
        combination=combination,
        admitted_levels=tuple(
            _level(level, f"{field}.admitted_levels") for level in message.admitted_levels
        ),
        recognition_default=default,
        recognition=_pairs(message, field),
        max_age_days={
            **{
                _level(one.level, f"{field}.level_ages.level"): one.age_days
                for one in message.level_ages
            },
            "OTHER": message.other_age_days,
        },
        accepts_not_unique=message.accept_not_unique,
        document_only=message.document_only,
        reliance_minutes=_reliance(message, field),
        rules=tuple(
            _rule(rule, f"{field}.rules[{index}]") for index, rule in enumerate(message.rules)
        ),
        value_sets=_value_sets(message, field),
        renderings=_renderings(message, field),
    )


def _reliance(message: pb.PolicyContent, field: str) -> int:
    if not message.HasField("reliance_duration"):
        return RELIANCE_MINUTES_DEFAULT
    minutes, seconds = divmod(message.reliance_duration.seconds, _SECONDS_PER_MINUTE)
    if seconds or message.reliance_duration.nanos:
        raise InvalidRequestError(f"{field}.reliance_duration", "is no number of whole minutes")
    return minutes


def _pairs(message: pb.PolicyContent, field: str) -> dict[str, Recognition]:
    found: dict[str, Recognition] = {}
    for index, pair in enumerate(message.pairs):
        place = f"{field}.pairs[{index}]"
        issuer = member_code(pair.issuer, f"{place}.issuer")
        if issuer in found:
            raise InvalidRequestError(f"{place}.issuer", "stands twice")
        found[issuer] = _recognition(pair.recognition, f"{place}.recognition")
    return found


def _recognition(number: int, field: str) -> Recognition:
    found = _RECOGNITIONS.get(number)  # type: ignore[call-overload]
    if not isinstance(found, Recognition):
        raise InvalidRequestError(field, "is required")
    return found


def _level(number: int, field: str) -> str:
    if number == 0 or number not in health_code_pb2.HealthCode.Level.values():
        raise InvalidRequestError(field, "is no level")
    return Level(number).name


def _rule(rule: pb.PolicyRule, field: str) -> PolicyRule:
    for name in ("name", "chinese_text", "english_text", "logic"):
        if not getattr(rule, name):
            raise InvalidRequestError(f"{field}.{name}", "is required")
    failing = _FAILINGS.get(rule.failing)
    if failing is None:
        raise InvalidRequestError(f"{field}.failing", "is required: CROSS_CHECK or REFUSE")
    unevaluable = _FAILINGS.get(rule.unevaluable) if rule.unevaluable else "CROSS_CHECK"
    if unevaluable is None:
        raise InvalidRequestError(f"{field}.unevaluable", "is neither CROSS_CHECK nor REFUSE")
    return PolicyRule(
        name=rule.name,
        text=RuleText(rule.chinese_text, rule.english_text),
        logic=_logic(rule.logic, f"{field}.logic"),
        failing=failing,
        unevaluable=unevaluable,
    )


def _logic(text: str, field: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidRequestError(field, "is no JSON") from None


def _value_sets(message: pb.PolicyContent, field: str) -> dict[str, ValueSet]:
    found: dict[str, ValueSet] = {}
    for index, one in enumerate(message.value_sets):
        place = f"{field}.value_sets[{index}]"
        for name in ("name", "version"):
            if not getattr(one, name):
                raise InvalidRequestError(f"{place}.{name}", "is required")
        if one.name in found:
            raise InvalidRequestError(f"{place}.name", "stands twice")
        found[one.name] = ValueSet(one.version, tuple(one.values))
    return found


def _renderings(message: pb.PolicyContent, field: str) -> RenderingTable:
    by_level = {
        _level(one.level, f"{field}.level_renderings.level"): _rendering(one.rendering)
        for one in message.level_renderings
    }
    by_state = {
        State(one.state).name: _rendering(one.rendering) for one in message.state_renderings
    }
    return RenderingTable(by_level, by_state)


def _rendering(message: decision_pb2.Rendering) -> Rendering:
    return Rendering(message.colour, message.chinese_text, message.english_text)


def fill_content(message: pb.PolicyContent, policy: Policy) -> None:
    """Fill a message with what a policy says."""
    message.basis = policy.basis
    message.combination = _COMBINATION_NUMBERS[policy.combination]
    message.admitted_levels.extend(_LEVELS[name] for name in policy.admitted_levels)
    message.default_recognition = _RECOGNITION_NUMBERS[policy.recognition_default]
    for issuer, recognition in sorted(policy.recognition.items()):
        message.pairs.add(issuer=member_name(issuer), recognition=_RECOGNITION_NUMBERS[recognition])
    for name, days in sorted(policy.max_age_days.items()):
        if name == "OTHER":
            message.other_age_days = days
        else:
            message.level_ages.add(level=_LEVELS[name], age_days=days)
    message.accept_not_unique = policy.accepts_not_unique
    message.document_only = policy.document_only
    message.reliance_duration.seconds = policy.reliance_minutes * _SECONDS_PER_MINUTE
    for rule in policy.rules:
        _fill_rule(message.rules.add(), rule)
    for name, value_set in sorted(policy.value_sets.items()):
        message.value_sets.add(name=name, version=value_set.version, values=value_set.values)
    for name, shown in policy.renderings.by_level.items():
        one = message.level_renderings.add(level=_LEVELS[name])
        _fill_rendering(one.rendering, shown)
    for name, shown in policy.renderings.by_state.items():
        other = message.state_renderings.add(state=_STATES[name])
        _fill_rendering(other.rendering, shown)


def _fill_rule(message: pb.PolicyRule, rule: PolicyRule) -> None:
    message.name = rule.name
    message.chinese_text = rule.text.zh
    message.english_text = rule.text.en
    message.logic = json_text(rule.logic)
    message.failing = int(Verdict[rule.failing])  # type: ignore[assignment]
    message.unevaluable = int(Verdict[rule.unevaluable])  # type: ignore[assignment]


def _fill_rendering(message: decision_pb2.Rendering, shown: Rendering) -> None:
    message.colour = shown.colour
    message.chinese_text = shown.chinese
    message.english_text = shown.english


def fill_explanation(message: pb.Explanation, explanation: Explanation) -> None:
    """Fill a message with an explanation."""
    for role, value in explanation.roles.items():
        message.roles.add(role=role, value=json_text(value))
    for rule in explanation.rules:
        _fill_explained(message.rules.add(), rule)


def _fill_explained(message: pb.Explanation.RuleResult, explained: ExplainedRule) -> None:
    message.rule = explained.rule.name
    message.chinese_text = explained.rule.text.zh
    message.english_text = explained.rule.text.en
    message.outcome = pb.Explanation.RuleResult.Outcome.Value(explained.outcome.value)
    message.verdict = int(explained.verdict)  # type: ignore[assignment]
    message.problem = explained.problem
    for path, value in explained.values.items():
        message.read_values.add(path=path, value=json_text(value))


def json_text(value: Json) -> str:
    """Write JSON compactly, for people too."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
