"""Checking: subjects in, decisions out; one person or up to a thousand."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from exchange.core.check import Check
from exchange.core.compiled_policy import CompiledPolicy
from exchange.core.decision import Decision
from exchange.core.errors import StoreError
from exchange.core.recognition import Question, decide, decide_question
from exchange.core.statement import Statement
from exchange.operations.environment import Environment
from exchange.operations.lookup import Found, read_statements
from exchange.operations.recording import Recorder


class Policies(Protocol):
    """Knows the policies in force."""

    def of(self, destination: str, now_ms: int) -> CompiledPolicy:
        """Return the policy of a destination that is in force at an instant.

        Raises:
            StoreError: It is not known.
        """


class PoliciesAt(dict[str, CompiledPolicy | StoreError]):
    """The policies at an instant, by destination: each is looked for once; an error is its own."""

    def __init__(self, policies: Policies, now_ms: int) -> None:
        super().__init__()
        self._policies = policies
        self._now_ms = now_ms

    def __missing__(self, destination: str) -> CompiledPolicy | StoreError:
        """Look for a policy for the first time."""
        try:
            self[destination] = self._policies.of(destination, self._now_ms)
        except StoreError as error:
            self[destination] = error
        return self[destination]


class Checked(msgspec.Struct, frozen=True):
    """A decision with all that it rests on.

    Attributes:
        decision: The answer.
        question: What was decided.
        policy: By what.
    """

    decision: Decision
    question: Question
    policy: CompiledPolicy


class Checker:
    """Answers checks from a store under the policies in force.

    Attributes:
        is_recorded: Tells whether the next decision is one of the sample; ask once for each.
    """

    def __init__(
        self, environment: Environment, policies: Policies, recorder: Recorder | None = None
    ) -> None:
        self._environment = environment
        self._policies = policies
        self._recorder = recorder
        # The recorder's own, as every check asks it.
        self.is_recorded = _never if recorder is None else recorder.is_turn

    async def read(self, checks: Sequence[Check]) -> tuple[Found, int]:
        """Read what is known of each person, in order, and return it with the instant to decide at.

        A failed read costs only its own check.

        Raises:
            StoreUnavailableError: Nothing at all could be read.
        """
        environment = self._environment
        answers = await read_statements(
            environment.store, [check.subjects for check in checks], environment.horizon_ms
        )
        return answers, environment.clock()

    def policies_at(self, now_ms: int) -> PoliciesAt:
        """Return the policies that decide checks at an instant."""
        return PoliciesAt(self._policies, now_ms)

    def decide(
        self,
        check: Check,
        statements: tuple[Statement, ...],
        policy: CompiledPolicy,
        now_ms: int,
        *,
        recorded: bool,
    ) -> Decision:
        """Decide one check on what was read."""
        decision = decide(
            statements, policy, now_ms, origin=check.origin, max_age_ms=check.max_age_ms
        )
        if recorded and self._recorder is not None:
            question = Question(statements, now_ms, check.origin, check.max_age_ms)
            self._recorder.offer(question, policy, decision)
        return decision

    async def check_one(self, check: Check) -> Checked:
        """Decide one check and keep what it rests on, for an explanation or a receipt.

        Raises:
            StoreError: The statements cannot be read, or the policy is not known.
        """
        (answer,), now_ms = await self.read((check,))
        if isinstance(answer, StoreError):
            raise answer
        policy = self._policies.of(check.destination, now_ms)
        question = Question(answer, now_ms, check.origin, check.max_age_ms)
        return Checked(decide_question(question, policy), question, policy)


def _never() -> bool:
    return False
