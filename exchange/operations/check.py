"""Checking: subjects in, decisions out; one person or up to a thousand."""

from collections.abc import Mapping, Sequence

import msgspec

from exchange.core.check import Check
from exchange.core.decision import Decision
from exchange.core.errors import StoreError
from exchange.core.policy import Policy
from exchange.core.recognition import decide
from exchange.core.rendering import RenderingTable
from exchange.core.statement import Statement
from exchange.operations.environment import Environment
from exchange.operations.lookup import read_statements

NO_RENDERINGS = RenderingTable()


class Policies(msgspec.Struct, frozen=True):
    """The policies in force, and what destinations show.

    Attributes:
        default: For destinations without a policy of their own.
        renderings: By destination.
    """

    default: Policy
    renderings: Mapping[str, RenderingTable]

    def of(self, destination: str) -> tuple[Policy, RenderingTable]:
        """Return the policy and the rendering table of a destination."""
        return self.default, self.renderings.get(destination, NO_RENDERINGS)


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
        policy, renderings = self._policies.of(check.destination)
        return decide(statements, policy, renderings, now_ms, check.max_age_ms)
