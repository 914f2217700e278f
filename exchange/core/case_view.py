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

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from exchange.core.members import MEMBERS
from exchange.core.standing import IssuerStanding

ISSUER_KEYS = {f"m{member.code}": member.code for member in MEMBERS}
"""Keys of issuers; with a letter, as a fragment of digits would read an array."""
STATEMENT_ROLES = frozenset({"origin", "local", "national", "strictest", *ISSUER_KEYS})

STATEMENT_FIELDS: dict[str, str] = {
    "issuer": "statement.issuer",
    "via": "statement.via",
    "own": "statement.own",
    "level": "health_code.level._name_ if in_force else 'UNSPECIFIED'",
    "state": "health_code.state._name_ if in_force else LAPSED_STATES[one.standing]",
    "standing": "one.standing._value_",
    "contradicted": "one.contradicted",
    "holds": "[hold.code for hold in health_code.holds] if in_force else []",
    "as_of": "instant_text(health_code.as_of_ms)",
    "as_of_date": "beijing_date_text(health_code.as_of_ms)",
    "age_hours": "(now_ms - health_code.as_of_ms) // HOUR_MS",
    "valid_until": "optional_text(health_code.valid_until_ms)",
    "region": "health_code.region",
    "document_unique": "health_code.document_unique",
}
"""Fields of a statement in the view, each as the code that gives it from an issuer's standing
``one``, its ``statement``, ``health_code`` and ``in_force``, and ``now_ms``."""

TEST_FIELDS: dict[str, str] = {
    "issuer": "one.issuer",
    "result": "one.test.result._name_",
    "sample_time": "optional_text(one.test.sample_time_ms)",
    "result_time": "optional_text(one.test.result_time_ms)",
    "date": "beijing_date_text(one.time_ms)",
    "age_hours": "(now_ms - one.time_ms) // HOUR_MS",
}
"""Fields of the latest test in the view, each as the code that gives it from a dated test ``one``
and ``now_ms``."""


class CaseFacts(msgspec.Struct, frozen=True, gc=False):
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
