"""From an expression to Python text: one method for each operator.

What an operator finds out before the rule runs - a missing operand, a string where an integer has
to be - becomes a `raise` at that very place, since a branch that is not taken must not fail.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from exchange.core.certlogic.dates import MAX_SPAN_MS, read_birth, read_instant
from exchange.core.certlogic.operators import (
    MONTHS,
    OPERATORS,
    ROLES,
    SPANS_MS,
    Operator,
    Shape,
)
from exchange.core.certlogic.paths import fragments, index_of
from exchange.core.certlogic.program import Kind, Program, Term
from exchange.core.certlogic.values import Json, whole

Lists = Mapping[str, frozenset[str]]
"""Strings that stand in a list at a path of all data, by path."""

NO_LISTS: Lists = {}

NEVER = Term("None", Kind.NEVER)
NULL = Term("None", Kind.DATA)

_NOT_INTEGER = frozenset({Kind.BOOLEAN, Kind.STRING, Kind.ARRAY, Kind.INSTANT})
_NOT_INSTANT = frozenset({Kind.BOOLEAN, Kind.STRING, Kind.ARRAY, Kind.INTEGER, Kind.DATA})
_NOT_STRING = frozenset({Kind.BOOLEAN, Kind.ARRAY, Kind.INTEGER, Kind.INSTANT})
_NOT_ARRAY = frozenset({Kind.BOOLEAN, Kind.STRING, Kind.INTEGER, Kind.INSTANT})


def as_integer(value: Json) -> int | None:
    """Read an integer literal: 1.0 is one, true is not."""
    if type(value) is float:
        value = whole(value)
    return value if type(value) is int else None


class Generator:
    """Writes a rule's program; the rule is within the limits of size and depth.

    Attributes:
        program: the text so far.
        uses_steps: whether the rule has a fold, so that its steps are counted.
    """

    def __init__(self, lists: Lists = NO_LISTS) -> None:
        self.program = Program()
        self.uses_steps = False
        self._lists = lists
        self._in_fold = False

    def expression(self, logic: Json, place: str) -> Term:
        """Write whatever gives the value of an expression."""
        if isinstance(logic, bool):
            return Term(str(logic), Kind.BOOLEAN)
        if isinstance(logic, str):
            return Term(self.program.constant(logic), Kind.STRING)
        if isinstance(logic, list):
            items = [self._name(self.value(item, f"{place}/{i}")) for i, item in enumerate(logic)]
            return Term(f"[{', '.join(items)}]", Kind.ARRAY)
        if isinstance(logic, dict):
            return self._operation(logic, place)
        number = as_integer(logic)
        if number is None:
            return self._fail("this is not an expression", place)
        return Term(self.program.constant(number), Kind.INTEGER)

    def value(self, logic: Json, place: str) -> Term:
        """Write an expression whose value is needed as such, date-times included."""
        return _boxed(self.expression(logic, place))

    def _operation(self, logic: dict[str, Json], place: str) -> Term:
        if len(logic) != 1:
            return self._fail("an object is not exactly one operator", place)
        ((name, operands),) = logic.items()
        operator = OPERATORS.get(name)
        if operator is not None and operator.shape is Shape.VAR:
            return self._var(operands, f"{place}/var")
        if not isinstance(operands, list) or not operands:
            return self._fail("the operands are not a non-empty array", place)
        if operator is None:
            return self._fail("the operator is unknown", place)
        too_many = operator.strict and operator.most is not None and len(operands) > operator.most
        if len(operands) < operator.least or too_many:
            return self._fail("the number of operands is wrong", place)
        return self._WRITERS[operator.shape](self, operator, operands, f"{place}/{name}")

    def _var(self, path: Json, place: str) -> Term:
        if not isinstance(path, str):
            return self._fail("a path is not a string", place)
        steps = list(fragments(path))
        kind = Kind.ANY if self._in_fold else Kind.DATA
        if not self._in_fold:
            name = "data"
        elif not steps:
            current, accumulator = map(self.program.constant, ROLES)
            return Term(f"{{{current}: current, {accumulator}: accumulator}}", Kind.ANY)
        elif (name := steps.pop(0)) not in ROLES:
            return NULL
        for step in steps:
            index = index_of(step)
            if index is not None and index < 0:
                return NULL
            name = self.program.once(("item", name, step), _access(self.program, name, step, index))
        return Term(name, kind)

    def _if(self, _: Operator, operands: list[Json], place: str) -> Term:
        guard = self._truth(self.expression(operands[0], f"{place}/0"), place)
        branches: list[tuple[list[str], Term]] = []
        for i in (1, 2):
            with self.program.branch() as lines:
                term = self.expression(operands[i], f"{place}/{i}")
            branches.append((lines, term))
        kind = _merged([term.kind for _, term in branches])
        result = self.program.fresh()
        for head, (lines, term) in zip((f"if {guard}:", "else:"), branches, strict=True):
            self.program.line(head)
            self.program.lines += lines
            self.program.line(f"    {result} = {_boxed(term, unless=kind).text}")
        return Term(result, kind)

    def _and(self, _: Operator, operands: list[Json], place: str) -> Term:
        kinds = []
        result = ""
        for i, operand in enumerate(operands):
            if i == 0:
                term = self._neither_checked(self.expression(operand, f"{place}/0"), place)
                result = self.program.local(term.text)
            else:
                with self.program.branch() as lines:
                    term = self.expression(operand, f"{place}/{i}")
                    term = self._neither_checked(term, place)
                    self.program.line(f"{result} = {term.text}")
                self.program.line(f"if {result}:")
                self.program.lines += lines
            kinds.append(term.kind)
        return Term(result, _merged(kinds))

    def _neither_checked(self, term: Term, place: str) -> Term:
        """Check that an operand of `and` is truthy or falsy, so that Python's truth decides."""
        if term.kind is Kind.ANY:
            term = Term(self._name(term), Kind.DATA)
            self.program.line(f"truth({term.text}, {self.program.constant(place)})")
        elif term.kind is Kind.INSTANT:
            term = self._fail("a date-time is neither true nor false", place)
        return term

    def _truth(self, term: Term, place: str) -> str:
        if term.kind is Kind.ANY:
            return f"truth({term.text}, {self.program.constant(place)})"
        if term.kind is Kind.INSTANT:
            return self._fail("a date-time is neither true nor false", place).text
        return term.text

    def _not(self, _: Operator, operands: list[Json], place: str) -> Term:
        term = self.expression(operands[0], f"{place}/0")
        return Term(self.program.local(f"not {self._truth(term, place)}"), Kind.BOOLEAN)

    def _equal(self, _: Operator, operands: list[Json], place: str) -> Term:
        left = self.expression(operands[0], f"{place}/0")
        right = self.expression(operands[1], f"{place}/1")
        kinds = {left.kind, right.kind}
        if kinds & {Kind.ARRAY, Kind.INSTANT}:
            self._name(left)  # Neither is looked at, but what fails in it has to fail.
            self._name(right)
            return Term("False", Kind.BOOLEAN)
        if Kind.STRING in kinds:
            return Term(f"({left.text} == {right.text})", Kind.BOOLEAN)
        if Kind.BOOLEAN in kinds:
            return Term(f"({left.text} is {right.text})", Kind.BOOLEAN)
        if right.kind is Kind.INTEGER:
            left, right = right, left
        if left.kind is Kind.INTEGER:
            other = self._name(right)
            is_number = f"{other}.__class__ is not bool"
            return Term(f"({other} == {left.text} and {is_number})", Kind.BOOLEAN)
        return Term(f"same({left.text}, {right.text})", Kind.BOOLEAN)

    def _in(self, _: Operator, operands: list[Json], place: str) -> Term:
        item = self.value(operands[0], f"{place}/0")
        strings = self._known_strings(operands[1])
        if strings is not None:
            name = self._name(item)
            found = f"{name} in {self.program.constant(strings)}"
            return Term(f"({name}.__class__ is str and {found})", Kind.BOOLEAN)
        item = Term(self._name(item), item.kind)
        items = self.expression(operands[1], f"{place}/1")
        if items.kind in _NOT_ARRAY:
            return self._fail("the second operand is not an array", place)
        items = self._charged(items, place)
        called = f"member({item.text}, {items.text}, {self.program.constant(place)})"
        if item.kind is Kind.STRING:  # Nothing but a string equals a string, in Python as well.
            is_list = f"{items.text}.__class__ is list"
            called = f"({item.text} in {items.text} if {is_list} else {called})"
        return Term(called, Kind.BOOLEAN)

    def _known_strings(self, logic: Json) -> frozenset[str] | None:
        """Give the members of a list of strings that is known now, or None for anything else."""
        if isinstance(logic, list):
            strings = frozenset(item for item in logic if isinstance(item, str))
            return strings if all(isinstance(item, str) for item in logic) else None
        if self._in_fold or not isinstance(logic, dict) or len(logic) != 1:
            return None
        path = logic.get("var")
        return self._lists.get(path) if isinstance(path, str) else None

    def _plus(self, _: Operator, operands: list[Json], place: str) -> Term:
        left, right = (self.value(o, f"{place}/{i}") for i, o in enumerate(operands))
        call = f"plus({left.text}, {right.text}, {self.program.constant(place)})"
        return Term(self.program.local(call), Kind.INTEGER)

    def _compare(self, operator: Operator, operands: list[Json], place: str) -> Term:
        names = []
        for i, operand in enumerate(operands):
            term = self.expression(operand, f"{place}/{i}")
            if term.kind is Kind.NEVER:
                return term
            if term.kind in _NOT_INTEGER or term is NULL:
                return self._fail("an operand is not an integer", place)
            name = self._name(term)
            if term.kind is not Kind.INTEGER:
                self.program.line(f"if {name}.__class__ is not int:")
                self.program.line(f"    {name} = integer({name}, {self.program.constant(place)})")
            names.append(name)
        return Term(f"({f' {operator.sign} '.join(names)})", Kind.BOOLEAN)

    def _compare_times(self, operator: Operator, operands: list[Json], place: str) -> Term:
        names = []
        for i, operand in enumerate(operands):
            term = self.expression(operand, f"{place}/{i}")
            if term.kind in _NOT_INSTANT:
                return self._fail("an operand is not a date-time", place)
            if term.kind is not Kind.INSTANT:
                call = f"moment({term.text}, {self.program.constant(place)})"
                term = Term(call, Kind.INSTANT)
            names.append(self._name(term))
        return Term(f"({f' {operator.sign} '.join(names)})", Kind.BOOLEAN)

    def _plus_time(self, _: Operator, operands: list[Json], place: str) -> Term:
        amount, unit = as_integer(operands[1]), operands[2]
        if amount is None:
            return self._fail("the amount is not an integer", place)
        if not isinstance(unit, str) or (unit not in SPANS_MS and unit not in MONTHS):
            return self._fail("the unit is none of year, month, day and hour", place)
        start = self._instant(operands[0], place, "instant", read_instant)
        if start.kind is Kind.NEVER or amount == 0:
            return start
        place_name = self.program.constant(place)
        if unit in MONTHS:
            months = self.program.constant(amount * MONTHS[unit])
            text = f"later_by_months({start.text}, {months}, {place_name})"
        else:
            span_ms = amount * SPANS_MS[unit]
            span = self.program.constant(span_ms)
            safe = abs(span_ms) <= MAX_SPAN_MS
            checked = f"later_by({start.text}, {span}, {place_name})"
            text = f"{start.text} + {span}" if safe else checked
        return Term(self.program.local(text), Kind.INSTANT)

    def _birth(self, _: Operator, operands: list[Json], place: str) -> Term:
        return self._instant(operands[0], place, "birth", read_birth)

    def _instant(
        self, logic: Json, place: str, reader: str, read: Callable[[str], int | None]
    ) -> Term:
        """Write the reading of a date; a literal one is read here and now."""
        if isinstance(logic, str):
            instant_ms = read(logic)
            if instant_ms is None:
                return self._fail("the operand is not an accepted date", place)
            return Term(self.program.constant(instant_ms), Kind.INSTANT)
        text = self.expression(logic, f"{place}/0")
        if text.kind in _NOT_STRING:
            return self._fail("the operand is not a string", place)
        text = self._charged(text, place)
        call = f"{reader}({text.text}, {self.program.constant(place)})"
        return Term(self.program.once((reader, text.text, ""), lambda: call), Kind.INSTANT)

    def _uvci(self, _: Operator, operands: list[Json], place: str) -> Term:
        uvci = self._charged(self.value(operands[0], f"{place}/0"), place)
        index = as_integer(operands[1])
        if index is None:
            return self._fail("the index is not an integer", place)
        names = f"{self.program.constant(index)}, {self.program.constant(place)}"
        return Term(self.program.local(f"uvci_part({uvci.text}, {names})"), Kind.DATA)

    def _reduce(self, _: Operator, operands: list[Json], place: str) -> Term:
        items = Term(self._name(self.value(operands[0], f"{place}/0")), Kind.ANY)
        start = self._name(self.value(operands[2], f"{place}/2"))
        body = self._fold_body(operands[1], f"{place}/1")
        self.uses_steps = True
        nodes = self.program.constant(_node_count(operands[1]))
        rest = f"{items.text}, {start}, steps, {nodes}, {self.program.constant(place)}"
        return Term(self.program.local(f"fold({body}, {rest})"), Kind.ANY)

    def _fold_body(self, logic: Json, place: str) -> str:
        name = self.program.fresh("fold")
        outer, self._in_fold = self._in_fold, True
        with self.program.function(f"def {name}(items, accumulator, steps):", indent=2):
            self.program.lines.append("    for current in items:")
            self.program.line(f"accumulator = {self.value(logic, place).text}")
            self.program.lines.append("    return accumulator")
        self._in_fold = outer
        return name

    def _charged(self, term: Term, place: str) -> Term:
        """Charge for an operand that is read to its end, where that can happen over and over."""
        if not self._in_fold:
            return Term(self._name(term), term.kind)
        name = self._name(term)
        self.program.line(f"charge_reading(steps, {name}, {self.program.constant(place)})")
        return Term(name, term.kind)

    def _name(self, term: Term) -> str:
        return term.text if term.is_name else self.program.local(term.text)

    def _fail(self, reason: str, place: str) -> Term:
        names = ", ".join(map(self.program.constant, (reason, place)))
        self.program.line(f"raise EvaluationError({names})")
        return NEVER

    _WRITERS: ClassVar[Mapping[Shape, Callable[["Generator", Operator, list[Json], str], Term]]] = {
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


def _access(program: Program, name: str, step: str, index: int | None) -> Callable[[], str]:
    """Write the reading of one fragment; whatever has no such item gives null."""

    def text() -> str:
        if index is None:
            return f"{name}.get({program.constant(step)}) if {name}.__class__ is dict else None"
        has_item = f"len({name}) > {index}" if index else name
        return f"{name}[{index}] if {name}.__class__ is list and {has_item} else None"

    return text


def _boxed(term: Term, unless: Kind | None = None) -> Term:
    """Make a value of bare milliseconds, unless all the others are bare as well."""
    if term.kind is Kind.INSTANT and unless is not Kind.INSTANT:
        return Term(f"DateTime({term.text})", Kind.ANY)
    return term


def _merged(kinds: Sequence[Kind]) -> Kind:
    """Find the kind of a term that is one of several."""
    possible = set(kinds) - {Kind.NEVER}
    if not possible:
        return Kind.NEVER
    if len(possible) == 1:
        return possible.pop()
    return Kind.ANY if possible & {Kind.ANY, Kind.INSTANT, Kind.ARRAY} else Kind.DATA


def _node_count(logic: Json) -> int:
    """Count the values of an expression."""
    count = 0
    stack = [logic]
    while stack:
        value = stack.pop()
        count += 1
        if isinstance(value, list):
            stack.extend(value)
        elif isinstance(value, dict):
            stack.extend(value.values())
    return count
