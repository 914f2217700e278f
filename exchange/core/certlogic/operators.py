"""The operators of CertLogic: how many operands each takes, and of which kinds."""

from collections.abc import Mapping
from enum import Enum

from msgspec import Struct

from exchange.core.certlogic.dates import DAY_MS, HOUR_MS


class Shape(Enum):
    """How an operator's operands are read."""

    VAR = "var"
    IF = "if"
    AND = "and"
    NOT = "!"
    EQUAL = "==="
    IN = "in"
    PLUS = "+"
    COMPARE = "compare"
    COMPARE_TIMES = "compare-times"
    PLUS_TIME = "plusTime"
    BIRTH = "dccDateOfBirth"
    UVCI = "extractFromUVCI"
    REDUCE = "reduce"


class Operator(Struct, frozen=True):
    """One operator.

    Attributes:
        shape: how its operands are read.
        least: operands needed.
        most: operands allowed when a rule is published; None for any number.
        strict: whether more than `most` fail an evaluation too. The reference ignores what is
            left over for the operators that name their operands, so evaluation does as well.
        sign: Python's comparison, for the operators that compare.
    """

    shape: Shape
    least: int
    most: int | None
    strict: bool = True
    sign: str = ""


OPERATORS: Mapping[str, Operator] = {
    "var": Operator(Shape.VAR, 1, 1),
    "if": Operator(Shape.IF, 3, 3, strict=False),
    "and": Operator(Shape.AND, 2, None),
    "!": Operator(Shape.NOT, 1, 1, strict=False),
    "===": Operator(Shape.EQUAL, 2, 2),
    "in": Operator(Shape.IN, 2, 2),
    "+": Operator(Shape.PLUS, 2, 2),
    "<": Operator(Shape.COMPARE, 2, 3, sign="<"),
    ">": Operator(Shape.COMPARE, 2, 3, sign=">"),
    "<=": Operator(Shape.COMPARE, 2, 3, sign="<="),
    ">=": Operator(Shape.COMPARE, 2, 3, sign=">="),
    "before": Operator(Shape.COMPARE_TIMES, 2, 3, sign="<"),
    "after": Operator(Shape.COMPARE_TIMES, 2, 3, sign=">"),
    "not-after": Operator(Shape.COMPARE_TIMES, 2, 3, sign="<="),
    "not-before": Operator(Shape.COMPARE_TIMES, 2, 3, sign=">="),
    "plusTime": Operator(Shape.PLUS_TIME, 3, 3, strict=False),
    "dccDateOfBirth": Operator(Shape.BIRTH, 1, 1, strict=False),
    "extractFromUVCI": Operator(Shape.UVCI, 2, 2, strict=False),
    "reduce": Operator(Shape.REDUCE, 3, 3, strict=False),
}
"""Every operator there is. There is no `or`, no `==`, no arithmetic but `+`."""

SPANS_MS: Mapping[str, int] = {"day": DAY_MS, "hour": HOUR_MS}
"""Units of `plusTime` that are a fixed number of milliseconds."""

MONTHS: Mapping[str, int] = {"year": 12, "month": 1}
"""Units of `plusTime` that are a number of months."""

ROLES = ("current", "accumulator")
"""What the inner expression of `reduce` sees, and nothing else."""
