"""What a destination accepts, from whom and on which conditions: policies as data."""

from enum import IntEnum, StrEnum

import msgspec

from exchange.core.health_code import Level

DAY_MS = 86_400_000


class Verdict(IntEnum):
    """What a checkpoint is told. Of several the strictest, which is the largest, wins."""

    UNSPECIFIED = 0
    ADMIT = 1
    CROSS_CHECK = 2
    REFUSE = 3


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


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One revision of a destination's policy.

    Attributes:
        name: Stable id, as ``default`` or ``370000``.
        revision: 1, 2, 3 ...
        combination: What several statements come to.
        admitted_levels: Levels that may admit.
        recognition_default: How issuers not named in ``recognition`` are treated.
        recognition: By six-digit issuer.
        max_age_days: Greatest age by name of level; ``OTHER`` for all levels not named. Older
            counts as lapsed.
        accepts_not_unique: Whether a document that two people can have may be admitted.
        reliance_minutes: How long a decision may be relied upon at most.
    """

    name: str
    revision: int
    combination: Combination
    admitted_levels: tuple[str, ...] = ("LOW",)
    recognition_default: Recognition = Recognition.RECOGNISE
    recognition: dict[str, Recognition] = {}
    max_age_days: dict[str, int]
    accepts_not_unique: bool = False
    reliance_minutes: int = 60

    def recognises(self, issuer: str) -> Recognition:
        """Return how statements of an issuer are treated."""
        return self.recognition.get(issuer, self.recognition_default)

    def max_age_ms(self, level: Level) -> int:
        """Return the greatest age of a statement of a level, in ms."""
        days = self.max_age_days.get(level.name)
        return (self.max_age_days["OTHER"] if days is None else days) * DAY_MS

    def admits(self, level: Level) -> bool:
        """Tell whether a level may admit. UNSPECIFIED never does, whatever the data say."""
        return level != Level.UNSPECIFIED and level.name in self.admitted_levels
