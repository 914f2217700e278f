"""A dashboard against the types that Grafana publishes: what they do not have, and what differs."""

import enum
import json
import types
from collections.abc import Iterator
from typing import Any, Union, get_args, get_origin, get_type_hints

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

register_default_plugins()


def problems(text: str) -> list[str]:
    """Return what is wrong with a dashboard's JSON, each with its place."""
    written = json.loads(text)
    dashboard = Dashboard.from_json(written)
    read = json.loads(json.dumps(dashboard, cls=JSONEncoder))
    return [*_lost(written, read, ""), *_differs(dashboard, Dashboard, "")]


def _lost(written: Any, read: Any, place: str) -> Iterator[str]:
    """Say what did not come back: the types have no room for it."""
    if isinstance(written, dict) and isinstance(read, dict):
        for name, value in written.items():
            if name not in read:
                yield f"{place}/{name} is unknown"
            else:
                yield from _lost(value, read[name], f"{place}/{name}")
    elif isinstance(written, list) and isinstance(read, list) and len(written) == len(read):
        for index, pair in enumerate(zip(written, read, strict=True)):
            yield from _lost(*pair, f"{place}/{index}")
    elif written != read:
        yield f"{place} came back as {read!r}"


def _differs(value: Any, kind: Any, place: str) -> Iterator[str]:
    """Say which values are not of the type that Grafana declares for them."""
    if kind in (Any, object):
        kind = type(value)  # Declared for what plug-ins define: its fields are looked at.
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        found = [list(_differs(value, one, place)) for one in get_args(kind)]
        if all(found):  # The one that fits best went furthest.
            yield from max(found, key=lambda each: len(each[0].partition(" ")[0]))
    elif origin in (list, dict) and isinstance(value, origin):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for name, one in items:
            yield from _differs(one, get_args(kind)[-1], f"{place}/{name}")
    else:
        yield from _one_differs(value, kind, place)


def _one_differs(value: Any, kind: Any, place: str) -> Iterator[str]:
    if isinstance(value, dict) and hasattr(kind, "from_json"):
        value = kind.from_json(value)
    if not _is_a(value, kind):
        yield f"{place} is {value!r}, no {kind}"
    elif hasattr(value, "from_json"):
        for name, hint in get_type_hints(type(value)).items():
            yield from _differs(getattr(value, name), hint, f"{place}/{name}")


def _is_a(value: Any, kind: Any) -> bool:
    if not isinstance(kind, type):  # A literal; generics were looked at by then.
        return value in get_args(kind)
    if issubclass(kind, enum.Enum):
        return value in {one.value for one in kind}
    return isinstance(value, float | int if kind is float else kind)
