"""Records that are JSON objects: how their fields are found, and how they are written."""

from collections.abc import Callable, Sequence
from typing import Any

from adapters.families.json_text import read_json
from adapters.record import Field
from adapters.steps import Cells, item_cells
from adapters.texts import BLANKS, scalar
from adapters.writing import Value, Values

ReadCells = Callable[[dict[str, Any]], Cells]
"""From a JSON object to cells."""

_EMPTY: dict[str, Any] = {}


def compile_cells(fields: Sequence[Field]) -> ReadCells:
    """Build the function that finds the cells of a record; a dot in a name leads into an object.

    Where a path leads through something that is no object, the field is absent.
    """
    parents = [""]
    for field in fields:
        keys = field.name.split(".")[:-1]
        parents += [".".join(keys[: end + 1]) for end in range(len(keys))]
    parents = list(dict.fromkeys(parents))
    steps = [
        (parents.index(above), key)
        for above, _, key in (parent.rpartition(".") for parent in parents[1:])
    ]
    plan, others = [], []
    for at, field in enumerate(fields):
        parent, _, key = field.name.rpartition(".")
        plan.append((parents.index(parent), key))
        if (convert := _convert(field)) is not None:
            others.append((at, parents.index(parent), key, convert))

    if not steps and not others:
        return lambda record: [
            value.strip(BLANKS) if (value := record.get(key)).__class__ is str else scalar(value)
            for _, key in plan
        ]

    def cells(record: dict[str, Any]) -> Cells:
        objects = [record]
        for above, key in steps:
            value = objects[above].get(key)
            objects.append(value if value.__class__ is dict else _EMPTY)
        # Nearly all values are texts or absent: ``scalar`` is only called for the rest.
        found: Cells = [
            ""
            if (value := objects[parent].get(key)) is None
            else value.strip(BLANKS)
            if value.__class__ is str
            else scalar(value)
            for parent, key in plan
        ]
        for at, parent, key, convert in others:
            found[at] = convert(objects[parent].get(key))
        return found

    return cells


def _convert(field: Field) -> Callable[[Any], Any] | None:
    """Give what turns a value into a cell where that is not its scalar."""
    if field.flag:
        return lambda value: "true" if value is True else ""
    if field.items:
        item = compile_cells(item_cells(field))
        # Anything else than a list counts as absent, an element that is no object is skipped.
        return lambda value: (
            [item(element) for element in value if element.__class__ is dict]
            if value.__class__ is list
            else []
        )
    return None


def nest(values: Values) -> dict[str, Any]:
    """Make nested objects of dotted names; each stands where its first field stands."""
    nested: dict[str, Any] = {}
    for name, value in values.items():
        *parents, key = name.split(".")
        target = nested
        for parent in parents:
            target = target.setdefault(parent, {})
        target[key] = _plain(value)
    return nested


def _plain(value: Value) -> Any:
    if isinstance(value, list):
        return [{name: _plain(inner) for name, inner in item.items()} for item in value]
    return value


def read_object(text: bytes | str) -> dict[str, Any] | None:
    """Read a text that must hold a JSON object; None if it holds another value.

    Raises:
        UnreadableError: It holds no JSON at all.
    """
    value = read_json(text)
    return value if isinstance(value, dict) else None
