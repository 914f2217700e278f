"""What holds for every registered format, whatever the bytes are."""

import random
import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from adapters.base import NO_KEYS, Format, Position
from adapters.cases import payload_of
from adapters.registry import FORMATS
from exchange.core.health_code import (
    Document,
    DocumentType,
    HealthCode,
    Level,
    State,
    Test,
    TestKind,
    TestResult,
    Vaccination,
)  # fmt: skip
from exchange.core.json_view import from_view, to_view
from exchange.core.outcome import NotRepresentableError, Outcome, Reason, Rejected, Translated
from tests.adapters.cases_io import CASES, KEYS, read_cases

RECEIVED_MS = 1_648_857_600_000
EVERY_FORMAT = pytest.mark.parametrize("format_", FORMATS.values(), ids=FORMATS)
LINE_FORMATS = [format_ for format_ in FORMATS.values() if format_.transport == "lines"]
EVERY_LINE_FORMAT = pytest.mark.parametrize("format_", LINE_FORMATS, ids=lambda f: f.id)


def keys_of(format_: Format) -> Any:
    return KEYS.get(format_.id, NO_KEYS)


def decode(format_: Format, payload: bytes) -> list[Outcome]:
    return format_.decode(payload, RECEIVED_MS, keys_of(format_))


def case_payloads(format_: Format) -> list[bytes]:
    cases = read_cases(CASES / f"{format_.id}.jsonl")
    return [payload_of(case) for case in cases if "outcomes" in case]


def assert_well_formed(outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        if isinstance(outcome, Rejected):
            assert outcome.field.isprintable()
        else:
            code = outcome.health_code
            assert code.level is Level.UNSPECIFIED or code.state is State.ACTIVE
            assert from_view(to_view(outcome)) == outcome


@EVERY_FORMAT
@given(payload=st.binary(max_size=400))
def test_any_bytes_give_outcomes(format_: Format, payload: bytes) -> None:
    assert_well_formed(decode(format_, payload))


@EVERY_FORMAT
@settings(max_examples=60)
@given(seed=st.integers(min_value=0, max_value=2**32))
def test_damaged_payloads_give_outcomes(format_: Format, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - reproducible damage
    payload = bytearray(chance.choice(case_payloads(format_)))
    for _ in range(chance.randrange(1, 5)):
        at = chance.randrange(len(payload) + 1)
        match chance.randrange(4):
            case 0 if payload:
                payload[at % len(payload)] ^= 1 << chance.randrange(8)
            case 1:
                del payload[at:]
            case 2:
                payload[at:at] = payload[: chance.randrange(len(payload) + 1)]
            case _:
                payload[at:at] = chance.randbytes(chance.randrange(4))
    assert_well_formed(decode(format_, bytes(payload)))


NUMBER = "510102190402290011"
WRONG_NUMBER = "510102190402290012"


def statement(**fields: Any) -> Translated:
    code = HealthCode(
        **{"as_of_ms": RECEIVED_MS - 3_661_000, "level": Level.HIGH, "state": State.ACTIVE} | fields
    )
    return Translated("000000", Document(DocumentType.RESIDENT_ID, NUMBER), code)


def encode(format_: Format, said: Translated) -> bytes:
    return format_.encode(said.issuer, said.document, said.health_code, keys_of(format_))


def encode_or_refusal(format_: Format, said: Translated) -> bytes | str:
    try:
        return encode(format_, said)
    except NotRepresentableError as error:
        return error.field


@EVERY_FORMAT
def test_an_error_never_shows_the_document_number(format_: Format) -> None:
    payload = encode(format_, statement())
    for wrong in (WRONG_NUMBER, "5101021904022900*1"):
        outcomes = decode(format_, payload.replace(NUMBER.encode(), wrong.encode()))
        assert outcomes
        assert wrong not in repr(outcomes)
        assert NUMBER not in repr(outcomes)


@EVERY_FORMAT
@pytest.mark.parametrize("hostile", [
    b"[" * 100_000, b'{"a":' * 100_000, b"9" * 1_000_000, b'"' * 100_000, b"\0" * 100_000,
    b"\n" * 100_000, b'{"code":' + b"9" * 1_000_000 + b"}", b"<a>" * 100_000, b"," * 1_000_000,
    b"\xff" * 100_000, b"%" * 100_000, b"|" * 1_000_000, b"\x84" * 100_000,
], ids=lambda payload: f"{payload[:6]!r}x{len(payload)}")  # fmt: skip
def test_hostile_payloads_are_rejected(format_: Format, hostile: bytes) -> None:
    outcomes = decode(format_, hostile)
    assert all(isinstance(outcome, Rejected) for outcome in outcomes)


instants = st.integers(min_value=1_577_808_000_000, max_value=RECEIVED_MS)
texts = st.text(st.characters(codec="utf-8"), max_size=12)
tests = st.builds(
    Test,
    st.sampled_from([TestKind.NUCLEIC_ACID, TestKind.ANTIGEN, TestKind.ANTIBODY]),
    st.sampled_from([TestResult.NEGATIVE, TestResult.POSITIVE, TestResult.PENDING]),
    st.none() | instants,
    st.none() | instants,
    texts,
)
PLAIN_STATES = [State.PENDING, State.EXPIRED, State.WITHDRAWN]
assessments = st.tuples(st.sampled_from(list(Level)), st.just(State.ACTIVE)) | st.tuples(
    st.just(Level.UNSPECIFIED), st.sampled_from(PLAIN_STATES)
)
documents = st.sampled_from([
    Document(DocumentType.RESIDENT_ID, NUMBER),
    Document(DocumentType.HK_MACAO_TAIWAN_RESIDENCE_PERMIT, "820000190104181954"),
    Document(DocumentType.PASSPORT, "E00000000"),
    Document(DocumentType.TAIWAN_PERMIT, "00000001"),
    Document(DocumentType.OTHER, "ABC123"),
])  # fmt: skip
vaccinations = st.none() | st.builds(Vaccination, st.integers(1, 9), st.just("2021-06-01"))
regions = st.sampled_from(["", "510000", "510100", "510104", "659001"])


@EVERY_FORMAT
@given(data=st.data())
def test_what_is_written_reads_back(format_: Format, data: st.DataObject) -> None:
    level, state = data.draw(assessments)
    said = statement(
        as_of_ms=data.draw(instants),
        level=level,
        state=state,
        valid_until_ms=data.draw(st.none() | instants),
        region=data.draw(regions),
        reason=data.draw(texts),
        guidance=data.draw(texts),
        rule=data.draw(texts),
        tests=tuple(data.draw(st.lists(tests, max_size=3))),
        vaccination=data.draw(vaccinations),
    )
    said = Translated(said.issuer, data.draw(documents), said.health_code)
    written = encode_or_refusal(format_, said)
    if isinstance(written, str):
        assert written in {"document.type", "state", "level", "holds"}
        return
    (outcome,) = decode(format_, written)
    assert isinstance(outcome, Translated)
    read, day_ms = outcome.health_code, 86_400_000
    assert outcome.document == said.document
    assert read.state is state
    assert read.level >= level
    assert level not in (Level.UNSPECIFIED, Level.LOW) or read.level is level
    assert 0 <= said.health_code.as_of_ms - read.as_of_ms < day_ms
    if format_.id not in VALIDITY_MADE_ANEW:
        end_ms = said.health_code.valid_until_ms
        assert read.valid_until_ms is None or (end_ms is not None and read.valid_until_ms <= end_ms)


VALIDITY_MADE_ANEW = {
    "110000-words-v1", "420000-checkin-v1", "620000-travel-v1", "650000-temp-v1",
}  # fmt: skip
"""Formats without a field for it, whose member has a rule: the reader applies it."""


def read_in_chunks(format_: Format, payload: bytes, cuts: list[int]) -> list[Outcome]:
    reader = format_.reader(RECEIVED_MS, keys_of(format_))
    outcomes: list[Outcome] = []
    edges = [0, *sorted(cuts), len(payload)]
    for start, end in pairwise(edges):
        outcomes += reader.feed(payload[start:end])
    return outcomes + reader.finish()


@EVERY_LINE_FORMAT
@given(data=st.data())
def test_chunks_may_be_cut_anywhere(format_: Format, data: st.DataObject) -> None:
    payload = data.draw(st.sampled_from(case_payloads(format_)))
    cuts = data.draw(st.lists(st.integers(0, len(payload)), max_size=8))
    assert read_in_chunks(format_, payload, cuts) == read_in_chunks(format_, payload, [])


@EVERY_LINE_FORMAT
def test_bytes_may_come_one_by_one(format_: Format) -> None:
    for payload in case_payloads(format_):
        whole = read_in_chunks(format_, payload, [])
        assert read_in_chunks(format_, payload, list(range(len(payload)))) == whole


def bulk(format_: Format, count: int) -> bytes:
    """Repeat the record of a written payload, between header and trailer if there are any."""
    lines = encode(format_, statement()).splitlines(keepends=True)
    if len(lines) == 3:  # The counts stand at the ends of header and trailer.
        counted = re.compile(rb"1(?=\r?\n$)")
        header, trailer = (counted.sub(b"%d" % count, line) for line in (lines[0], lines[2]))
        return header + lines[1] * count + trailer
    return b"".join(lines[:-1]) + lines[-1] * count


@EVERY_LINE_FORMAT
def test_a_line_that_is_too_long_costs_itself_only(format_: Format) -> None:
    payload = bulk(format_, 2)
    record = encode(format_, statement()).splitlines(keepends=True)[int(format_.has_header)]
    at = payload.index(record)
    long = payload[: at + len(record)] + b"9" * 5_000_000 + b"\n" + payload[at + len(record) :]
    outcomes = read_in_chunks(format_, long, [1_000_000, 4_500_000])
    assert read_in_chunks(format_, long, []) == outcomes
    first, second = read_in_chunks(format_, payload, [])
    assert outcomes[:3] == [first, Rejected(Reason.MALFORMED_RECORD), second]


@EVERY_LINE_FORMAT
@given(data=st.data())
def test_a_stream_resumes_where_an_earlier_one_stopped(
    format_: Format, data: st.DataObject
) -> None:
    payload = bulk(format_, 6)
    header = payload.splitlines(keepends=True)[0] if format_.has_header else b""
    cut = data.draw(st.integers(len(header) + 1, len(payload)))
    first = format_.reader(RECEIVED_MS, keys_of(format_))
    outcomes = first.feed(payload[:cut])
    got_to = first.position
    resumes = got_to.byte_offset > len(header)
    second = format_.reader(RECEIVED_MS, keys_of(format_), got_to if resumes else Position())
    rest = payload[got_to.byte_offset :] if resumes else payload
    outcomes = outcomes if resumes else []
    outcomes += second.feed((header if resumes else b"") + rest) + second.finish()
    assert outcomes == read_in_chunks(format_, payload, [])
    assert second.position == Position(len(payload), len(outcomes))
