"""`conformance`: a table of cases that pass, the first differences, and nothing about persons."""

import json
from pathlib import Path

import pytest

from adapters.registry import FORMATS
from exchange.cli.exits import ExitCode
from tests.adapters.cases_io import CASES
from tests.cli.conftest import Health
from tests.people import INPUT_SUFFIX

FORMAT = "510000-status-v1"
OPEN_CASES = CASES / f"{FORMAT}.jsonl"


def case_lines() -> list[str]:
    return [line for line in OPEN_CASES.read_text("utf-8").split("\n") if line]


def read_case() -> dict[str, object]:
    """Return a case that reads one good record."""
    for line in case_lines():
        case: dict[str, object] = json.loads(line)
        outcomes = case.get("outcomes", [])
        assert isinstance(outcomes, list)
        if "health_code" in str(outcomes):
            return case
    raise AssertionError("the corpus has no good record")


def write(path: Path, *cases: dict[str, object]) -> Path:
    path.write_text("".join(json.dumps(case, ensure_ascii=False) + "\n" for case in cases), "utf-8")
    return path


def test_a_corpus_that_passes_gives_a_table_and_zero(health_exchange: Health) -> None:
    ran = health_exchange("conformance", OPEN_CASES)
    count = len(case_lines())
    assert ran.code == ExitCode.DONE
    assert f"{count}/{count}" in ran.out
    assert "510000 Sichuan" in ran.out
    assert f"{count:,} of {count:,} cases pass." in ran.out


def test_a_whole_directory_is_a_corpus(health_exchange: Health) -> None:
    ran = health_exchange("conformance", CASES, "--json")
    assert ran.code == ExitCode.DONE
    assert {score["group"] for score in ran.json["scores"]} == set(FORMATS)
    assert ran.json["failed_cases"] == []


def test_a_case_that_fails_is_named_with_the_place_and_gives_two(
    health_exchange: Health, tmp_path: Path
) -> None:
    good, wrong = read_case(), read_case()
    outcomes = json.loads(json.dumps(wrong["outcomes"]))
    outcomes[0]["health_code"]["level"] = "ELEVATED"
    cases = write(
        tmp_path / f"mine{INPUT_SUFFIX}.jsonl",
        good,
        {**wrong, "case": "mine-2", "outcomes": outcomes},
    )
    report = tmp_path / "deep" / "report.html"
    ran = health_exchange("conformance", cases, "--report", report)
    assert ran.code == ExitCode.SOME_FAILED
    assert "1/2" in ran.out
    assert "mine-2" in ran.out
    assert "outcomes[0].health_code.level" in ran.out
    page = report.read_text("utf-8")
    assert "1 of 2 cases pass" in page
    assert "outcomes[0].health_code.level" in page
    assert 'class="failed"' in page


def test_differences_never_show_a_number(health_exchange: Health, tmp_path: Path) -> None:
    case = read_case()
    outcomes = json.loads(json.dumps(case["outcomes"]))
    number = outcomes[0]["health_code"]["document"]["number"]
    outcomes[0]["health_code"]["document"]["number"] = "510102190402290099"
    outcomes[0]["health_code"]["reason"] = f"telephone 13900000000, {number}"
    cases = write(tmp_path / f"mine{INPUT_SUFFIX}.jsonl", {**case, "outcomes": outcomes})
    report = tmp_path / "report.html"
    shown = health_exchange("conformance", cases, "--report", report).out
    shown += health_exchange("conformance", cases, "--json").out + report.read_text("utf-8")
    assert "document.number" in shown
    for hidden in (number, "510102190402290099", "13900000000"):
        assert hidden not in shown


def test_a_sample_without_an_expected_answer_passes_if_every_record_is_read(
    health_exchange: Health, tmp_path: Path
) -> None:
    good = {key: value for key, value in read_case().items() if key != "outcomes"}
    bad = {**good, "case": "unread", "payload": "{"}
    cases = write(tmp_path / f"samples{INPUT_SUFFIX}.jsonl", good, bad)
    ran = health_exchange("conformance", cases)
    assert ran.code == ExitCode.SOME_FAILED
    assert "1/2" in ran.out
    assert "unread: outcomes[0]: MALFORMED_PAYLOAD" in ran.out


def test_payloads_can_be_tried_just_as_they_are_sent(
    health_exchange: Health, tmp_path: Path
) -> None:
    payload = read_case()["payload"]
    assert isinstance(payload, str)
    good, bad = (tmp_path / f"{name}{INPUT_SUFFIX}" for name in ("good", "bad"))
    good.write_text(payload, "utf-8")
    bad.write_text(payload[1:], "utf-8")
    assert health_exchange("conformance", good, "--format", FORMAT).code == ExitCode.DONE
    ran = health_exchange("conformance", good, bad, "--format", FORMAT)
    assert ran.code == ExitCode.SOME_FAILED
    assert "1/2" in ran.out


@pytest.mark.parametrize("text", ["{", "[]", '{"format": "000000-none-v1"}', '{"format": 1}'])
def test_a_line_that_is_no_case_is_wrong_input_and_named(
    health_exchange: Health, tmp_path: Path, text: str
) -> None:
    cases = tmp_path / f"mine{INPUT_SUFFIX}.jsonl"
    cases.write_text(case_lines()[0] + "\n" + text, "utf-8")
    ran = health_exchange("conformance", cases)
    assert ran.code == ExitCode.WRONG_INPUT
    assert "line 2 is no case" in ran.err


def test_a_place_without_cases_is_wrong_input(health_exchange: Health, tmp_path: Path) -> None:
    for arguments in ([tmp_path], [tmp_path / "no.jsonl"], [OPEN_CASES, "--certlogic", tmp_path]):
        assert health_exchange("conformance", *arguments).code == ExitCode.WRONG_INPUT
    (tmp_path / "empty.jsonl").write_text("\n \n", "utf-8")
    ran = health_exchange("conformance", tmp_path)
    assert ran.code == ExitCode.WRONG_INPUT
    assert "no case" in ran.err


def test_a_mark_in_front_of_a_file_and_notes_in_a_case_are_not_looked_at(
    health_exchange: Health, tmp_path: Path
) -> None:
    cases = tmp_path / f"mine{INPUT_SUFFIX}.jsonl"
    cases.write_text(json.dumps({**read_case(), "note": "from March"}), "utf-8-sig")
    assert health_exchange("conformance", cases).code == ExitCode.DONE


def test_an_expected_time_that_is_none_is_a_difference(
    health_exchange: Health, tmp_path: Path
) -> None:
    case = json.loads(json.dumps(read_case()))
    case["outcomes"][0]["health_code"]["as_of"] = "yesterday"
    ran = health_exchange("conformance", write(tmp_path / f"mine{INPUT_SUFFIX}.jsonl", case))
    assert ran.code == ExitCode.SOME_FAILED
    assert "outcomes[0].health_code.as_of" in ran.out
    assert "not yesterday" in ran.out


def test_other_bytes_are_told_by_the_place_from_which_they_differ(
    health_exchange: Health, tmp_path: Path
) -> None:
    case = next(one for one in map(json.loads, case_lines()) if "encoded" in one)
    number = case["health_code"]["document"]["number"]
    case["encoded"] = case["encoded"].replace("SUCCESS", "SUCCEEDED")
    place = case["encoded"].index("SUCCEEDED") + len("SUCCE") + 1
    ran = health_exchange("conformance", write(tmp_path / f"mine{INPUT_SUFFIX}.jsonl", case))
    assert ran.code == ExitCode.SOME_FAILED
    assert f"from character {place} on" in ran.out
    assert number not in ran.out


def test_a_statement_that_cannot_be_written_fails_where_no_answer_is_expected(
    health_exchange: Health, tmp_path: Path
) -> None:
    case = next(one for one in map(json.loads, case_lines()) if "encoded" in one)
    sample = {key: case[key] for key in ("case", "format", "health_code")}
    hold = {"code": "NOT_IN_THE_TABLE", "text": ""}
    refused = {**sample, "health_code": {**sample["health_code"], "holds": [hold]}}
    ran = health_exchange(
        "conformance", write(tmp_path / f"mine{INPUT_SUFFIX}.jsonl", sample, refused)
    )
    assert ran.code == ExitCode.SOME_FAILED
    assert "1/2" in ran.out
    assert "NOT_REPRESENTABLE holds" in ran.out


def test_suites_of_the_rule_language_count_too(health_exchange: Health, tmp_path: Path) -> None:
    suite = {
        "cases": [
            {
                "name": "equality",
                "certLogicExpression": {"===": [{"var": "a"}, 1]},
                "assertions": [
                    {"data": {"a": 1}, "expected": True},
                    {"data": {"a": 2}, "expected": True},
                    {"data": {}, "expected": True, "directive": "skip"},
                ],
            }
        ]
    }
    for name in ("suites", "validation-suites", "cases"):
        (tmp_path / name).mkdir()
    (tmp_path / "suites" / "own.json").write_text(json.dumps(suite))
    (tmp_path / "valuesets.json").write_text("{}")
    ran = health_exchange("conformance", OPEN_CASES, "--certlogic", tmp_path)
    assert ran.code == ExitCode.SOME_FAILED
    assert "CertLogic suites" in ran.out
    assert "1/2" in ran.out
