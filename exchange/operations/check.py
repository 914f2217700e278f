"""Checking: subjects in, decisions out; one person or up to a thousand."""

from collections.abc import Sequence
from typing import Protocol

from exchange.core.check import Check
from exchange.core.compiled_policy import CompiledPolicy
from exchange.core.decision import Decision
from exchange.core.errors import StoreError
from exchange.core.members import MEMBERS
from exchange.core.recognition import decide
from exchange.core.statement import Statement
from exchange.operations.environment import Environment
from exchange.operations.lookup import read_statements
from exchange.operations.shipped import default_for


class Policies(Protocol):
    """Knows the policies in force."""

    def of(self, destination: str, now_ms: int) -> CompiledPolicy:
        """Return the policy of a destination that is in force at an instant."""


class DefaultPolicies:
    """The national default for every destination, each in its own colours and words."""

    def __init__(self) -> None:
        self._compiled = {
            member.code: CompiledPolicy(default_for(member.code), member.code) for member in MEMBERS
        }

    def of(self, destination: str, now_ms: int) -> CompiledPolicy:
        del now_ms  # The default has always been in force.
        return self._compiled[destination]


class Checker:
    """Answers checks from a store under the policies in force."""

    def __init__(self, environment: Environment, policies: Policies) -> None:
        self._environment = environment
        self._policies = policies

    async def check(self, checks: Sequence[Check]) -> list[Decision | StoreError]:
        """Decide each check at one instant, in order; a failed read costs only its own check.

        Raises:
            StoreUnavailableError: Nothing at all could be read.
        """
        environment = self._environment
        answers = await read_statements(
            environment.store, [check.subjects for check in checks], environment.horizon_ms
        )
        now_ms = environment.clock()
        return [
            answer if isinstance(answer, StoreError) else self._decide(check, answer, now_ms)
            for check, answer in zip(checks, answers, strict=True)
        ]

    def _decide(self, check: Check, statements: Sequence[Statement], now_ms: int) -> Decision:
        policy = self._policies.of(check.destination, now_ms)
        return decide(statements, policy, now_ms, origin=check.origin, max_age_ms=check.max_age_ms)
