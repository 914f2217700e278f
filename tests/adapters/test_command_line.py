"""The adapters' command line, as a real process."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.adapters.cases_io import CASES, comparable, read_cases

CASE = read_cases(CASES / "510000-status-v1.jsonl")
READING = next(case for case in CASE if case["case"] == "status-g")
WRITING = next(case for case in CASE if "encoded" in case)


def run(*arguments: str, given: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(  # noqa: S603 - our own module, our own arguments
        [sys.executable, "-m", "adapters", *arguments],
        input=given,
        capture_output=True,
        check=False,
        timeout=60,
    )


def batch(*lines: bytes) -> list[Any]:
    answered = run("batch", given=b"".join(line + b"\n" for line in lines))
    assert answered.returncode == 0
    return [json.loads(line) for line in answered.stdout.splitlines()]


def as_line(case: dict[str, Any]) -> bytes:
    return json.dumps(case, ensure_ascii=False).encode()


def test_batch_answers_each_line_in_order() -> None:
    read, written = batch(as_line(READING), as_line(WRITING))
    assert comparable(read["outcomes"]) == comparable(READING["outcomes"])
    assert written == {"encoded": WRITING["encoded"]}


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (b"no json", ""),
        (b"[]", ""),
        (b"\xff\xfe", ""),
        (b"{}", "format"),
        (b'{"format":"999999-none-v1"}', "format"),
        (b'{"format":"510000-status-v1"}', "payload"),
        (b'{"format":"510000-status-v1","payload":"x","received_time":"today"}', "received_time"),
        (b'{"format":"510000-status-v1","payload_base64":"%"}', "payload_base64"),
        (b'{"format":"510000-status-v1","health_code":{}}', "health_code"),
        (b'{"format":"510000-status-v1","health_code":null}', "health_code"),
        (b"[" * 100_000, ""),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_an_unreadable_line_gets_an_error_and_the_run_goes_on(line: bytes, field: str) -> None:
    error, answer = batch(line, as_line(WRITING))
    assert error == {"error": {"reason": "UNREADABLE_CASE", "field": field}}
    assert answer == {"encoded": WRITING["encoded"]}


def test_batch_answers_at_once() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "adapters", "batch"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    for _ in range(2):
        process.stdin.write(as_line(WRITING) + b"\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline()) == {"encoded": WRITING["encoded"]}
    process.stdin.close()
    assert process.wait(timeout=30) == 0
    process.stdout.close()


def test_decode_prints_one_outcome_a_line() -> None:
    answered = run(
        "decode", "--format", "510000-status-v1", "--received", READING["received_time"],
        given=READING["payload"].encode(),
    )  # fmt: skip
    outcomes = [json.loads(line) for line in answered.stdout.splitlines()]
    assert comparable(outcomes) == comparable(READING["outcomes"])


def test_encode_writes_the_bytes() -> None:
    answered = run("encode", "--format", "510000-status-v1", given=as_line(WRITING["health_code"]))
    assert answered.stdout == WRITING["encoded"].encode()


def test_a_refused_health_code_is_a_sentence_and_an_exit_code() -> None:
    held = WRITING["health_code"] | {"holds": [{"code": "X", "text": ""}]}
    answered = run("encode", "--format", "510000-status-v1", given=as_line(held))
    assert answered.returncode == 1
    assert answered.stdout == b""
    assert b"holds" in answered.stderr


def test_an_unreadable_health_code_never_shows_the_number() -> None:
    number = WRITING["health_code"]["document"]["number"]
    wrong = WRITING["health_code"] | {"document": {"type": "RESIDENT_ID", "number": number + "9"}}
    answered = run("encode", "--format", "510000-status-v1", given=as_line(wrong))
    assert answered.returncode == 1
    assert b"document.number" in answered.stderr
    assert number.encode() not in answered.stderr
