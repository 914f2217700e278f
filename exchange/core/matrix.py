"""Who accepts whom: every pair of destination and issuer, and what is one-sided."""

from collections.abc import Mapping

import msgspec

from exchange.core.compiled_policy import CompiledPolicy
from exchange.core.health_code import HealthCode, Level, State, Test, TestKind, TestResult
from exchange.core.policy import Policy, Recognition
from exchange.core.recognition import decide
from exchange.core.statement import Statement
from exchange.core.times import HOUR_MS
from exchange.core.verdict import Verdict


class Pair(msgspec.Struct, frozen=True):
    """A destination and an issuer.

    Attributes:
        destination: Who decides.
        issuer: Whose statements are judged.
        recognition: How the destination treats them.
        verdict: What a traveller from there is told who has nothing but a green of it of an hour
            ago, with a negative test of that hour.
    """

    destination: str
    issuer: str
    recognition: Recognition
    verdict: Verdict


def matrix(policies: Mapping[str, Policy], now_ms: int) -> dict[tuple[str, str], Pair]:
    """Return all pairs by destination and issuer, the destination with itself included.

    Args:
        policies: By destination.
        now_ms: The instant at which the travellers arrive.
    """
    found = {}
    for destination, policy in policies.items():
        compiled = CompiledPolicy(policy, destination)
        for issuer in policies:
            green = (plain_green(issuer, now_ms - HOUR_MS),)
            decision = decide(green, compiled, now_ms, origin=issuer)
            found[destination, issuer] = Pair(
                destination, issuer, policy.recognises(issuer), decision.verdict
            )
    return found


def plain_green(issuer: str, as_of_ms: int) -> Statement:
    """Return a green without anything to object to, its region the member's own."""
    test = Test(TestKind.NUCLEIC_ACID, TestResult.NEGATIVE, as_of_ms)
    code = HealthCode(as_of_ms, Level.LOW, State.ACTIVE, region=issuer, tests=(test,))
    return Statement(issuer, issuer, code, as_of_ms)


def asymmetries(pairs: Mapping[tuple[str, str], Pair]) -> tuple[Pair, ...]:
    """Return the pairs in which A accepts B and B does not accept A: those of A."""
    return tuple(
        pair
        for (destination, issuer), pair in sorted(pairs.items())
        if pair.recognition == Recognition.RECOGNISE
        and pairs[issuer, destination].recognition != Recognition.RECOGNISE
    )
