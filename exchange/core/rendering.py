"""What a destination shows for a decision: its own colours and words, never red for unknown."""

import msgspec

from exchange.core.decision import Rendering
from exchange.core.health_code import Level
from exchange.core.policy import Verdict

NEUTRAL = Rendering("", "请人工核验", "A person has to look")
"""Shown wherever the destination has no colour for what was decided."""

_LEVELS_SHOWN = {
    Verdict.ADMIT: frozenset(Level) - {Level.UNSPECIFIED},
    Verdict.CROSS_CHECK: frozenset({Level.MEDIUM}),
    Verdict.REFUSE: frozenset({Level.ELEVATED, Level.HIGH}),
}
"""A green that has to be looked at must not look green; a refusal for other reasons is not red."""


class RenderingTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A destination's own colours and words.

    Attributes:
        by_level: By name of the level; a level that is missing has none in its format.
    """

    by_level: dict[str, Rendering] = {}


def render(table: RenderingTable, verdict: Verdict, level: Level) -> Rendering:
    """Return what to show for a verdict that rests on a level.

    A level that the destination lacks is shown as the next stricter one it has, never a milder one;
    LOW is never rounded.
    """
    if level not in _LEVELS_SHOWN.get(verdict, frozenset()):
        return NEUTRAL
    as_strict = (Level.LOW,) if level == Level.LOW else tuple(Level)[level:]
    for candidate in as_strict:
        if candidate.name in table.by_level:
            return table.by_level[candidate.name]
    return NEUTRAL
