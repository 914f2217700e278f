"""No rule and no data can make an evaluation loop, recurse, or raise anything unexpected."""

import json
from typing import Any

import pytest

from exchange.core.certlogic import (
    EvaluationError,
    Json,
    affected_fields,
    compile_rule,
    evaluate_line,
    validate,
)
from exchange.core.certlogic.limits import (
    MAX_EXPRESSION_DEPTH,
    MAX_EXPRESSION_NODES,
    MAX_EXPRESSION_TEXT,
    MAX_INTEGER,
    MAX_LINE_BYTES,
    MAX_LINE_DEPTH,
)

DEEP = 100_000


def nested(make: Any, times: int, start: Json) -> Any:
    value = start
    for _ in range(times):
        value = make(value)
    return value


@pytest.fixture(scope="module")
def deep_data() -> Any:
    return nested(lambda inner: [inner], DEEP, [])


@pytest.mark.parametrize(
    "make",
    [
        lambda inner: {"!": [inner]},
        lambda inner: [inner],
        lambda inner: {"if": [{"var": "a"}, 1, inner]},
        lambda inner: {"if": [inner, inner, inner]},
        lambda inner: {"reduce": [[1], inner, 0]},
        lambda inner: {"+": [inner, 1]},
        lambda inner: {"unknown": inner},
    ],
)
def test_a_rule_nested_without_end_fails_and_is_reported(make: Any) -> None:
    rule = nested(make, DEEP, 1)
    with pytest.raises(EvaluationError, match=r"nested more than|more than 10000 values"):
        compile_rule(rule).evaluate({})
    assert [problem.code for problem in validate(rule)] == ["TOO_LARGE"]


def test_the_fields_of_a_rule_nested_without_end_are_found() -> None:
    rule = nested(lambda inner: {"!": [inner]}, DEEP, {"var": "payload.v"})
    assert affected_fields(rule) == {"v"}


@pytest.mark.parametrize(
    ("make", "levels"),
    [
        (lambda inner: {"!": [inner]}, 2),
        (lambda inner: [inner], 1),
        (lambda inner: {"if": [{"var": "a"}, 1, inner]}, 2),
        (lambda inner: {"if": [inner, 1, 2]}, 2),
        (lambda inner: {"and": [True, inner]}, 2),
        (lambda inner: {"reduce": [[1], inner, 0]}, 2),
        (lambda inner: {"reduce": [[1], 0, inner]}, 2),
        (lambda inner: {"+": [inner, 1]}, 2),
        (lambda inner: {"in": [inner, [inner]]} if inner == 1 else {"in": [1, [inner]]}, 3),
    ],
)
def test_a_rule_of_the_greatest_depth_compiles_and_evaluates(make: Any, levels: int) -> None:
    rule = nested(make, (MAX_EXPRESSION_DEPTH - 2) // levels, 1)
    assert validate(rule)[:1] == () or validate(rule)[0].code != "TOO_LARGE"
    assert compile_rule(rule).evaluate({}) is not None


@pytest.mark.parametrize(
    "rule",
    [
        [1] * MAX_EXPRESSION_NODES,
        "x" * (MAX_EXPRESSION_TEXT + 1),
        {"var": "a" + ".a" * MAX_EXPRESSION_NODES},
        {"x" * (MAX_EXPRESSION_TEXT + 1): [1]},
        MAX_INTEGER + 1,
    ],
)
def test_a_rule_beyond_a_limit_is_reported_and_never_met(rule: Json) -> None:
    assert [problem.code for problem in validate(rule)] == ["TOO_LARGE"]
    with pytest.raises(EvaluationError):
        compile_rule(rule).evaluate({})


@pytest.mark.parametrize(
    "rule",
    [
        [1] * (MAX_EXPRESSION_NODES - 1),
        "x" * MAX_EXPRESSION_TEXT,
        {"var": "a" + ".a" * (MAX_EXPRESSION_NODES - 2)},
    ],
)
def test_a_rule_at_a_limit_evaluates(rule: Json) -> None:
    assert validate(rule) == ()
    compile_rule(rule).evaluate({})


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ({"if": [{"var": ""}, 1, 2]}, 1),
        ({"===": [{"var": ""}, {"var": ""}]}, False),
        ({"===": [{"var": "0"}, "a"]}, False),
        ({"in": ["a", {"var": ""}]}, False),
        ({"in": [1, {"var": "0.0"}]}, False),
        ({"in": [{"var": ""}, {"var": ""}]}, False),
        ({"!": [{"var": ".".join(["0"] * 1000)}]}, False),
        ({"reduce": [{"var": ""}, {"===": [{"var": "current"}, 1]}, 0]}, False),
    ],
)
def test_data_nested_without_end_is_evaluated_like_any(
    rule: Json, value: Json, deep_data: Json
) -> None:
    assert repr(compile_rule(rule).evaluate(deep_data)) == repr(value)


def test_folds_inside_folds_end_when_the_steps_are_used_up() -> None:
    items: list[Json] = list(range(1000))
    inner: Json = {"+": [{"var": "accumulator"}, 1]}
    rule = nested(lambda body: {"reduce": [[1] * 30, body, 0]}, 10, inner)
    with pytest.raises(EvaluationError, match="too many steps"):
        compile_rule({"reduce": [{"var": ""}, rule, 0]}).evaluate(items)


@pytest.mark.parametrize(
    "body",
    [
        {"in": ["x", {"var": "current"}]},
        {"extractFromUVCI": [{"var": "current.0"}, 0]},
        {"plusTime": [{"var": "current.1"}, 0, "day"]},
    ],
)
def test_looking_through_long_items_uses_up_steps(body: Json) -> None:
    item: Json = [":" * 10_000, "2021-06-01T00:00:00." + "0" * 10_000, *["a"] * 10_000]
    rule = compile_rule({"reduce": [{"var": ""}, body, 0]})
    rule.evaluate([item])
    with pytest.raises(EvaluationError, match="too many steps"):
        rule.evaluate([item] * 1000)


def test_a_fold_over_many_items_is_within_the_steps() -> None:
    rule: Json = {"reduce": [{"var": ""}, {"+": [{"var": "accumulator"}, {"var": "current"}]}, 0]}
    assert compile_rule(rule).evaluate([1] * 50_000) == 50_000


def test_every_evaluation_has_its_own_steps() -> None:
    fold: Json = {"+": [{"var": "accumulator"}, {"var": "current"}]}
    rule = compile_rule({"reduce": [{"var": ""}, fold, 0]})
    data: Json = [1] * 100_000
    assert [rule.evaluate(data) for _ in range(5)] == [100_000] * 5


def test_a_sum_beyond_the_largest_integer_fails() -> None:
    rule = compile_rule({"+": [{"var": ""}, 1]})
    assert rule.evaluate(MAX_INTEGER - 1) == MAX_INTEGER
    with pytest.raises(EvaluationError, match="too large"):
        rule.evaluate(MAX_INTEGER)
    doubling: Json = {"+": [{"var": "accumulator"}, {"var": "accumulator"}]}
    with pytest.raises(EvaluationError, match="too large"):
        compile_rule({"reduce": [{"var": ""}, doubling, 1]}).evaluate([0] * 50_000)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b"[]", "not an object"),
        (b'{"logic": 1}', "has no 'data'"),
        (b'{"data": 1}', "has no 'logic'"),
        (b'{"logic": 1, "data": 1} x', "not JSON"),
        (b'{"logic": 1, "data": NaN}', "NaN"),
        (b'{"logic": 1, "data": -Infinity}', "NaN"),
        (b'{"logic": 1, "data": 1e99999999999}', "out of range"),
        (b'{"logic": 1, "data": ' + b"9" * 5000 + b"}", "too large"),
        (b'{"logic": 1, "data": ' + b"[" * DEEP + b"]" * DEEP + b"}", "too deeply"),
        (b'{"logic": 1, "data": ' + b"[" * 300 + b"]" * 300 + b"}", "too deeply"),
        (b'{"logic": ' + b'{"!":[' * DEEP + b"1" + b"]}" * DEEP + b', "data": 1}', "too deeply"),
        (b" " * (MAX_LINE_BYTES + 1), "longer than"),
    ],
)
def test_a_line_that_cannot_be_read_gives_an_error_line(line: bytes, words: str) -> None:
    answer = json.loads(evaluate_line(line))
    assert words in answer["error"]


def test_a_value_that_refers_to_itself_over_and_over_is_not_written() -> None:
    body = [{"var": "accumulator"}, {"var": "accumulator"}]
    line = {"logic": {"reduce": [{"var": ""}, body, 1]}, "data": [0] * 100}
    assert "too large" in json.loads(evaluate_line(json.dumps(line).encode()))["error"]


def test_a_value_nested_too_deeply_is_not_written() -> None:
    line = {"logic": {"reduce": [{"var": ""}, [{"var": "accumulator"}], 1]}, "data": [0] * 5000}
    assert "too large" in json.loads(evaluate_line(json.dumps(line).encode()))["error"]


def test_a_value_as_deep_as_a_line_may_be_is_written() -> None:
    data = nested(lambda inner: [inner], MAX_LINE_DEPTH - 2, 1)
    line = {"logic": {"var": ""}, "data": data}
    assert json.loads(evaluate_line(json.dumps(line).encode())) == {"value": data}


def test_lone_surrogates_and_other_scripts_survive() -> None:
    line = b'{"logic": {"var": ""}, "data": "\\ud800 \xe7\xbb\xbf\xe7\xa0\x81 \\u0000"}'
    assert json.loads(evaluate_line(line)) == {"value": "\ud800 绿码 \0"}


def test_an_error_quotes_nothing_of_the_data() -> None:
    birth = "1987-06-05x"
    line = {"logic": {"plusTime": [{"var": ""}, 0, "day"]}, "data": birth}
    answer = evaluate_line(json.dumps(line).encode()).decode()
    assert "1987" not in answer
    assert "/plusTime" in answer
