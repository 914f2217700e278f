"""Which paths of the data a rule reads."""

from exchange.core.certlogic.values import Json

_PAYLOAD = "payload."


def paths_read(logic: Json) -> frozenset[str]:
    """Collect every path that a rule can read, in whatever branch.

    The inner expression of a `reduce` reads the items of its list and is left out.
    """
    paths: set[str] = set()
    stack = [logic]
    while stack:
        value = stack.pop()
        if isinstance(value, list):
            stack.extend(value)
        elif isinstance(value, dict):
            for operator, operands in value.items():
                if operator == "var" and isinstance(operands, str):
                    paths.add(operands)
                elif operator == "reduce" and isinstance(operands, list):
                    stack.extend(operands[:1] + operands[2:3])
                else:
                    stack.append(operands)
    return frozenset(paths)


def affected_fields(logic: Json) -> frozenset[str]:
    """Collect the paths below `payload` that a rule reads, without that prefix."""
    return frozenset(
        path.removeprefix(_PAYLOAD) for path in paths_read(logic) if path.startswith(_PAYLOAD)
    )
