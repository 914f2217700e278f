"""`policies`, `rules`, `decisions`: the map, trying, publishing, taking back, deciding anew."""

import io
import json
import sys
from pathlib import Path

import msgspec
import pytest

from adapters.registry import FORMATS
from exchange.cli.sample import example
from exchange.core.members import MEMBERS
from exchange.core.policy import Policy, PolicyRule, RuleText
from exchange.operations.clock import system_clock
from exchange.operations.shipped import default_for, shipped_policy
from tests.cli.conftest import Health, Running

NEVER = PolicyRule(name="never", text=RuleText("一律核验", "Everybody is looked at"), logic=False)


def write(policy: Policy, path: Path) -> Path:
    path.write_bytes(msgspec.json.encode(policy))
    return path


def with_never(code: str) -> Policy:
    return msgspec.structs.replace(default_for(code), name=code, rules=(NEVER,))


@pytest.fixture
def traveller(health_exchange: Health, exchange: Running, tmp_path: Path) -> Path:
    """A traveller, green in Sichuan; other tests know other ones."""
    offset = int.from_bytes(tmp_path.name.encode()[-6:]) % 3_000_000
    example.make_example(FORMATS, system_clock() - offset).write(tmp_path)
    green = ("--member", "510000", "--format", "510000-status-v1")
    ran = health_exchange(
        "publish", tmp_path / example.GREEN, *green, "--address", exchange.address
    )
    assert ran.code == 0
    return tmp_path / example.TRAVELLER


def test_the_map_has_every_pair_and_a_picture(health_exchange: Health, tmp_path: Path) -> None:
    picture = tmp_path / "map.svg"
    ran = health_exchange("policies", "matrix", "--picture", picture, "--json")
    assert ran.code == 0
    assert len(ran.json["pairs"]) == len(MEMBERS) ** 2
    assert ["440000", "110000"] in ran.json["asymmetries"]
    assert ["110000", "440000"] not in ran.json["asymmetries"]
    assert ran.json["never_passing_rules"] == {}
    drawn = picture.read_text(encoding="utf-8")
    assert drawn.startswith("<svg ")
    assert drawn.count("<g><title>") == len(MEMBERS) ** 2


def test_the_map_is_also_a_table(health_exchange: Health) -> None:
    ran = health_exchange("policies", "matrix")
    line = next(one for one in ran.out.splitlines() if one.startswith("110000 Beijing"))
    assert line.count(" A ") == 4
    assert line.count("C?") == len(MEMBERS) - 4
    assert "who do not accept it" in ran.out


def test_the_cases_beside_every_shipped_policy_come_out_as_written(health_exchange: Health) -> None:
    ran = health_exchange("policies", "try", "110000")
    assert (ran.code, "19 of 19 cases" in ran.out) == (0, True)


def test_a_case_that_comes_out_otherwise_is_named(health_exchange: Health, tmp_path: Path) -> None:
    path = write(with_never("370000"), tmp_path / "policy.json")
    (tmp_path / "cases").mkdir()
    case = {
        "name": "A green is admitted.",
        "instant": "2022-04-01T02:00:00Z",
        "statements": [{"issuer": "510000", "level": "LOW", "as_of": "2022-04-01T00:00:00Z"}],
        "expected": {"verdict": "ADMIT", "reasons": []},
    }
    (tmp_path / "cases" / "one.json").write_text(json.dumps([case]))
    ran = health_exchange("policies", "try", path)
    assert ran.code == 2
    assert "CROSS_CHECK instead of ADMIT" in ran.out


def test_differences_name_rules_and_pairs_and_which_way_they_go(health_exchange: Health) -> None:
    ran = health_exchange("policies", "diff", "default", "110000", "--json")
    found = {one["place"]: one["direction"] for one in ran.json["differences"]}
    assert found["rules.test-72h"] == "tighter"
    assert found["recognition.440000"] == "tighter"
    assert "recognition.120000" not in found


def test_a_dry_run_over_given_cases_counts_what_would_change(
    health_exchange: Health, tmp_path: Path
) -> None:
    path = write(with_never("370000"), tmp_path / "policy.json")
    cases = tmp_path / "cases.json"
    statement = {"issuer": "510000", "level": "LOW", "as_of": "2022-04-01T00:00:00Z"}
    green = {"instant": "2022-04-01T02:00:00Z", "origin": "510000", "statements": [statement]}
    cases.write_text(
        json.dumps([{"name": "green", **green}, {"name": "nobody", **green, "statements": []}])
    )
    ran = health_exchange("policies", "dry-run", path, "--cases", cases, "--json")
    assert (ran.json["case_count"], ran.json["changed_count"]) == (2, 1)
    assert ran.json["changes_by_reason"][0]["key"] == "RULE_FAILED never"


def test_a_policy_is_published_in_force_and_taken_back(
    health_exchange: Health, exchange: Running, tmp_path: Path, traveller: Path
) -> None:
    address = ("--address", exchange.address)
    path = write(with_never("450000"), tmp_path / "policy.json")
    check = ("check", "--destination", "450000", "--document", traveller, *address)
    published = health_exchange("policies", "publish", path, "--waive-notice", "trial", *address)
    assert "revision 1 is in force" in published.out
    again = health_exchange("policies", "publish", path, "--waive-notice", "trial", *address)
    assert again.out == published.out
    explained = health_exchange(*check, "--explain")
    assert "never: FAILED -> CROSS_CHECK (Everybody is looked at)" in explained.out
    assert "一律核验" in explained.out
    shown = health_exchange("policies", "diff", "default", "450000@1", "--json", *address)
    assert "rules.never" in {one["place"] for one in shown.json["differences"]}
    back = health_exchange("policies", "rollback", "450000", "--reason", "mistake", *address)
    assert "the national default is in force" in back.out
    assert health_exchange(*check, "--json").json["policy"] == "default"
    forward = health_exchange("policies", "rollback", "450000", *address)
    assert "revision 1 is in force" in forward.out


def test_what_was_published_with_notice_is_in_force_at_once_where_notice_is_waived_later(
    health_exchange: Health, exchange: Running, tmp_path: Path
) -> None:
    publish = ("policies", "publish", write(with_never("430000"), tmp_path / "policy.json"))
    announced = health_exchange(*publish, "--address", exchange.address)
    assert "the national default is in force" in announced.out
    again = health_exchange(*publish, "--address", exchange.address)
    assert again.out == announced.out
    waived = health_exchange(*publish, "--waive-notice", "outbreak", "--address", exchange.address)
    assert "revision 1 is in force" in waived.out
    shipped = ("policies", "publish", "--shipped", "430000", "--draft")
    drafted = health_exchange(*shipped, "--address", exchange.address)
    assert drafted.out == "430000 Hunan: revision 2 is a draft.\n"


def test_shipped_policies_are_published_for_those_who_are_named(
    health_exchange: Health, exchange: Running
) -> None:
    ran = health_exchange(
        *("policies", "publish", "--shipped", "120000", "440000", "--address", exchange.address)
    )
    assert ran.code == 0
    assert "120000 Tianjin" in ran.out
    shown = health_exchange("policies", "show", "120000", "--json", "--address", exchange.address)
    assert [one["revision"] for one in shown.json["activations"]] == ["1"]
    assert "revision" in shown.json


def test_a_policy_with_something_wrong_is_not_handed_in(
    health_exchange: Health, tmp_path: Path
) -> None:
    wrong = msgspec.structs.replace(NEVER, logic={"or": [True, True]})
    policy = msgspec.structs.replace(with_never("370000"), rules=(wrong,))
    ran = health_exchange("policies", "publish", write(policy, tmp_path / "policy.json"))
    assert ran.code == 3
    assert "rules[0].logic" in ran.err


def test_a_receipt_is_decided_anew_bit_for_bit(
    health_exchange: Health, exchange: Running, tmp_path: Path, traveller: Path
) -> None:
    receipt = tmp_path / "one.receipt"
    address = ("--address", exchange.address)
    asked = ("check", "--destination", "370000", "--document", traveller, *address)
    assert health_exchange(*asked, "--receipt", receipt).code == 0
    ran = health_exchange("decisions", "replay", receipt, *address)
    assert (ran.code, "identical" in ran.out) == (0, True)
    data = bytearray(receipt.read_bytes())
    # The last byte belongs to the outcome: until when the decision may be relied upon.
    data[-1] ^= 1
    receipt.write_bytes(data)
    changed = health_exchange("decisions", "replay", receipt, *address)
    assert (changed.code, "DIFFERENT" in changed.out) == (2, True)
    receipt.write_bytes(b"nonsense")
    assert health_exchange("decisions", "replay", receipt, *address).code == 3


def test_rules_are_evaluated_line_by_line_and_no_line_goes_without_an_answer(
    health_exchange: Health, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "lines.jsonl"
    lines = ['{"logic":{"+":[1,2]},"data":{}}', "", '{"logic":null,"data":{}}', "nonsense"]
    path.write_text("\n".join([*lines, " " * 9_000_000, '{"logic":{"+":[1,3]},"data":{}}']))
    found = [
        json.loads(line) for line in health_exchange("rules", "evaluate", path).out.splitlines()
    ]
    assert (found[0], found[-1]) == ({"value": 3}, {"value": 4})
    assert [list(one) for one in found[1:-1]] == [["error"]] * 4
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"logic":true,"data":1}\n')))
    assert json.loads(health_exchange("rules", "evaluate").out) == {"value": True}


def test_rules_are_validated_with_their_places(health_exchange: Health, tmp_path: Path) -> None:
    path = tmp_path / "rule.json"
    path.write_text(json.dumps({"logic": {"!": [{"var": "payload.nobody"}]}}))
    ran = health_exchange("rules", "validate", path)
    assert (ran.code, "NO_SUCH_PATH" in ran.out, "logic/!/0/var" in ran.out) == (3, True, True)
    assert health_exchange("rules", "validate", path, "--any-data").code == 0
    path.write_text(json.dumps({"rule": {"Logic": {"or": [1]}}, "tests": []}))
    assert "rule.Logic" in health_exchange("rules", "validate", path).out
    policy = write(shipped_policy("110000"), tmp_path / "policy.json")
    assert health_exchange("rules", "validate", policy).code == 0
    path.write_text("{")
    assert health_exchange("rules", "validate", path).code == 3
