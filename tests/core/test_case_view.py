from importlib.resources import files

import msgspec
import pytest
from hypothesis import given, strategies as st

from exchange.core.case_view import STATEMENT_FIELDS, CaseFacts, view_schema
from exchange.core.certlogic import Json, compile_rule, paths_read
from exchange.core.compiled_policy import CompiledPolicy
from exchange.core.health_code import Hold, Level, State, TestKind, TestResult, Vaccination
from exchange.core.members import BY_CODE
from exchange.core.policy import Recognition, ValueSet
from exchange.core.recognition import _judged
from exchange.core.statement import Statement
from exchange.core.view_plan import ViewPlan
from tests.core.policies import DAY, DEFAULT, HOUR, logics, nucleic, people, said
from tests.core.strategies import NOW_MS
from tools.case_schema import schema_text

CHECKED_IN = files("exchange") / "policies" / "case.schema.json"


def facts(*given: Statement, origin: str = "", **recognition: Recognition) -> CaseFacts:
    named = {code.removeprefix("m"): one for code, one in recognition.items()}
    policy = msgspec.structs.replace(DEFAULT, recognition=named)
    return _judged(given, CompiledPolicy(policy, "310000"), NOW_MS, origin, None).facts


def seen(*given: Statement, origin: str = "", **recognition: Recognition) -> dict[str, Json]:
    return ViewPlan(None, {}).build(facts(*given, origin=origin, **recognition))


def payload(*given: Statement, origin: str = "", **recognition: Recognition) -> dict[str, Json]:
    found = seen(*given, origin=origin, **recognition)["payload"]
    assert isinstance(found, dict)
    return found


def at(value: object, path: str) -> Json:
    return compile_rule({"var": path}).evaluate(value)  # type: ignore[arg-type, return-value]


def test_the_schema_that_is_checked_in_is_the_one_of_the_code() -> None:
    assert CHECKED_IN.read_text(encoding="utf-8") == schema_text()


def test_the_whole_view_has_every_part_that_the_schema_names() -> None:
    schema = view_schema()["properties"]
    view = seen(said())
    assert set(view) == set(schema)
    given = payload(said(), said(issuer="310000"), said(issuer="000000"), origin="510000")
    named = set(schema["payload"]["properties"])
    assert named - set(given) == {f"m{code}" for code in BY_CODE} - {
        "m510000",
        "m310000",
        "m000000",
    }
    external = view["external"]
    assert isinstance(external, dict)
    assert set(external) == set(schema["external"]["properties"])
    assert set(at(given, "origin") or ()) == set(STATEMENT_FIELDS)  # type: ignore[arg-type]


def test_roles_follow_origin_destination_and_the_national_platform() -> None:
    view = payload(said(), said(issuer="310000"), said(issuer="000000"), origin="510000")
    assert at(view, "origin.issuer") == "510000"
    assert at(view, "local.issuer") == "310000"
    assert at(view, "national.issuer") == "000000"
    assert at(view, "m510000") == at(view, "origin")
    assert payload(said())["origin"] is None


def test_a_relay_by_the_national_platform_is_not_its_own_statement() -> None:
    view = payload(said(via="000000"))
    assert view["national"] is None
    assert (at(view, "m510000.via"), at(view, "m510000.own")) == ("000000", False)


def test_an_own_statement_speaks_before_a_relayed_one_and_says_that_it_is_contradicted() -> None:
    view = payload(said(), said(Level.HIGH, via="000000", as_of=NOW_MS))
    assert (at(view, "m510000.level"), at(view, "m510000.contradicted")) == ("LOW", True)


@pytest.mark.parametrize(
    ("statement", "standing", "state"),
    [
        (said(Level.UNSPECIFIED, state=State.WITHDRAWN), "WITHDRAWN", "WITHDRAWN"),
        (said(Level.UNSPECIFIED, state=State.EXPIRED), "EXPIRED", "EXPIRED"),
        (said(Level.HIGH, valid_until_ms=NOW_MS - DAY), "EXPIRED", "EXPIRED"),
        (said(Level.HIGH, as_of=NOW_MS - 40 * DAY), "TOO_OLD", "EXPIRED"),
    ],
)
def test_what_has_lapsed_is_there_without_level_and_holds_and_is_never_the_strictest(
    statement: Statement, standing: str, state: str
) -> None:
    view = payload(statement)
    read = [at(view, f"m510000.{field}") for field in ("standing", "state", "level", "holds")]
    assert read == [standing, state, "UNSPECIFIED", []]
    assert view["strictest"] is None


def test_what_is_not_recognised_is_not_in_the_view_but_its_document_counts() -> None:
    red = said(Level.HIGH, document_unique=False, holds=(Hold("POPUP_1"),), tests=(nucleic(),))
    view = payload(red, origin="510000", m510000=Recognition.IGNORE)
    assert (view["origin"], view["strictest"], view["test"], view["holds"]) == (
        None,
        None,
        None,
        [],
    )
    assert "m510000" not in view
    assert view["document_unique"] is False


def test_the_strictest_is_the_strictest_in_force() -> None:
    view = payload(
        said(), said(Level.MEDIUM, "110000"), said(Level.HIGH, "370000", as_of=NOW_MS - 40 * DAY)
    )
    assert at(view, "strictest.issuer") == "110000"


def test_holds_are_those_in_force_each_once_and_sorted() -> None:
    one, two = (Hold("POPUP_3"), Hold("POPUP_1")), (Hold("POPUP_3"),)
    gone = said(issuer="370000", holds=(Hold("GONE"),), valid_until_ms=NOW_MS - DAY)
    assert payload(said(holds=one), said(issuer="110000", holds=two), gone)["holds"] == [
        "POPUP_1",
        "POPUP_3",
    ]


@pytest.mark.parametrize(
    ("tests", "expected"),
    [
        ((), None),
        ((nucleic(),), ("NEGATIVE", 1)),
        (
            (nucleic(sample=NOW_MS - 5 * HOUR), nucleic(TestResult.POSITIVE, NOW_MS - 3 * HOUR)),
            ("POSITIVE", 3),
        ),
        ((nucleic(), nucleic(TestResult.POSITIVE)), ("POSITIVE", 1)),
        ((nucleic(TestResult.PENDING, NOW_MS), nucleic()), ("NEGATIVE", 1)),
        ((nucleic(TestResult.INVALID, NOW_MS), nucleic()), ("NEGATIVE", 1)),
        ((nucleic(kind=TestKind.ANTIGEN, sample=NOW_MS),), None),
        ((nucleic(sample=None, issued=NOW_MS - 2 * HOUR),), ("NEGATIVE", 2)),
        ((nucleic(sample=None),), None),
        ((nucleic(sample=NOW_MS + HOUR),), None),
        ((nucleic(TestResult.POSITIVE, NOW_MS + HOUR),), ("POSITIVE", -1)),
    ],
)
def test_the_latest_nucleic_acid_test_with_a_result_and_a_time_counts(
    tests: tuple[object, ...], expected: tuple[str, int] | None
) -> None:
    view = payload(said(tests=tests))
    found = None if view["test"] is None else (at(view, "test.result"), at(view, "test.age_hours"))
    assert found == expected


def test_a_test_does_not_lapse_with_its_code_but_is_withdrawn_with_it() -> None:
    lapsed = said(tests=(nucleic(),), valid_until_ms=NOW_MS - DAY)
    assert at(payload(lapsed), "test.result") == "NEGATIVE"
    withdrawn = said(Level.UNSPECIFIED, state=State.WITHDRAWN, tests=(nucleic(),))
    assert payload(withdrawn)["test"] is None


def test_a_test_is_dated_by_the_beijing_day_of_its_sampling() -> None:
    before_midnight = 1_648_738_800_000  # 2022-03-31T15:00:00Z is 23:00 in Beijing.
    assert at(payload(said(tests=(nucleic(sample=before_midnight),))), "test.date") == "2022-03-31"
    after = nucleic(sample=before_midnight + 2 * HOUR, issued=before_midnight + 3 * HOUR)
    assert at(payload(said(tests=(after,))), "test.date") == "2022-04-01"


def test_of_several_vaccinations_most_doses_then_the_latest_counts() -> None:
    two, three = Vaccination(2, "2021-12-01"), Vaccination(3, "2021-11-01")
    view = payload(said(vaccination=two), said(issuer="110000", vaccination=three))
    assert at(view, "vaccination") == {
        "doses": 3,
        "last_dose_date": "2021-11-01",
        "issuer": "110000",
    }


def test_external_holds_the_instant_the_question_and_the_value_sets_with_their_version() -> None:
    sets = {"risk": ValueSet("7", ("310101",))}
    view = ViewPlan(None, sets).build(facts(said(), origin="510000"))
    assert view["external"] == {
        "instant": "2022-04-01T00:00:00.000Z",
        "beijing_date": "2022-04-01",
        "origin": "510000",
        "destination": "310000",
        "value_sets": {"risk": {"version": "7", "values": ["310101"]}},
    }


def test_the_number_of_an_issuer_needs_its_letter() -> None:
    assert at(payload(said()), "m510000.level") == "LOW"
    assert at(payload(said()), "510000.level") is None


@given(people, logics, st.sampled_from(["", "510000", "110000"]))
def test_a_view_with_only_what_a_rule_reads_gives_the_value_of_the_whole_view(
    given_statements: list[Statement], logic: Json, origin: str
) -> None:
    case = facts(*given_statements, origin=origin)
    whole, part = ViewPlan(None, {}), ViewPlan(paths_read(logic), {})
    rule = compile_rule(logic)
    outcomes: list[tuple[object, object]] = []
    for plan in (whole, part):
        try:
            value = rule.evaluate(plan.build(case))
            outcomes.append((type(value), bool(value)))
        except Exception as error:  # noqa: BLE001 - compared below.
            outcomes.append((type(error), str(error)))
    assert outcomes[0] == outcomes[1]
