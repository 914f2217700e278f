"""Names in a payload that the catalogue's entry of its format does not have, counted.

Readers look fields up by name and never see others, so a member that adds one, or renames one that
is not required, would go unnoticed. Only how many there are leaves this module: a name may be
anything, even the number of a person.
"""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Final, Union

from adapters.families.json_text import UnreadableError, read_json
from adapters.families.xml_text import Element
from adapters.record import Record

Shape = Mapping[str, Union["Shape", Mapping[str, Any]]]
"""Names and what is inside them; what is inside an empty one is not looked at."""

NAMES_MAX: Final = 100
"""So many are told apart in one payload: more are no new fields, but values in the place of names.
"""

ELEMENTS_MAX: Final = 100
"""So many elements of a list, or lines of a file, are looked at: a system writes all of them alike.
"""

_NAMESPACE: Final = "xmlns"
"""Looks like an attribute and is none."""


def shape_of(names: Iterable[str]) -> Shape:
    """Make the shape of names in which a dot leads into an object."""
    shape: dict[str, Any] = {}
    for name in names:
        inside = shape
        for key in name.split("."):
            inside = inside.setdefault(key, {})
    return shape


def names_of(record: Record, path: str = "") -> tuple[str, ...]:
    """Give every name in the field table of a record, those of dropped fields too.

    Args:
        record: The record.
        path: Where it lies; ``""`` at the top.
    """
    front = f"{path}." if path else ""
    return tuple(
        front + name
        for field in record.fields
        for name in (field.name, *(f"{field.name}.{item.name}" for item in field.items))
    )


def count_unknown(value: Any, shape: Shape) -> int:
    """Count the names in a JSON value that a shape does not have.

    Lists are transparent, and so is a text that holds JSON where objects are known inside. One name
    in many records of one place counts once.
    """
    found: set[tuple[int, str]] = set()
    _look_at_value(value, shape, found)
    return len(found)


def _look_at_value(value: Any, shape: Shape, found: set[tuple[int, str]]) -> None:
    if value.__class__ is str:
        try:
            value = read_json(value)
        except UnreadableError:
            return
    for element in islice(value, ELEMENTS_MAX) if value.__class__ is list else (value,):
        if element.__class__ is not dict:
            continue
        for key, inner in element.items():
            inside = shape.get(key)
            if inside is None:
                found.add((id(shape), key))
            elif inside:
                _look_at_value(inner, inside, found)
            if len(found) >= NAMES_MAX:
                return


def count_unknown_elements(root: Element, shape: Shape) -> int:
    """Count the names of elements and attributes under a root that a shape does not have."""
    found: set[tuple[int, str]] = set()
    _look_at_element(root, shape, found)
    return len(found)


def _look_at_element(element: Element, shape: Shape, found: set[tuple[int, str]]) -> None:
    for name in element.attributes:
        if name not in shape and name != _NAMESPACE and len(found) < NAMES_MAX:
            found.add((id(shape), name))
    for child in element.children:
        if len(found) >= NAMES_MAX:
            return
        inside = shape.get(child.name)
        if inside is None:
            found.add((id(shape), child.name))
        elif inside:
            _look_at_element(child, inside, found)


def count_unknown_names(names: Iterable[str], known: Iterable[str]) -> int:
    """Count the columns or keys, trimmed, that are not known; a blank one is no name."""
    return min(len({*names} - {*known, ""}), NAMES_MAX)
