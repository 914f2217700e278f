"""Mappings, lists and scalars to YAML that reads well in a diff; texts are quoted as JSON is."""

import json
from collections.abc import Iterator, Mapping, Sequence

Yaml = Mapping[str, "Yaml"] | Sequence["Yaml"] | str | int | float | bool


def yaml_text(value: Yaml) -> str:
    """Return a value as YAML."""
    return "\n".join(_lines(value)) + "\n"


def _lines(value: Yaml) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _entry(f"{key}:", one)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for one in value:
            first, *rest = _lines(one)
            yield f"- {first}"
            yield from (f"  {line}" for line in rest)
    else:
        # Half-width and plain: JSON's quoting is YAML's.
        yield json.dumps(value, ensure_ascii=False)


def _entry(key: str, value: Yaml) -> Iterator[str]:
    if isinstance(value, str | int | float):
        yield f"{key} {next(_lines(value))}"
        return
    yield key
    yield from (f"  {line}" for line in _lines(value))
