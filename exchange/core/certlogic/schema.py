"""The shape of the data a rule reads, as a subset of JSON Schema.

Understood: `type` (a name or a list of names), `properties`, `additionalProperties`, `items`,
`anyOf`, and `$ref` to a pointer within the schema; everything else is ignored. An object with
`properties` and without `additionalProperties` has these properties and no others - stricter than
JSON Schema, since a misspelt path is what a check of rules is for. An object with neither may hold
anything.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

Schema = Mapping[str, Any]
"""A JSON Schema, as read from JSON."""

JSON_KINDS = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})
"""Names of the kinds of data; `number` stands for numbers with a fraction only."""

DATE_TIME = "date-time"
"""Name of the one kind of value that is no data."""

_ANYTHING: Schema = {}


class View(Struct, frozen=True):
    """What the data may be at one place.

    Attributes:
        root: the whole schema, for references.
        schemas: the alternatives here, without references.
        date_times: whether a date-time may be here, which only the values of a fold can.
    """

    root: Schema
    schemas: tuple[Schema, ...]
    date_times: bool = False

    @classmethod
    def of(cls, schema: Schema | None) -> "View":
        """View the whole data; without a schema it may be anything."""
        root = _ANYTHING if schema is None else schema
        return cls(root, tuple(_alternatives(root, root)))

    def kinds(self) -> frozenset[str]:
        """Name the kinds the data may be of here."""
        kinds = frozenset[str]().union(*map(_kinds, self.schemas))
        return kinds | {DATE_TIME} if self.date_times else kinds

    def field(self, key: str) -> "View | None":
        """View what objects hold under a key, or None where none can have it."""
        return self._inner(_field(schema, key) for schema in self._of_kind("object"))

    def item(self) -> "View | None":
        """View what arrays hold, or None where there are no arrays."""
        return self._inner(schema.get("items", True) for schema in self._of_kind("array"))

    def _of_kind(self, kind: str) -> Iterator[Schema]:
        return (schema for schema in self.schemas if kind in _kinds(schema))

    def _inner(self, found: Iterator[object]) -> "View | None":
        schemas = [inner for schema in found for inner in _alternatives(self.root, schema)]
        return View(self.root, tuple(schemas)) if schemas else None


def _kinds(schema: Schema) -> frozenset[str]:
    named = schema.get("type")
    if named is None:
        return JSON_KINDS
    kinds = frozenset([named] if isinstance(named, str) else named)
    return kinds | {"integer"} if "number" in kinds else kinds


def _field(schema: Schema, key: str) -> object:
    properties = schema.get("properties")
    if properties is not None and key in properties:
        return properties[key]
    return schema.get("additionalProperties", properties is None)


def _alternatives(root: Schema, schema: object) -> Iterator[Schema]:
    """Follow references and alternatives to plain schemas, each once; `false` allows nothing."""
    seen: list[object] = []
    waiting = [schema]
    while waiting:
        one = waiting.pop()
        if one is True:
            yield _ANYTHING
        if not isinstance(one, Mapping) or any(one is other for other in seen):
            continue
        seen.append(one)
        if "$ref" in one:
            waiting.append(_referred(root, one["$ref"]))
        elif "anyOf" in one:
            waiting += one["anyOf"]
        else:
            yield one


def _referred(root: Schema, reference: str) -> object:
    found: Any = root
    for step in reference.removeprefix("#").split("/")[1:]:
        found = found[step.replace("~1", "/").replace("~0", "~")]
    return found
