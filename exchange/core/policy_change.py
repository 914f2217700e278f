"""How two revisions differ, and which way: what can admit fewer people, and what can admit more.

Only what is certain is called certain: a rule whose logic has changed may admit fewer people and
more, so that it counts as both.
"""

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from exchange.core.health_code import Level
from exchange.core.members import MEMBERS
from exchange.core.policy import Combination, Policy, PolicyRule, Recognition


class Direction(StrEnum):
    """Which way a difference goes."""

    TIGHTER = "tighter"
    """It can admit fewer people and never more."""
    LOOSER = "looser"
    """It can admit more people and never fewer."""
    EITHER = "either"
    """It can do both."""
    NEUTRAL = "neutral"
    """It changes words, or lets an answer hold for less long, and nobody else is admitted."""


class Difference(msgspec.Struct, frozen=True):
    """One difference between two revisions.

    Attributes:
        place: What differs, as ``rules.test-72h`` or ``recognition.510000``.
        direction: Which way.
        before: In words; ``""`` for what was not there.
        after: In words; ``""`` for what is gone.
    """

    place: str
    direction: Direction
    before: str
    after: str


def differences(old: Policy, new: Policy) -> tuple[Difference, ...]:
    """List how a revision differs from another one."""
    return (
        *_combination(old, new),
        *_levels(old, new),
        *_pairs(old, new),
        *_ages(old, new),
        *_documents(old, new),
        *_rules(old, new),
        *_value_sets(old, new),
        *_words(old, new),
    )


def needs_notice(found: tuple[Difference, ...]) -> bool:
    """Tell whether somebody who would have been admitted may not be any more."""
    return any(one.direction in {Direction.TIGHTER, Direction.EITHER} for one in found)


def only_lowers_risk(found: tuple[Difference, ...]) -> bool:
    """Tell whether nobody can be admitted who would not have been: what emergencies may do."""
    return all(one.direction in {Direction.TIGHTER, Direction.NEUTRAL} for one in found)


def _combination(old: Policy, new: Policy) -> Iterator[Difference]:
    if old.combination != new.combination:
        looser = new.combination == Combination.ANY_ADMITTED
        direction = Direction.LOOSER if looser else Direction.TIGHTER
        # A rule cannot tell how statements are combined, so the direction is certain.
        yield Difference("combination", direction, old.combination.value, new.combination.value)


def _levels(old: Policy, new: Policy) -> Iterator[Difference]:
    before, after = set(old.admitted_levels), set(new.admitted_levels)
    for level in sorted(before ^ after):
        direction = Direction.LOOSER if level in after else Direction.TIGHTER
        words = ("", "admitted") if level in after else ("admitted", "")
        yield Difference(f"admitted_levels.{level}", direction, *words)


def _pairs(old: Policy, new: Policy) -> Iterator[Difference]:
    for member in MEMBERS:
        before, after = old.recognises(member.code), new.recognises(member.code)
        if before != after:
            place = f"recognition.{member.code}"
            yield Difference(place, _pair_direction(before, after), before.value, after.value)


def _pair_direction(before: Recognition, after: Recognition) -> Direction:
    if Recognition.IGNORE in {before, after}:
        # A green that is left out admits fewer people, a red that is left out more.
        return Direction.EITHER
    return Direction.TIGHTER if after == Recognition.CROSS_CHECK else Direction.LOOSER


def _ages(old: Policy, new: Policy) -> Iterator[Difference]:
    for level in Level:
        before, after = _age(old, level), _age(new, level)
        if before != after:
            # An older green admits more people; an older red, or a lapsed one in a rule, fewer.
            direction = Direction.EITHER
            yield Difference(
                f"max_age_days.{level.name}", direction, f"{before} days", f"{after} days"
            )


def _age(policy: Policy, level: Level) -> int:
    return policy.max_age_days.get(level.name, policy.max_age_days["OTHER"])


def _documents(old: Policy, new: Policy) -> Iterator[Difference]:
    if old.accepts_not_unique != new.accepts_not_unique:
        direction = Direction.LOOSER if new.accepts_not_unique else Direction.TIGHTER
        words = str(old.accepts_not_unique).lower(), str(new.accepts_not_unique).lower()
        yield Difference("accepts_not_unique", direction, *words)
    if old.document_only != new.document_only:
        direction = Direction.TIGHTER if new.document_only else Direction.LOOSER
        words = str(old.document_only).lower(), str(new.document_only).lower()
        yield Difference("document_only", direction, *words)


def _rules(old: Policy, new: Policy) -> Iterator[Difference]:
    before = {rule.name: rule for rule in old.rules}
    after = {rule.name: rule for rule in new.rules}
    for name in sorted(before.keys() | after.keys()):
        place = f"rules.{name}"
        was, is_now = before.get(name), after.get(name)
        if was is None and is_now is not None:
            yield Difference(place, Direction.TIGHTER, "", _rule_words(is_now))
        elif was is not None and is_now is None:
            yield Difference(place, Direction.LOOSER, _rule_words(was), "")
        elif was is not None and is_now is not None and not _same(was, is_now):
            direction = _rule_direction(was, is_now)
            yield Difference(place, direction, _rule_words(was), _rule_words(is_now))


def _rule_direction(was: PolicyRule, is_now: PolicyRule) -> Direction:
    if not _same(was.logic, is_now.logic):
        return Direction.EITHER
    # Failing in another way admits the same people; REFUSE is the stricter one all the same.
    changes = {(was.failing, is_now.failing), (was.unevaluable, is_now.unevaluable)}
    tighter = ("CROSS_CHECK", "REFUSE") in changes
    looser = ("REFUSE", "CROSS_CHECK") in changes
    if tighter and looser:
        return Direction.EITHER
    if tighter:
        return Direction.TIGHTER
    return Direction.LOOSER if looser else Direction.NEUTRAL


def _same(one: object, other: object) -> bool:
    """Compare JSON, where 1, 1.0 and true are three values and not one as in Python."""
    return msgspec.json.encode(one) == msgspec.json.encode(other)


def _rule_words(rule: PolicyRule) -> str:
    return f"{rule.text.en} ({rule.failing})"


def _value_sets(old: Policy, new: Policy) -> Iterator[Difference]:
    for name in sorted(old.value_sets.keys() | new.value_sets.keys()):
        was, is_now = old.value_sets.get(name), new.value_sets.get(name)
        if was != is_now:
            words = [
                f"version {one.version}, {len(one.values)}" if one else "" for one in (was, is_now)
            ]
            yield Difference(f"value_sets.{name}", Direction.EITHER, *words)


def _words(old: Policy, new: Policy) -> Iterator[Difference]:
    if old.renderings != new.renderings:
        yield Difference("renderings", Direction.NEUTRAL, "", "other words or colours")
    if old.reliance_minutes != new.reliance_minutes:
        words = f"{old.reliance_minutes} min", f"{new.reliance_minutes} min"
        # An admission that holds for longer admits whom the next look might have stopped.
        longer = new.reliance_minutes > old.reliance_minutes
        direction = Direction.LOOSER if longer else Direction.NEUTRAL
        yield Difference("reliance_minutes", direction, *words)
    if old.basis != new.basis:
        yield Difference("basis", Direction.NEUTRAL, old.basis, new.basis)
