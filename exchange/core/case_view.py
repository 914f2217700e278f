"""The view of a case that rules see: which statement plays which role, as plain JSON.

``payload`` holds the statements. What is not recognised is not in it at all. Roles:

- ``m440000`` and so on: what the issuer's statements come to (own before relayed), in whatever
  standing. One that has lapsed or was withdrawn has the level UNSPECIFIED: only its standing, its
  times and its tests can be read.
- ``origin``, ``local``, ``national``: the same for the member the person comes from (null where the
  request names none), for the destination and for the national platform.
- ``strictest``: the strictest statement in force, as ``statement.strictness`` ranks them; of equals
  the newer, then the larger issuer. A lapsed one is never the strictest.
- ``test``: the latest nucleic-acid test with the result NEGATIVE or POSITIVE in any of the above
  that was not withdrawn - a test does not lapse with the code it came in. It is dated by its
  sampling, else by its result; without either it proves nothing and is left out, as is a negative
  one from the future. At the same instant POSITIVE counts.
- ``vaccination``: the one with most doses, then the latest, in any that was not withdrawn.
- ``holds``: codes of all holds in force, each once, sorted.
- ``document_unique``: false where two people can have the document; of all statements.

``external`` holds ``instant``, ``beijing_date``, ``origin`` (``""`` for none), ``destination`` and
``value_sets``, each with ``version`` and ``values``. Free texts are not in the view.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from exchange.core.certlogic import Json
from exchange.core.health_code import Test, TestKind, TestResult
from exchange.core.members import MEMBERS, NATIONAL
from exchange.core.policy import ValueSet
from exchange.core.standing import IssuerStanding, Standing
from exchange.core.statement import strictness
from exchange.core.times import BEIJING_MS, DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, format_rfc3339

Getter = Callable[[IssuerStanding, int], Json]

ISSUER_KEYS = {f"m{member.code}": member.code for member in MEMBERS}
"""Keys of issuers; with a letter, as a fragment of digits would read an array."""
STATEMENT_ROLES = frozenset({"origin", "local", "national", "strictest", *ISSUER_KEYS})


def instant_text(instant_ms: int) -> str:
    """Write an instant in UTC with milliseconds, quickly: the clock of every case is written."""
    days, rest = divmod(instant_ms, DAY_MS)
    hours, rest = divmod(rest, HOUR_MS)
    minutes, rest = divmod(rest, MINUTE_MS)
    seconds, ms = divmod(rest, SECOND_MS)
    return f"{_day_text(days)}T{hours:02}:{minutes:02}:{seconds:02}.{ms:03}Z"


def beijing_date_text(instant_ms: int) -> str:
    """Write the Beijing date of an instant as ``YYYY-MM-DD``."""
    return _day_text((instant_ms + BEIJING_MS) // DAY_MS)


@lru_cache(4096)
def _day_text(days: int) -> str:
    return format_rfc3339(days * DAY_MS)[:10]


_IN_FORCE, _WITHDRAWN = Standing.IN_FORCE, Standing.WITHDRAWN
_STATES = {
    Standing.WITHDRAWN: "WITHDRAWN",
    Standing.EXPIRED: "EXPIRED",
    Standing.TOO_OLD: "EXPIRED",
}


def _level(one: IssuerStanding, _: int) -> Json:
    if one.standing is not _IN_FORCE:
        return "UNSPECIFIED"
    return one.statement.health_code.level._name_


def _state(one: IssuerStanding, _: int) -> Json:
    if one.standing is not _IN_FORCE:
        return _STATES[one.standing]
    return one.statement.health_code.state._name_


def _holds(one: IssuerStanding, _: int) -> Json:
    if one.standing is not _IN_FORCE:
        return []
    return [hold.code for hold in one.statement.health_code.holds]


def _valid_until(one: IssuerStanding, _: int) -> Json:
    end = one.statement.health_code.valid_until_ms
    return None if end is None else instant_text(end)


STATEMENT_FIELDS: dict[str, Getter] = {
    "issuer": lambda one, _: one.statement.issuer,
    "via": lambda one, _: one.statement.via,
    "own": lambda one, _: one.statement.own,
    "level": _level,
    "state": _state,
    "standing": lambda one, _: one.standing._value_,
    "contradicted": lambda one, _: one.contradicted,
    "holds": _holds,
    "as_of": lambda one, _: instant_text(one.statement.health_code.as_of_ms),
    "as_of_date": lambda one, _: beijing_date_text(one.statement.health_code.as_of_ms),
    "age_hours": lambda one, now: (now - one.statement.health_code.as_of_ms) // HOUR_MS,
    "valid_until": _valid_until,
    "region": lambda one, _: one.statement.health_code.region,
    "document_unique": lambda one, _: one.statement.health_code.document_unique,
}
"""Fields of a statement in the view."""


class CaseFacts(msgspec.Struct, frozen=True):
    """What a view is made of.

    Attributes:
        recognised: What the recognised issuers' statements come to.
        document_unique: Of all statements, those left out as well.
        now_ms: The instant.
        origin: Member the person comes from, or ``""``.
        destination: Member where the person wants to pass.
    """

    recognised: Sequence[IssuerStanding]
    document_unique: bool
    now_ms: int
    origin: str
    destination: str


class ViewPlan:
    """Builds views with what a set of rules reads and no more, which is most of the speed.

    An object that rules read only parts of holds these parts; it is never empty, so that rules can
    tell whether it is there.
    """

    def __init__(self, paths: Iterable[str] | None, value_sets: dict[str, ValueSet]) -> None:
        """Take the paths that are read; None for the whole view."""
        self._parts: set[str] | None = None if paths is None else set()
        wanted: set[str] | None = None if paths is None else {"issuer"}
        for path in paths or ():
            found = _fields_of(path)
            if found is None or wanted is None or self._parts is None:
                self._parts = wanted = None
                break
            self._parts.add(path.split(".")[1])
            wanted |= found
        self._fields = tuple(
            (name, getter)
            for name, getter in STATEMENT_FIELDS.items()
            if wanted is None or name in wanted
        )
        self._issuer_keys = {code: key for key, code in ISSUER_KEYS.items() if self._needs(key)}
        self._needs_instant = self._needs("instant")
        self._needs_date = self._needs("beijing_date")
        self._fixed = [(name, make) for name, make in _PARTS.items() if self._needs(name)]
        self._roles = [name for name in ("origin", "local", "national") if self._needs(name)]
        self._needs_strictest = self._needs("strictest")
        self._needs_test = self._needs("test")
        self._test_fields = tuple(
            (name, getter)
            for name, getter in TEST_FIELDS.items()
            if wanted is None or name in wanted
        )
        self._value_sets: Json = {
            name: {"version": one.version, "values": list(one.values)}
            for name, one in value_sets.items()
        }

    def _needs(self, part: str) -> bool:
        return self._parts is None or part in self._parts

    def build(self, case: CaseFacts) -> dict[str, Json]:
        """Build the view of a case."""
        payload: dict[str, Json] = {"document_unique": case.document_unique}
        if self._issuer_keys or self._roles:
            self._add_issuers(case, payload)
        if self._needs_strictest:
            payload["strictest"] = self._strictest(case)
        if self._needs_test:
            payload["test"] = self._test(case)
        for name, make in self._fixed:
            payload[name] = make(case)
        external: dict[str, Json] = {
            "origin": case.origin,
            "destination": case.destination,
            "value_sets": self._value_sets,
        }
        if self._needs_instant:
            external["instant"] = instant_text(case.now_ms)
        if self._needs_date:
            external["beijing_date"] = beijing_date_text(case.now_ms)
        return {"payload": payload, "external": external}

    def _add_issuers(self, case: CaseFacts, payload: dict[str, Json]) -> None:
        holders = {"origin": case.origin, "local": case.destination, "national": NATIONAL}
        roles = [(role, holders[role]) for role in self._roles]
        for role in self._roles:
            payload[role] = None
        for one in case.recognised:
            issuer = one.statement.issuer
            key = self._issuer_keys.get(issuer)
            if key is not None:
                payload[key] = self._statement(one, case.now_ms)
            for role, holder in roles:
                if holder == issuer:
                    payload[role] = self._statement(one, case.now_ms)

    def _strictest(self, case: CaseFacts) -> Json:
        in_force = [one for one in case.recognised if one.standing is _IN_FORCE]
        if not in_force:
            return None
        found = in_force[0] if len(in_force) == 1 else max(in_force, key=_strictness)
        return self._statement(found, case.now_ms)

    def _test(self, case: CaseFacts) -> Json:
        latest = _latest_test(case)
        if latest is None:
            return None
        return {name: get(latest, case.now_ms) for name, get in self._test_fields}

    def _statement(self, one: IssuerStanding, now_ms: int) -> Json:
        return {name: get(one, now_ms) for name, get in self._fields}


def _fields_of(path: str) -> set[str] | None:
    """Name the fields of statements that a path reads; None where it reads more than parts."""
    fragments = path.split(".")
    if len(fragments) == 1 or fragments[0] not in {"payload", "external"}:
        return None
    if fragments[0] == "payload" and (fragments[1] in STATEMENT_ROLES or fragments[1] == "test"):
        return set(fragments[2:3])
    return set()


def _strictness(one: IssuerStanding) -> tuple[int, int, str]:
    health_code = one.statement.health_code
    return strictness(health_code), health_code.as_of_ms, one.statement.issuer


class _DatedTest(msgspec.Struct, frozen=True):
    """The latest test, and the time it is dated by."""

    test: Test
    issuer: str
    time_ms: int


def _latest_test(case: CaseFacts) -> _DatedTest | None:
    best: tuple[int, bool, str] | None = None
    found: Test | None = None
    for one in case.recognised:
        tests = one.statement.health_code.tests
        if not tests or one.standing is _WITHDRAWN:
            continue
        for test in tests:
            if test.kind is not _NUCLEIC_ACID:
                continue
            positive = test.result is _POSITIVE
            if not positive and test.result is not _NEGATIVE:
                continue
            time_ms = test.result_time_ms if test.sample_time_ms is None else test.sample_time_ms
            if time_ms is None or (time_ms > case.now_ms and not positive):
                continue
            key = (time_ms, positive, one.statement.issuer)
            if best is None or key > best:
                best, found = key, test
    return None if best is None or found is None else _DatedTest(found, best[2], best[0])


_NUCLEIC_ACID, _POSITIVE = TestKind.NUCLEIC_ACID, TestResult.POSITIVE
_NEGATIVE = TestResult.NEGATIVE

TEST_FIELDS: dict[str, Callable[[_DatedTest, int], Json]] = {
    "issuer": lambda one, _: one.issuer,
    "result": lambda one, _: one.test.result._name_,
    "sample_time": lambda one, _: _optional(one.test.sample_time_ms),
    "result_time": lambda one, _: _optional(one.test.result_time_ms),
    "date": lambda one, _: beijing_date_text(one.time_ms),
    "age_hours": lambda one, now: (now - one.time_ms) // HOUR_MS,
}
"""Fields of the latest test in the view."""


def _optional(instant_ms: int | None) -> Json:
    return None if instant_ms is None else instant_text(instant_ms)


def _vaccination(case: CaseFacts) -> Json:
    best: tuple[int, str, str] | None = None
    for one in case.recognised:
        vaccination = one.statement.health_code.vaccination
        if vaccination is None or one.standing is _WITHDRAWN:
            continue
        key = (vaccination.doses, vaccination.last_dose_date, one.statement.issuer)
        if best is None or key > best:
            best = key
    if best is None:
        return None
    return {"doses": best[0], "last_dose_date": best[1], "issuer": best[2]}


def _all_holds(case: CaseFacts) -> Json:
    codes = {
        hold.code
        for one in case.recognised
        if one.standing is _IN_FORCE
        for hold in one.statement.health_code.holds
    }
    return list[Json](sorted(codes))


_PARTS: dict[str, Callable[[CaseFacts], Json]] = {
    "vaccination": _vaccination,
    "holds": _all_holds,
}


def view_schema(value_sets: Iterable[str] = ()) -> dict[str, Any]:
    """Return the shape of the view, in the subset of JSON Schema that rules are checked against.

    Args:
        value_sets: Names of the policy's value sets.
    """
    role = {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/statement"}]}
    roles = dict.fromkeys(["origin", "local", "national", "strictest", *ISSUER_KEYS], role)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The view of a case that the rules of a policy see",
        "type": "object",
        "properties": {
            "payload": {
                "type": "object",
                "properties": {
                    **roles,
                    "test": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/test"}]},
                    "vaccination": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/vaccination"}]},
                    "holds": _STRINGS,
                    "document_unique": {"type": "boolean"},
                },
            },
            "external": {
                "type": "object",
                "properties": {
                    "instant": _STRING,
                    "beijing_date": _STRING,
                    "origin": _STRING,
                    "destination": _STRING,
                    "value_sets": {
                        "type": "object",
                        "properties": {
                            name: {"$ref": "#/$defs/value_set"} for name in sorted(value_sets)
                        },
                    },
                },
            },
        },
        "$defs": _DEFINITIONS,
    }


_STRING: dict[str, Any] = {"type": "string"}
_STRINGS: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
_OPTIONAL: dict[str, Any] = {"type": ["string", "null"]}
_DEFINITIONS: dict[str, Any] = {
    "statement": {
        "type": "object",
        "properties": {
            **dict.fromkeys(STATEMENT_FIELDS, _STRING),
            "own": {"type": "boolean"},
            "contradicted": {"type": "boolean"},
            "document_unique": {"type": "boolean"},
            "holds": _STRINGS,
            "age_hours": {"type": "integer"},
            "valid_until": _OPTIONAL,
        },
    },
    "test": {
        "type": "object",
        "properties": {
            "issuer": _STRING,
            "result": _STRING,
            "sample_time": _OPTIONAL,
            "result_time": _OPTIONAL,
            "date": _STRING,
            "age_hours": {"type": "integer"},
        },
    },
    "vaccination": {
        "type": "object",
        "properties": {"doses": {"type": "integer"}, "last_dose_date": _STRING, "issuer": _STRING},
    },
    "value_set": {
        "type": "object",
        "properties": {"version": _STRING, "values": _STRINGS},
    },
}
