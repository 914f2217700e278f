"""Builds the view of a case, with what a set of rules reads and no more.

That is most of the speed of deciding by rules: what a view takes is more than what the rules take.
The fields of a statement are read by generated code, one function for each set of fields.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from exchange.core.case_parts import all_holds, latest_test, most_vaccinated, strictest_in_force
from exchange.core.case_view import ISSUER_KEYS, STATEMENT_FIELDS, TEST_FIELDS, CaseFacts
from exchange.core.certlogic import Json
from exchange.core.members import NATIONAL
from exchange.core.policy import ValueSet
from exchange.core.standing import Standing
from exchange.core.times import HOUR_MS, beijing_date_text, instant_text

Reader = Callable[[Any, int], dict[str, Json]]
"""Reads the fields of a statement, or of a test, at an instant."""

_ROLES = ("origin", "local", "national")
_HELPERS: Mapping[str, object] = {
    "__builtins__": {},
    "HOUR_MS": HOUR_MS,
    "IN_FORCE": Standing.IN_FORCE,
    "LAPSED_STATES": {
        Standing.WITHDRAWN: "WITHDRAWN",
        Standing.EXPIRED: "EXPIRED",
        Standing.TOO_OLD: "EXPIRED",
    },
    "beijing_date_text": beijing_date_text,
    "instant_text": instant_text,
    "optional_text": lambda time_ms: None if time_ms is None else instant_text(time_ms),
}
"""All that a generated reader can reach."""


class ViewPlan:
    """Builds views for a set of rules.

    An object that rules read only parts of holds these parts; it is never empty, so that rules can
    tell whether it is there.
    """

    def __init__(self, paths: Iterable[str] | None, value_sets: dict[str, ValueSet]) -> None:
        """Take the paths that are read; None for the whole view."""
        self._fields = None if paths is None else _fields_by_part(paths)
        self._issuers = [
            (key, code, self._statement_reader(key))
            for key, code in ISSUER_KEYS.items()
            if self._needs(key)
        ]
        self._roles = [(role, self._statement_reader(role)) for role in _ROLES if self._needs(role)]
        self._has_issuers = bool(self._issuers or self._roles)
        self._needs_strictest = self._needs("strictest")
        self._read_strictest = self._statement_reader("strictest")
        self._needs_test = self._needs("test")
        self._read_test = _reader(TEST_FIELDS, self._wanted("test"))
        self._needs_vaccination = self._needs("vaccination")
        self._needs_holds = self._needs("holds")
        self._needs_instant = self._needs("instant")
        self._needs_date = self._needs("beijing_date")
        self._value_sets: Json = {
            name: {"version": one.version, "values": list(one.values)}
            for name, one in value_sets.items()
        }

    def _needs(self, part: str) -> bool:
        return self._fields is None or part in self._fields

    def _wanted(self, part: str) -> frozenset[str] | None:
        return None if self._fields is None else frozenset(self._fields.get(part, ()))

    def _statement_reader(self, part: str) -> Reader:
        return _reader(STATEMENT_FIELDS, self._wanted(part), head=_STATEMENT_HEAD)

    def build(self, case: CaseFacts) -> dict[str, Json]:
        """Build the view of a case."""
        now_ms = case.now_ms
        payload: dict[str, Json] = {"document_unique": case.document_unique}
        if self._has_issuers:
            self._add_issuers(case, payload)
        if self._needs_strictest:
            one = strictest_in_force(case)
            payload["strictest"] = None if one is None else self._read_strictest(one, now_ms)
        if self._needs_test:
            test = latest_test(case)
            payload["test"] = None if test is None else self._read_test(test, now_ms)
        if self._needs_vaccination:
            payload["vaccination"] = most_vaccinated(case)
        if self._needs_holds:
            payload["holds"] = all_holds(case)
        external: dict[str, Json] = {
            "origin": case.origin,
            "destination": case.destination,
            "value_sets": self._value_sets,
        }
        if self._needs_instant:
            external["instant"] = instant_text(now_ms)
        if self._needs_date:
            external["beijing_date"] = beijing_date_text(now_ms)
        return {"payload": payload, "external": external}

    def _add_issuers(self, case: CaseFacts, payload: dict[str, Json]) -> None:
        now_ms = case.now_ms
        found = {one.statement.issuer: one for one in case.recognised}
        for key, code, read in self._issuers:
            if code in found:
                payload[key] = read(found[code], now_ms)
        holders = {"origin": case.origin, "local": case.destination, "national": NATIONAL}
        for role, read in self._roles:
            one = found.get(holders[role])
            payload[role] = None if one is None else read(one, now_ms)


_STATEMENT_HEAD = """\
    statement = one.statement
    health_code = statement.health_code
    in_force = one.standing is IN_FORCE
"""


def _reader(fields: Mapping[str, str], wanted: frozenset[str] | None, head: str = "") -> Reader:
    """Generate the reading of some fields, or of all; the issuer is always among them."""
    items = ", ".join(
        f"{name!r}: {code}"
        for name, code in fields.items()
        if wanted is None or name == "issuer" or name in wanted
    )
    return _compiled(f"def read(one, now_ms):\n{head}    return {{{items}}}\n")


@lru_cache(4096)
def _compiled(source: str) -> Reader:
    """Compile a reader; policies and the parts of a view read much the same fields."""
    namespace: dict[str, Any] = dict(_HELPERS)
    exec(compile(source, "<view>", "exec"), namespace)  # noqa: S102 -- of our own texts only
    reader: Reader = namespace["read"]
    return reader


def _fields_by_part(paths: Iterable[str]) -> dict[str, set[str]] | None:
    """Name the fields that are read of each part; None where a path reads more than parts."""
    found: dict[str, set[str]] = {}
    for path in paths:
        fragments = path.split(".")
        if len(fragments) == 1 or fragments[0] not in {"payload", "external"}:
            return None
        found.setdefault(fragments[1], set()).update(fragments[2:3])
    return found
