"""What a destination accepts, from whom and on which conditions: policies as data."""

from enum import StrEnum
from typing import Any, Literal

import msgspec

from exchange.core.rendering import RenderingTable
from exchange.core.verdict import Verdict

DEFAULT_POLICY = "default"
"""Name of the national default, which is in force where a destination has published nothing."""

Failing = Literal["CROSS_CHECK", "REFUSE"]
"""What a rule can come to: rules only tighten."""


class Recognition(StrEnum):
    """How a destination treats the statements of an issuer."""

    RECOGNISE = "recognise"
    CROSS_CHECK = "cross-check"
    """They count, but an ADMIT that rests on them alone becomes CROSS_CHECK."""
    IGNORE = "ignore"
    """They are left out, with the reason NOT_RECOGNISED."""


class Combination(StrEnum):
    """What several effective statements come to before the rules."""

    STRICTEST = "strictest"
    """Any ELEVATED or HIGH refuses; any MEDIUM, hold or contradiction, or nothing ACTIVE, is
    CROSS_CHECK; else an admitted level admits (the national default)."""
    ANY_ADMITTED = "any-admitted"
    """One admitted level suffices; else ELEVATED or HIGH refuses; else CROSS_CHECK."""


class RuleText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule in words, as a checkpoint shows it when the rule fails."""

    zh: str
    en: str


class PolicyRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One condition of acceptance.

    Attributes:
        name: Stable id, as ``test-72h``; reasons of decisions name it.
        text: What it asks for.
        logic: CertLogic over the view of the case; met when its value is true itself.
        failing: What it comes to when it is not met.
        unevaluable: What it comes to when it cannot be evaluated on a case.
    """

    name: str
    text: RuleText
    logic: Any
    failing: Failing = "CROSS_CHECK"
    unevaluable: Failing = "CROSS_CHECK"


class ValueSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A list that rules look things up in, as the regions at risk.

    Attributes:
        version: As its publisher names it; another version is another revision of the policy.
        values: The list.
    """

    version: str
    values: tuple[str, ...]


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One revision of a destination's policy.

    Attributes:
        name: ``default``, or the six-digit code of the destination.
        revision: 1, 2, 3 ...
        basis: Where it comes from, in words.
        combination: What several statements come to.
        admitted_levels: Levels that may admit.
        recognition_default: How issuers not named in ``recognition`` are treated.
        recognition: By six-digit issuer.
        max_age_days: Greatest age by name of level; ``OTHER`` for all levels not named. Older
            counts as lapsed.
        accepts_not_unique: Whether a document that two people can have may be admitted.
        reliance_minutes: How long a decision may be relied upon at most.
        rules: Conditions; they only tighten, and their order does not matter.
        value_sets: By name, for the rules.
        renderings: The destination's own colours and words.
        document_only: For an emergency: checkpoints go by documents alone. What would admit is
            cross-checked; what refuses still does.
    """

    name: str
    revision: int
    basis: str = ""
    combination: Combination
    admitted_levels: tuple[str, ...] = ("LOW",)
    recognition_default: Recognition = Recognition.RECOGNISE
    recognition: dict[str, Recognition] = {}
    max_age_days: dict[str, int]
    accepts_not_unique: bool = False
    reliance_minutes: int = 60
    rules: tuple[PolicyRule, ...] = ()
    value_sets: dict[str, ValueSet] = {}
    renderings: RenderingTable = RenderingTable()
    document_only: bool = False

    def recognises(self, issuer: str) -> Recognition:
        """Return how statements of an issuer are treated."""
        return self.recognition.get(issuer, self.recognition_default)


__all__ = [
    "DEFAULT_POLICY",
    "Combination",
    "Policy",
    "PolicyRule",
    "Recognition",
    "RuleText",
    "ValueSet",
    "Verdict",
]
