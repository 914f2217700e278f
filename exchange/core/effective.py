"""Which statement stands for a person where one has to do: the effective one at an instant."""

from collections.abc import Iterable

import msgspec

from exchange.core.health_code import HealthCode, Level, State
from exchange.core.standing import IssuerStanding, Standing
from exchange.core.statement import Statement, strictness

_LAPSED = frozenset({Standing.EXPIRED, Standing.TOO_OLD})


def effective(issuers: Iterable[IssuerStanding]) -> IssuerStanding | None:
    """Return the standing of the issuer that decides; None where nobody said anything.

    The strictest of those in force by the one order of strictness, of equals the newest. Where none
    is in force, the newest that lapsed; where all are withdrawn, the newest of those.
    """
    candidates = list(issuers)
    for group in (
        [one for one in candidates if one.standing is Standing.IN_FORCE],
        [one for one in candidates if one.standing in _LAPSED],
        candidates,
    ):
        if group:
            in_force = group[0].standing is Standing.IN_FORCE
            return max(group, key=lambda one: _order(one.statement, by_strictness=in_force))
    return None


def _order(statement: Statement, *, by_strictness: bool) -> tuple[int, int, str]:
    said = statement.health_code
    return (strictness(said) if by_strictness else 0, said.as_of_ms, statement.issuer)


def contradicts(one: IssuerStanding, chosen: Statement) -> bool:
    """Tell whether an issuer's newer relayed statement is stricter than the one chosen."""
    if not one.contradicted or one.outdone is None:
        return False
    return strictness(one.outdone.health_code) > strictness(chosen.health_code)


def as_it_stands(one: IssuerStanding) -> HealthCode:
    """Return what a statement says at the instant: one that lapsed is EXPIRED and has no level."""
    said = one.statement.health_code
    if one.standing not in _LAPSED:
        return said
    return msgspec.structs.replace(said, state=State.EXPIRED, level=Level.UNSPECIFIED)
