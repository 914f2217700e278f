"""The limits of a rule and of its evaluation, each with the reason for its number."""

from exchange.core.certlogic.values import Json

MAX_EXPRESSION_DEPTH = 128
"""Levels of nested objects and arrays in a rule (an operator makes two).

The deepest public rule has 15. Sixty-four operators inside one another keep the generated
program within what Python's own parser and compiler take without complaint.
"""

MAX_EXPRESSION_NODES = 10_000
"""Values in a rule: objects, arrays and literals, and each dot of a path.

The largest public rule has about a hundred; long literal lists still fit. Compiling a rule
of this size takes a good part of a second, which is the longest a publisher should wait.
"""

MAX_EXPRESSION_TEXT = 200_000
"""Characters in all strings and operator names of a rule together: 20 for each value."""

MAX_INTEGER = 10**4000
"""Integers reach from minus this to this, exactly; a sum beyond fails.

Python refuses to write integers of more than 4,300 digits, and a fold that doubles a number
must not fill the memory.
"""

MAX_STEPS = 1_000_000
"""Work one evaluation may do inside folds, in expressions evaluated and items looked at.

Only `reduce` repeats anything. A million steps take about a tenth of a second, and folding a
hundred items with a long expression takes a few thousand.
"""

POLICY_RULE_STEPS = 5_000
"""Work a rule of a policy may do inside folds: half a millisecond.

Decisions share a processor, so one destination's rule must not hold up the others; folding a
hundred items with ten operators takes a fifth of this.
"""

MAX_LINE_BYTES = 4 * 1024 * 1024
"""Length of one line of rule and data: a hundred times the value sets of a public test."""

MAX_LINE_DEPTH = 256
"""Levels of nesting in a line and in its answer: what the JSON parser takes on any stack."""

MAX_RESULT_NODES = 100_000
"""Values in one answer. A fold can refer to one array twice, and again, and again."""


def beyond_limits(logic: Json) -> str | None:
    """Say which limit a rule exceeds, or None; never recurses and never reads past a limit."""
    nodes = characters = 0
    stack: list[tuple[Json, int]] = [(logic, 0)]
    while stack:
        value, depth = stack.pop()
        nodes += 1
        inner: list[Json] = []
        if isinstance(value, str):
            characters += len(value)
        elif isinstance(value, list):
            inner = value
        elif isinstance(value, dict):
            characters += sum(map(len, value))
            inner = list(value.values())
            path = value.get("var")
            nodes += path.count(".") if isinstance(path, str) else 0
        elif isinstance(value, int) and abs(value) > MAX_INTEGER:
            return "an integer of the rule is too large"
        if inner and depth == MAX_EXPRESSION_DEPTH:
            return f"the rule is nested more than {MAX_EXPRESSION_DEPTH} levels deep"
        if nodes + len(inner) + len(stack) > MAX_EXPRESSION_NODES:
            return f"the rule has more than {MAX_EXPRESSION_NODES} values"
        if characters > MAX_EXPRESSION_TEXT:
            return f"the rule has more than {MAX_EXPRESSION_TEXT} characters of text"
        stack.extend((item, depth + 1) for item in inner)
    return None
