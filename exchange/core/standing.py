"""How statements stand at an instant: in force, lapsed, withdrawn; own before relayed."""

from collections.abc import Callable, Iterable
from enum import StrEnum

import msgspec

from exchange.core.health_code import Level, State
from exchange.core.statement import Statement, strictness

RELAY_TOLERANCE_MS = 1_000
"""Notations are cut to seconds: a relay must be later by more than that to count as later."""


class Standing(StrEnum):
    """How a statement stands at an instant under a policy."""

    IN_FORCE = "IN_FORCE"
    EXPIRED = "EXPIRED"
    WITHDRAWN = "WITHDRAWN"
    TOO_OLD = "TOO_OLD"
    OUTDONE = "OUTDONE"
    """A relayed statement beside an own one that decides for its issuer."""
    NOT_RECOGNISED = "NOT_RECOGNISED"


_IN_FORCE, _WITHDRAWN, _EXPIRED = Standing.IN_FORCE, State.WITHDRAWN, State.EXPIRED

MaxAge = Callable[[Level], int]
"""Greatest age in ms of a statement of a level."""


class IssuerStanding(msgspec.Struct, frozen=True, gc=False):
    """What one issuer's statements come to.

    Attributes:
        statement: The one that speaks for the issuer.
        standing: How it stands.
        outdone: A relayed statement that does not count, or an own one that a relay stands in for.
        outdone_standing: How that one stands.
        contradicted: Whether a relayed statement is newer and stricter than the own one in force.
    """

    statement: Statement
    standing: Standing
    outdone: Statement | None = None
    outdone_standing: Standing = Standing.OUTDONE
    contradicted: bool = False


def end_of_validity_ms(valid_until_ms: int) -> int:
    """Return the last millisecond of validity: valid-until holds to the end of its second."""
    return valid_until_ms - valid_until_ms % 1000 + 999


def lapses_at_ms(statement: Statement, max_age: MaxAge) -> int:
    """Return the last millisecond at which a statement is in force, state apart."""
    health_code = statement.health_code
    oldest_ms = health_code.as_of_ms + max_age(health_code.level)
    until_ms = health_code.valid_until_ms
    if until_ms is None:
        return oldest_ms
    end_ms = end_of_validity_ms(until_ms)
    # A comparison, as `min` takes several times as long.
    return end_ms if end_ms < oldest_ms else oldest_ms  # noqa: FURB136


def standing_at(statement: Statement, now_ms: int, max_age: MaxAge) -> Standing:
    """Return how one statement stands on its own at an instant."""
    health_code = statement.health_code
    state, end = health_code.state, health_code.valid_until_ms
    if state is _WITHDRAWN:
        return Standing.WITHDRAWN
    if state is _EXPIRED or (end is not None and now_ms > end_of_validity_ms(end)):
        return Standing.EXPIRED
    if now_ms > health_code.as_of_ms + max_age(health_code.level):
        return Standing.TOO_OLD
    return _IN_FORCE


def by_issuer(
    statements: Iterable[Statement], now_ms: int, max_age: MaxAge
) -> tuple[IssuerStanding, ...]:
    """Return what each issuer's statements come to, by issuer; the order given does not matter.

    A relayed statement counts only where the issuer has no own one, or its own one has lapsed or is
    withdrawn and the relayed as-of time is more than one second later (design section 5).
    """
    own: dict[str, Statement] = {}
    relayed: dict[str, Statement] = {}
    for statement in statements:
        issuer = statement.issuer
        if issuer == statement.via:
            own[issuer] = statement
        else:
            relayed[issuer] = _later(relayed.get(issuer), statement)
    if not relayed:  # As most people are known: nothing to weigh.
        standings = [
            IssuerStanding(own[i], standing_at(own[i], now_ms, max_age)) for i in sorted(own)
        ]
        return tuple(standings)
    return tuple(
        _of_issuer(own.get(issuer), relayed.get(issuer), now_ms, max_age)
        for issuer in sorted(own.keys() | relayed.keys())
    )


def _later(old: Statement | None, new: Statement) -> Statement:
    """Choose between two relays of one issuer: today there is one, and the order must not count."""
    if old is None:
        return new
    return max(
        old, new, key=lambda one: (one.health_code.as_of_ms, strictness(one.health_code), one.via)
    )


def _of_issuer(
    own: Statement | None, relayed: Statement | None, now_ms: int, max_age: MaxAge
) -> IssuerStanding:
    if own is None:
        assert relayed is not None  # noqa: S101 - the issuer came from one of the two.
        return IssuerStanding(relayed, standing_at(relayed, now_ms, max_age))
    standing = standing_at(own, now_ms, max_age)
    if relayed is None:
        return IssuerStanding(own, standing)
    own_as_of, relayed_as_of = own.health_code.as_of_ms, relayed.health_code.as_of_ms
    if standing != Standing.IN_FORCE and relayed_as_of > own_as_of + RELAY_TOLERANCE_MS:
        return IssuerStanding(relayed, standing_at(relayed, now_ms, max_age), own, standing)
    contradicted = (
        standing == Standing.IN_FORCE
        and relayed_as_of > own_as_of
        and strictness(relayed.health_code) > strictness(own.health_code)
    )
    return IssuerStanding(own, standing, relayed, Standing.OUTDONE, contradicted)
