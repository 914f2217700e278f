"""What holds for every rule and all data."""

import json
from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings, strategies as st

from exchange.core.certlogic import (
    DateTime,
    EvaluationError,
    Json,
    affected_fields,
    compile_rule,
    compile_rules,
    evaluate_line,
    validate,
)
from tests.core.certlogic.rule_maker import RULE_MAKERS, RuleMaker
from tests.core.certlogic.strategies import (
    ACCEPTED_DATES,
    ANY_JSON,
    ANY_RULE,
    DATES,
)
from tests.core.certlogic.wild_rules import WILD_MAKERS, WildMaker

DERANDOMIZED = settings(derandomize=True, deadline=None, max_examples=300)
SLOW = settings(DERANDOMIZED, max_examples=100)  # making such rules takes longer than judging them
DAY = timedelta(days=1)


def outcome(logic: Json, data: Json) -> str:
    """Evaluate to a text that tells 1, 1.0 and true apart."""
    try:
        return repr(compile_rule(logic).evaluate(data))
    except EvaluationError as error:
        return f"fails: {error}"


def instant_of(logic: Json) -> int:
    value = compile_rule(logic).evaluate(None)
    assert isinstance(value, DateTime)
    return value.instant_ms


def milliseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


@SLOW
@given(ANY_RULE | ANY_JSON, ANY_JSON)
def test_an_evaluation_gives_a_value_or_an_evaluation_error_and_nothing_else(
    logic: Json, data: Json
) -> None:
    assert outcome(logic, data) == outcome(logic, data)


@DERANDOMIZED
@given(RULE_MAKERS)
def test_evaluating_changes_neither_the_rule_nor_the_data(maker: RuleMaker) -> None:
    logic, data = maker.rule(), maker.data
    before = json.dumps([logic, data])
    outcome(logic, data)
    assert json.dumps([logic, data]) == before


@SLOW
@given(ANY_RULE)
def test_compiling_twice_gives_the_same_program(logic: Json) -> None:
    assert compile_rule(logic).source == compile_rule(logic).source


@DERANDOMIZED
@given(st.one_of(RULE_MAKERS, WILD_MAKERS), st.integers(1, 5))
def test_rules_compiled_as_one_are_met_as_each_is_by_itself(
    maker: RuleMaker | WildMaker, count: int
) -> None:
    logics = [maker.rule() for _ in range(count)]
    outcomes = [outcome(logic, maker.data) for logic in logics]
    try:
        unmet = compile_rules(logics).unmet(maker.data)
    except EvaluationError:
        assert any(one.startswith("fails") for one in outcomes)
    else:
        assert unmet == [i for i, one in enumerate(outcomes) if one != "True"]
        assert not any(one.startswith("fails") for one in outcomes)


@SLOW
@given(ANY_RULE | ANY_JSON)
def test_checks_take_any_json_and_say_the_same_every_time(logic: Json) -> None:
    assert validate(logic) == validate(logic)
    assert affected_fields(logic) == affected_fields(logic)


@DERANDOMIZED
@given(RULE_MAKERS)
def test_a_rule_without_problems_never_fails_for_its_form(maker: RuleMaker) -> None:
    logic, data = maker.rule(), maker.data
    form = ("not an expression", "not exactly one operator", "unknown", "number of operands")
    if validate(logic) == ():
        assert not any(words in outcome(logic, data) for words in form)


@DERANDOMIZED
@given(st.binary() | st.text().map(str.encode))
def test_whatever_a_line_holds_the_answer_is_a_line_of_json(line: bytes) -> None:
    answer = evaluate_line(line)
    assert b"\n" not in answer
    assert set(json.loads(answer)) in ({"error"}, {"value"})


@DERANDOMIZED
@given(DATES, st.integers(-400_000, 400_000))
def test_days_are_added_as_python_adds_them(text: str, days: int) -> None:
    day_number = (date.fromisoformat(text) - date(1970, 1, 1)) // DAY + days
    assert instant_of({"plusTime": [text, days, "day"]}) == day_number * 86_400_000


@DERANDOMIZED
@given(st.datetimes(timezones=st.just(UTC)), st.integers(-(10**6), 10**6))
def test_hours_are_added_as_python_adds_them(start: datetime, hours: int) -> None:
    start = start.replace(microsecond=start.microsecond // 1000 * 1000)
    text = start.isoformat(timespec="milliseconds")
    expected = milliseconds(start) + hours * 3_600_000
    assert instant_of({"plusTime": [text, hours, "hour"]}) == expected


@DERANDOMIZED
@given(st.dates(date(1000, 1, 1), date(9000, 1, 1)), st.integers(-11_000, 11_000))
def test_months_are_added_to_the_first_and_the_days_counted_on_from_there(
    start: date, months: int
) -> None:
    years, month_index = divmod(start.month - 1 + months, 12)
    expected = date(start.year + years, month_index + 1, 1) + (start.day - 1) * DAY
    day_number = (expected - date(1970, 1, 1)) // DAY
    assert instant_of({"plusTime": [str(start), months, "month"]}) == day_number * 86_400_000


@DERANDOMIZED
@given(ACCEPTED_DATES, st.integers(-200_000, 200_000))
def test_a_year_is_twelve_months_in_any_century(text: str, years: int) -> None:
    by_years = instant_of({"plusTime": [text, years, "year"]})
    assert instant_of({"plusTime": [text, 12 * years, "month"]}) == by_years


@DERANDOMIZED
@given(ACCEPTED_DATES, st.integers(-600, 600))
def test_400_years_are_146097_days(text: str, times: int) -> None:
    by_years = instant_of({"plusTime": [text, 400 * times, "year"]})
    assert instant_of({"plusTime": [text, 146_097 * times, "day"]}) == by_years


@DERANDOMIZED
@given(st.datetimes(timezones=st.just(UTC)))
def test_a_date_time_is_written_as_it_was_read(start: datetime) -> None:
    text = start.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert str(DateTime(instant_of({"plusTime": [text, 0, "day"]}))) == text
