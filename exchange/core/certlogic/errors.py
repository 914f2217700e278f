"""What can be wrong with a rule: a failed evaluation, and a problem found before it is ever run."""

from enum import StrEnum

from msgspec import Struct


class EvaluationError(Exception):
    """A rule cannot be evaluated on a case; the only exception an evaluation raises.

    Neither attribute ever holds a value of the case, so that both may be logged and shown.

    Attributes:
        reason: what went wrong, a fixed sentence.
        place: where in the rule, as a JSON pointer; empty for the rule as a whole.
    """

    def __init__(self, reason: str, place: str = "") -> None:
        super().__init__(reason, place)
        self.reason = reason
        self.place = place

    def __str__(self) -> str:
        """Say what went wrong, and where if that is known."""
        return f"{self.reason} (at {self.place})" if self.place else self.reason


class ProblemCode(StrEnum):
    """The kinds of problem; the values are stable, for programs."""

    TOO_LARGE = "TOO_LARGE"
    """The rule is beyond a limit and is not looked at any further."""
    INVALID_EXPRESSION = "INVALID_EXPRESSION"
    """Null, a fraction, or an object that is not one operator with a non-empty array."""
    UNKNOWN_OPERATOR = "UNKNOWN_OPERATOR"
    WRONG_OPERAND_COUNT = "WRONG_OPERAND_COUNT"
    WRONG_OPERAND_KIND = "WRONG_OPERAND_KIND"
    """An operand that always fails: a string where an integer has to be."""
    NEVER_EQUAL = "NEVER_EQUAL"
    """An equality that is always false, or that implementations decide differently."""
    INVALID_PATH = "INVALID_PATH"
    """A path with an empty fragment, or with one that implementations read differently."""
    NO_SUCH_PATH = "NO_SUCH_PATH"
    """A path that the data never has."""


class Problem(Struct, frozen=True):
    """One thing that is wrong with a rule, found without evaluating it.

    Attributes:
        place: where in the rule, as a JSON pointer; empty for the rule as a whole.
        code: what kind of problem.
        message: the same in words, for people.
    """

    place: str
    code: ProblemCode
    message: str
