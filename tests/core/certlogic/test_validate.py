"""Rules are refused with the place of each problem, and good rules are not."""

from typing import Any

import pytest

from exchange.core.certlogic import Json, affected_fields, paths_read, validate

VIEW: dict[str, Any] = {
    "type": "object",
    "properties": {
        "payload": {"$ref": "#/$defs/payload"},
        "external": {
            "type": "object",
            "properties": {
                "validationClock": {"type": "string"},
                "valueSets": {
                    "type": "object",
                    "additionalProperties": {"type": "array", "items": {"type": "string"}},
                },
                "free": {"type": "object"},
            },
        },
    },
    "$defs": {
        "payload": {
            "type": "object",
            "properties": {
                "v": {"type": ["array", "null"], "items": {"$ref": "#/$defs/entry"}},
                "latest": {"anyOf": [{"$ref": "#/$defs/entry"}, {"type": "null"}]},
            },
        },
        "entry": {
            "type": "object",
            "properties": {
                "dt": {"type": "string"},
                "dn": {"type": "integer"},
                "share": {"type": "number"},
                "held": {"type": "boolean"},
                "gone": False,
                "next": {"$ref": "#/$defs/entry"},
            },
            "additionalProperties": False,
        },
    },
}
TIME = {"plusTime": ["2021-06-01", 0, "day"]}
DATE = {"var": "payload.latest.dt"}
NUMBER = {"var": "payload.latest.dn"}


def found(rule: Json, schema: dict[str, Any] | None = None) -> list[tuple[str, str]]:
    return [(problem.place, problem.code.value) for problem in validate(rule, schema)]


@pytest.mark.parametrize(
    ("rule", "place", "code"),
    [
        (None, "", "INVALID_EXPRESSION"),
        (1.5, "", "INVALID_EXPRESSION"),
        ({}, "", "INVALID_EXPRESSION"),
        ({"and": [1, 2], "!": [1]}, "", "INVALID_EXPRESSION"),
        ([1, None], "/1", "INVALID_EXPRESSION"),
        ({"!": True}, "/!", "INVALID_EXPRESSION"),
        ({"or": [1, 2]}, "", "UNKNOWN_OPERATOR"),
        ({"if": [True, 1, {"or": [1, 2]}]}, "/if/2", "UNKNOWN_OPERATOR"),
        ({"!": []}, "/!", "WRONG_OPERAND_COUNT"),
        ({"!": [1, 2]}, "/!", "WRONG_OPERAND_COUNT"),
        ({"and": [1]}, "/and", "WRONG_OPERAND_COUNT"),
        ({"if": [1, 2]}, "/if", "WRONG_OPERAND_COUNT"),
        ({"if": [1, 2, 3, 4]}, "/if", "WRONG_OPERAND_COUNT"),
        ({"===": [1]}, "/===", "WRONG_OPERAND_COUNT"),
        ({"<": [1, 2, 3, 4]}, "/<", "WRONG_OPERAND_COUNT"),
        ({"+": [1, 2, 3]}, "/+", "WRONG_OPERAND_COUNT"),
        ({"before": [TIME]}, "/before", "WRONG_OPERAND_COUNT"),
        ({"plusTime": ["2021", 1]}, "/plusTime", "WRONG_OPERAND_COUNT"),
        ({"dccDateOfBirth": ["2021", 1]}, "/dccDateOfBirth", "WRONG_OPERAND_COUNT"),
        ({"extractFromUVCI": ["a"]}, "/extractFromUVCI", "WRONG_OPERAND_COUNT"),
        ({"reduce": [[], 1]}, "/reduce", "WRONG_OPERAND_COUNT"),
        ({"<": ["a", 1]}, "/</0", "WRONG_OPERAND_KIND"),
        ({"<": [1, True]}, "/</1", "WRONG_OPERAND_KIND"),
        ({"+": [{"!": [1]}, 1]}, "/+/0", "WRONG_OPERAND_KIND"),
        ({"before": [TIME, "2021-06-01"]}, "/before/1", "WRONG_OPERAND_KIND"),
        ({"before": [{"var": "a"}, TIME]}, "/before/0", "WRONG_OPERAND_KIND"),
        ({"in": ["a", "abc"]}, "/in/1", "WRONG_OPERAND_KIND"),
        ({"!": [TIME]}, "/!/0", "WRONG_OPERAND_KIND"),
        ({"and": [True, TIME]}, "/and/1", "WRONG_OPERAND_KIND"),
        ({"if": [TIME, 1, 2]}, "/if/0", "WRONG_OPERAND_KIND"),
        ({"plusTime": [TIME, 1, "day"]}, "/plusTime/0", "WRONG_OPERAND_KIND"),
        ({"plusTime": ["2021-02-30", 1, "day"]}, "/plusTime/0", "WRONG_OPERAND_KIND"),
        ({"plusTime": ["2021", "1", "day"]}, "/plusTime/1", "WRONG_OPERAND_KIND"),
        ({"plusTime": ["2021", 1, "week"]}, "/plusTime/2", "WRONG_OPERAND_KIND"),
        ({"dccDateOfBirth": ["2021-01-01T00:00:00Z"]}, "/dccDateOfBirth/0", "WRONG_OPERAND_KIND"),
        ({"extractFromUVCI": [1, 0]}, "/extractFromUVCI/0", "WRONG_OPERAND_KIND"),
        ({"extractFromUVCI": ["a", "0"]}, "/extractFromUVCI/1", "WRONG_OPERAND_KIND"),
        ({"reduce": ["a", 1, 2]}, "/reduce/0", "WRONG_OPERAND_KIND"),
        ({"===": [{"var": "a"}, [1]]}, "/===/1", "NEVER_EQUAL"),
        ({"===": [TIME, {"var": "a"}]}, "/===/0", "NEVER_EQUAL"),
        ({"===": [1, "1"]}, "/===", "NEVER_EQUAL"),
        ({"===": [1, True]}, "/===", "NEVER_EQUAL"),
        ({"in": [TIME, [1]]}, "/in/0", "NEVER_EQUAL"),
        ({"var": 0}, "/var", "INVALID_PATH"),
        ({"var": ["a"]}, "/var", "INVALID_PATH"),
        ({"var": "a."}, "/var", "INVALID_PATH"),
        ({"var": "a..b"}, "/var", "INVALID_PATH"),
        ({"var": "a.01"}, "/var", "INVALID_PATH"),
        ({"var": "a.1x"}, "/var", "INVALID_PATH"),
        ({"var": "a.+1"}, "/var", "INVALID_PATH"),
        ({"var": "a.-1"}, "/var", "INVALID_PATH"),
        ({"var": "a. 1"}, "/var", "INVALID_PATH"),
        ({"reduce": [[], {"var": "payload.v"}, 0]}, "/reduce/1/var", "NO_SUCH_PATH"),
    ],
)
def test_a_problem_is_reported_with_its_place(rule: Json, place: str, code: str) -> None:
    assert found(rule) == [(place, code)]


@pytest.mark.parametrize(
    ("rule", "place", "code"),
    [
        ({"var": "payloads"}, "/var", "NO_SUCH_PATH"),
        ({"var": "payload.w"}, "/var", "NO_SUCH_PATH"),
        ({"var": "payload.v.dn"}, "/var", "NO_SUCH_PATH"),
        ({"var": "payload.0"}, "/var", "NO_SUCH_PATH"),
        ({"var": "payload.latest.0"}, "/var", "NO_SUCH_PATH"),
        ({"var": "payload.latest.dt.length"}, "/var", "NO_SUCH_PATH"),
        ({"var": "payload.v.0.gone"}, "/var", "NO_SUCH_PATH"),
        ({"var": "external.valueSets.a.b"}, "/var", "NO_SUCH_PATH"),
        ({"!": [{"and": [1, {"var": "payload.x"}]}]}, "/!/0/and/1/var", "NO_SUCH_PATH"),
        ({"<": [DATE, 1]}, "/</0", "WRONG_OPERAND_KIND"),
        ({"in": [DATE, DATE]}, "/in/1", "WRONG_OPERAND_KIND"),
        ({"plusTime": [NUMBER, 1, "day"]}, "/plusTime/0", "WRONG_OPERAND_KIND"),
        ({"extractFromUVCI": [NUMBER, 0]}, "/extractFromUVCI/0", "WRONG_OPERAND_KIND"),
        ({"reduce": [DATE, 1, 0]}, "/reduce/0", "WRONG_OPERAND_KIND"),
        ({"===": [NUMBER, "1"]}, "/===", "NEVER_EQUAL"),
        ({"===": [NUMBER, DATE]}, "/===", "NEVER_EQUAL"),
        ({"===": [{"var": "payload.latest.held"}, 1]}, "/===", "NEVER_EQUAL"),
        ({"===": [{"var": "payload.v"}, {"var": "payload.v"}]}, "/===/0", "NEVER_EQUAL"),
        (
            {"reduce": [{"var": "payload.v"}, {"var": "current.dx"}, 0]},
            "/reduce/1/var",
            "NO_SUCH_PATH",
        ),
        (
            {"reduce": [{"var": "payload.v"}, {"+": [{"var": "current.dt"}, 1]}, 0]},
            "/reduce/1/+/0",
            "WRONG_OPERAND_KIND",
        ),
    ],
)
def test_what_the_data_never_has_is_reported(rule: Json, place: str, code: str) -> None:
    assert found(rule, VIEW) == [(place, code)]


@pytest.mark.parametrize(
    "rule",
    [
        {"var": ""},
        {"var": "payload.v.0.next.next.dn"},
        {"var": "external.valueSets.anything-at-all"},
        {"var": "external.free.a.b.0.c"},
        {"<": [NUMBER, 1.0]},
        {"===": [{"var": "payload.latest.share"}, 1]},
        {"===": [DATE, DATE]},
        {"in": [DATE, {"var": "external.valueSets.days"}]},
        {"in": [DATE, ["a", 1]]},
        {
            "if": [
                {"var": "payload.v.0"},
                {"not-after": [{"plusTime": [DATE, 1, "day"]}, TIME]},
                True,
            ]
        },
        {"before": [{"if": [DATE, TIME, TIME]}, TIME]},
        {"reduce": [{"var": "payload.v"}, {"+": [{"var": "current.dn"}, 1]}, 0]},
        {"reduce": [[TIME], {"before": [{"var": "current"}, TIME]}, True]},
        {"reduce": [[], {"if": [True, {"var": "accumulator.a.0"}, {"var": ""}]}, 0]},
        {"!": [{"extractFromUVCI": [{"var": "payload.latest.dt"}, -1]}]},
    ],
)
def test_a_good_rule_has_no_problems(rule: Json) -> None:
    assert found(rule, VIEW) == []
    assert found(rule) == []


def test_every_problem_is_reported_in_the_order_of_the_rule() -> None:
    rule: Json = {"and": [{"or": [1]}, {"<": ["a", "b"]}, {"var": "x."}]}
    assert found(rule) == [
        ("/and/0", "UNKNOWN_OPERATOR"),
        ("/and/1/</0", "WRONG_OPERAND_KIND"),
        ("/and/1/</1", "WRONG_OPERAND_KIND"),
        ("/and/2/var", "INVALID_PATH"),
    ]


def test_fields_are_the_payload_paths_of_all_branches_without_the_prefix() -> None:
    rule: Json = {
        "if": [
            {"var": "payload.v.0"},
            {"reduce": [{"var": "payload.t"}, {"var": "payload.inner"}, {"var": "payload.s"}]},
            {"in": [{"var": "external.x"}, [{"var": "payload.v.0.mp"}, {"var": ""}]]},
        ]
    }
    assert affected_fields(rule) == {"v.0", "t", "s", "v.0.mp"}
    assert paths_read(rule) - {f"payload.{field}" for field in affected_fields(rule)} == {
        "external.x",
        "",
    }
