"""The bytes of a record of a line file can be had, and read again on their own."""

import pytest
from hypothesis import given, strategies as st

from adapters.base import Format
from adapters.registry import FORMATS
from tests.adapters.test_properties import (
    EVERY_LINE_FORMAT,
    RECEIVED_MS,
    bulk,
    case_payloads,
    keys_of,
)


def reread(format_: Format, raw: bytes | None) -> object:
    assert raw is not None
    assert format_.decode_record is not None
    return format_.decode_record(raw, RECEIVED_MS, keys_of(format_))


@EVERY_LINE_FORMAT
@given(data=st.data())
def test_a_record_reads_again_as_it_read_in_its_file(format_: Format, data: st.DataObject) -> None:
    payload = data.draw(st.sampled_from(case_payloads(format_)))
    cut = data.draw(st.integers(0, len(payload)))
    reader = format_.reader(RECEIVED_MS, keys_of(format_))
    for chunk in (payload[:cut], payload[cut:]):
        for index, outcome in enumerate(reader.feed(chunk)):
            assert reread(format_, reader.raw(index)) == outcome
    for index, outcome in enumerate(reader.finish()):
        if reader.raw(index) is not None:
            assert reread(format_, reader.raw(index)) == outcome


@EVERY_LINE_FORMAT
def test_each_line_of_a_large_file_is_its_own(format_: Format) -> None:
    payload = bulk(format_, 3_000)
    reader = format_.reader(RECEIVED_MS, keys_of(format_))
    outcomes = reader.feed(payload)
    (line,) = {reader.raw(index) for index in (0, 1_500, len(outcomes) - 1)}
    assert reread(format_, line) == outcomes[0]
    assert reader.raw(len(outcomes)) is None


@EVERY_LINE_FORMAT
def test_a_line_that_is_too_long_has_no_bytes_left(format_: Format) -> None:
    payload = bulk(format_, 1)
    lines = payload.splitlines(keepends=True)
    at = len(lines[0]) if format_.has_header else 0
    reader = format_.reader(RECEIVED_MS, keys_of(format_))
    reader.feed(payload[:at] + b"9" * 5_000_000)
    outcomes = reader.feed(b"\n" + payload[at:] + payload[at:])
    assert len(outcomes) > 1
    assert reader.raw(0) is None
    assert reader.raw(1) is not None


@pytest.mark.parametrize(
    "format_", [one for one in FORMATS.values() if one.transport == "document"], ids=lambda f: f.id
)
def test_a_document_is_its_own_record(format_: Format) -> None:
    reader = format_.reader(RECEIVED_MS, keys_of(format_))
    reader.feed(case_payloads(format_)[0])
    reader.finish()
    assert reader.raw(0) is None
    assert format_.decode_record is None
