"""Checks a rule before it is ever run: form, operands, paths, limits.

Stricter than evaluation. What implementations of CertLogic decide differently is refused here, and
so is what can only fail or can only be false; an evaluation is forgiving in branches that are not
taken.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from exchange.core.certlogic.dates import read_birth, read_instant
from exchange.core.certlogic.errors import Problem, ProblemCode
from exchange.core.certlogic.generate import as_integer
from exchange.core.certlogic.limits import beyond_limits
from exchange.core.certlogic.operators import (
    MONTHS,
    OPERATORS,
    ROLES,
    SPANS_MS,
    Operator,
    Shape,
)
from exchange.core.certlogic.paths import fragments, index_of, is_odd
from exchange.core.certlogic.schema import DATE_TIME, JSON_KINDS, Schema, View
from exchange.core.certlogic.values import Json

Kinds = frozenset[str]

_ANY: Kinds = JSON_KINDS | {DATE_TIME}
_BOOLEAN: Kinds = frozenset({"boolean"})
_INTEGER: Kinds = frozenset({"integer"})
_STRING: Kinds = frozenset({"string"})
_ARRAY: Kinds = frozenset({"array"})
_DATE_TIME: Kinds = frozenset({DATE_TIME})
_NULL: Kinds = frozenset({"null"})
_UNCOMPARABLE: Kinds = frozenset({"array", "object", DATE_TIME})


def validate(logic: Json, schema: Schema | None = None) -> tuple[Problem, ...]:
    """Find everything that is wrong with a rule, in the order in which it is written.

    Args:
        logic: the expression.
        schema: the shape of the data, in the subset of JSON Schema that `schema` explains; without
            one, paths are checked for their form only.

    Returns:
        The problems; none for a rule that may be published.
    """
    reason = beyond_limits(logic)
    if reason is not None:
        return (Problem("", ProblemCode.TOO_LARGE, reason),)
    checker = _Checker(View.of(schema))
    checker.expression(logic, "")
    return tuple(checker.problems)


class _Checker:
    """Walks through a rule; every method gives the kinds of value that its part may have."""

    def __init__(self, view: View) -> None:
        self.problems: list[Problem] = []
        self._view = view
        self._in_fold = False

    def expression(self, logic: Json, place: str) -> Kinds:
        if isinstance(logic, bool):
            return _BOOLEAN
        if isinstance(logic, str):
            return _STRING
        if isinstance(logic, list):
            for i, item in enumerate(logic):
                self.expression(item, f"{place}/{i}")
            return _ARRAY
        if isinstance(logic, dict):
            return self._operation(logic, place)
        if as_integer(logic) is not None:
            return _INTEGER
        words = "null is not an expression" if logic is None else "a number must be an integer"
        return self._problem(place, ProblemCode.INVALID_EXPRESSION, words)

    def _operation(self, logic: dict[str, Json], place: str) -> Kinds:
        if len(logic) != 1:
            words = f"an object must be exactly one operator, but this has {len(logic)} keys"
            return self._problem(place, ProblemCode.INVALID_EXPRESSION, words)
        ((name, operands),) = logic.items()
        inner = f"{place}/{name}"
        if name == "var":
            return self._var(operands, inner)
        if not isinstance(operands, list):
            words = "the operands must be an array"
            return self._problem(inner, ProblemCode.INVALID_EXPRESSION, words)
        operator = OPERATORS.get(name)
        if operator is None:
            return self._problem(
                place, ProblemCode.UNKNOWN_OPERATOR, f"there is no operator {name!r}"
            )
        if len(operands) < operator.least or len(operands) > (operator.most or len(operands)):
            words = f"{name!r} takes {_count(operator)}, but this has {len(operands)}"
            return self._problem(inner, ProblemCode.WRONG_OPERAND_COUNT, words)
        return self._CHECKS[operator.shape](self, operands, inner)

    def _var(self, path: Json, place: str) -> Kinds:
        view = self._viewed(path, place)
        return _ANY if view is None else view.kinds() | _NULL

    def _viewed(self, path: Json, place: str) -> View | None:
        """Follow a path through the shape of the data; None where it leads nowhere."""
        if not isinstance(path, str):
            self._problem(place, ProblemCode.INVALID_PATH, "a path must be a string")
            return None
        view = self._view
        for i, fragment in enumerate(fragments(path)):
            if not fragment:
                self._problem(place, ProblemCode.INVALID_PATH, f"{path!r} has an empty fragment")
                return None
            if is_odd(fragment):
                words = f"implementations disagree about the fragment {fragment!r} of {path!r}"
                self._problem(place, ProblemCode.INVALID_PATH, words)
                return None
            below = view.field(fragment) if index_of(fragment) is None else view.item()
            if below is None:
                self._problem(place, ProblemCode.NO_SUCH_PATH, self._no_such(path, i))
                return None
            view = below
        return View(view.root, view.schemas, date_times=self._in_fold)

    def _no_such(self, path: str, position: int) -> str:
        if self._in_fold and position == 0:
            return f"inside 'reduce' there are only {' and '.join(ROLES)}, not {path!r}"
        known = ".".join(fragments(path)[:position])
        return f"the data never has {path!r}: there is nothing below {known!r} of that name"

    def _if(self, operands: list[Json], place: str) -> Kinds:
        self._need_truth(operands[:1], place)
        then, otherwise = (self.expression(operands[i], f"{place}/{i}") for i in (1, 2))
        return then | otherwise

    def _and(self, operands: list[Json], place: str) -> Kinds:
        return frozenset[str]().union(*self._need_truth(operands, place))

    def _not(self, operands: list[Json], place: str) -> Kinds:
        self._need_truth(operands, place)
        return _BOOLEAN

    def _equal(self, operands: list[Json], place: str) -> Kinds:
        left, right = (self.expression(o, f"{place}/{i}") for i, o in enumerate(operands))
        for i, kinds in enumerate((left, right)):
            if kinds - _NULL <= _UNCOMPARABLE and kinds - _NULL:
                words = f"{_words(kinds)} cannot be compared with '==='"
                self._problem(f"{place}/{i}", ProblemCode.NEVER_EQUAL, words)
                return _BOOLEAN
        common = left & right - _UNCOMPARABLE
        if not common or (common == _NULL and _NULL not in (left, right)):
            words = f"{_words(left)} and {_words(right)} are never equal"
            self._problem(place, ProblemCode.NEVER_EQUAL, words)
        return _BOOLEAN

    def _in(self, operands: list[Json], place: str) -> Kinds:
        item = self.expression(operands[0], f"{place}/0")
        if item - _NULL <= _UNCOMPARABLE and item - _NULL:
            words = f"{_words(item)} cannot be found in a list"
            self._problem(f"{place}/0", ProblemCode.NEVER_EQUAL, words)
        self._need(operands[1], _ARRAY, f"{place}/1")
        return _BOOLEAN

    def _plus(self, operands: list[Json], place: str) -> Kinds:
        for i, operand in enumerate(operands):
            self._need(operand, _INTEGER, f"{place}/{i}")
        return _INTEGER

    def _compare(self, operands: list[Json], place: str) -> Kinds:
        self._plus(operands, place)
        return _BOOLEAN

    def _compare_times(self, operands: list[Json], place: str) -> Kinds:
        for i, operand in enumerate(operands):
            self._need(operand, _DATE_TIME, f"{place}/{i}")
        return _BOOLEAN

    def _plus_time(self, operands: list[Json], place: str) -> Kinds:
        self._need_date(operands[0], f"{place}/0", read_instant)
        if as_integer(operands[1]) is None:
            words = "the amount must be an integer, written out"
            self._problem(f"{place}/1", ProblemCode.WRONG_OPERAND_KIND, words)
        unit = operands[2]
        if not isinstance(unit, str) or not (unit in SPANS_MS or unit in MONTHS):
            words = f"the unit must be one of {', '.join([*MONTHS, *SPANS_MS])}"
            self._problem(f"{place}/2", ProblemCode.WRONG_OPERAND_KIND, words)
        return _DATE_TIME

    def _birth(self, operands: list[Json], place: str) -> Kinds:
        self._need_date(operands[0], f"{place}/0", read_birth)
        return _DATE_TIME

    def _uvci(self, operands: list[Json], place: str) -> Kinds:
        self._need(operands[0], _STRING | _NULL, f"{place}/0")
        if as_integer(operands[1]) is None:
            words = "the index must be an integer, written out"
            self._problem(f"{place}/1", ProblemCode.WRONG_OPERAND_KIND, words)
        return _STRING | _NULL

    def _reduce(self, operands: list[Json], place: str) -> Kinds:
        items, body, start = operands
        self._need(items, _ARRAY | _NULL, f"{place}/0")
        current = self._folded(items)
        inner = {"type": "object", "properties": {ROLES[0]: current, ROLES[1]: True}}
        start_kinds = self.expression(start, f"{place}/2")
        outer = (self._view, self._in_fold)
        self._view, self._in_fold = View(self._view.root, (inner,)), True
        body_kinds = self.expression(body, f"{place}/1")
        self._view, self._in_fold = outer
        return start_kinds | body_kinds

    def _folded(self, items: Json) -> object:
        """Describe the items of the list of a fold, where a path names it."""
        path = items.get("var") if isinstance(items, dict) else None
        if path is None:
            return True
        known = len(self.problems)
        view = self._viewed(path, "")
        del self.problems[known:]  # they have been noted where the path stands
        item = None if view is None else view.item()
        return True if item is None else {"anyOf": list(item.schemas)}

    def _need_truth(self, operands: Sequence[Json], place: str) -> list[Kinds]:
        return [self._need(o, JSON_KINDS, f"{place}/{i}") for i, o in enumerate(operands)]

    def _need_date(self, operand: Json, place: str, read: Callable[[str], int | None]) -> None:
        self._need(operand, _STRING, place)
        if isinstance(operand, str) and read(operand) is None:
            words = "this text is not an accepted date"
            self._problem(place, ProblemCode.WRONG_OPERAND_KIND, words)

    def _need(self, operand: Json, wanted: Kinds, place: str) -> Kinds:
        """Check that an operand can be of a wanted kind; null only says that it may be missing."""
        kinds = self.expression(operand, place)
        if not (kinds - _NULL or kinds) & wanted:
            words = f"this is {_words(kinds)}, but it has to be {_words(wanted)}"
            self._problem(place, ProblemCode.WRONG_OPERAND_KIND, words)
        return kinds

    def _problem(self, place: str, code: ProblemCode, message: str) -> Kinds:
        """Note a problem; what has one may be anything, so that it causes no others."""
        self.problems.append(Problem(place, code, message))
        return _ANY

    _CHECKS: ClassVar[Mapping[Shape, Callable[["_Checker", list[Json], str], Kinds]]] = {
        Shape.IF: _if,
        Shape.AND: _and,
        Shape.NOT: _not,
        Shape.EQUAL: _equal,
        Shape.IN: _in,
        Shape.PLUS: _plus,
        Shape.COMPARE: _compare,
        Shape.COMPARE_TIMES: _compare_times,
        Shape.PLUS_TIME: _plus_time,
        Shape.BIRTH: _birth,
        Shape.UVCI: _uvci,
        Shape.REDUCE: _reduce,
    }


def _count(operator: Operator) -> str:
    if operator.most is None:
        return f"{operator.least} or more operands"
    if operator.least == operator.most:
        return f"exactly {operator.least}"
    return f"{operator.least} to {operator.most} operands"


def _words(kinds: Kinds) -> str:
    if kinds >= JSON_KINDS:
        return "data of any kind"
    return " or ".join(sorted(kinds))
