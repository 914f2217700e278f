"""What a destination shows for a decision: its own colours and words, never red for unknown."""

import msgspec

from exchange.core.health_code import Level, State
from exchange.core.verdict import Verdict


class Rendering(msgspec.Struct, frozen=True):
    """What a destination shows.

    Attributes:
        colour: ``green``, ``yellow``, ``orange``, ``red``, or ``""`` for none.
        chinese: Words to show.
        english: The same in English.
    """

    colour: str
    chinese: str
    english: str


NEUTRAL = Rendering("", "请人工核验", "A person has to look")
"""Shown wherever the destination has no colour for what was decided."""

COLOURS_OF_LEVEL: dict[str, frozenset[str]] = {
    Level.LOW.name: frozenset({"", "green"}),
    Level.MEDIUM.name: frozenset({"", "yellow", "orange"}),
    Level.ELEVATED.name: frozenset({"", "orange", "red"}),
    Level.HIGH.name: frozenset({"", "red"}),
}
"""Colours that a table may give to a level: nobody is shown greener than he is."""

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
        by_state: Words, never a colour, by name of the state, for persons about whom nothing is
            known but that; a state that is missing is shown as ``NEUTRAL``.
    """

    by_level: dict[str, Rendering] = {}
    by_state: dict[str, Rendering] = {}


def render(
    table: RenderingTable, verdict: Verdict, level: Level, state: State = State.UNSPECIFIED
) -> Rendering:
    """Return what to show for a verdict that rests on a level, or on a state where none does.

    A level that the destination lacks is shown as the next stricter one it has, never a milder one;
    LOW is never rounded.
    """
    if level not in _LEVELS_SHOWN.get(verdict, frozenset()):
        if level == Level.UNSPECIFIED and verdict == Verdict.CROSS_CHECK and table.by_state:
            return table.by_state.get(state.name, NEUTRAL)
        return NEUTRAL
    as_strict = (Level.LOW,) if level == Level.LOW else tuple(Level)[level:]
    for candidate in as_strict:
        if candidate.name in table.by_level:
            return table.by_level[candidate.name]
    return NEUTRAL
