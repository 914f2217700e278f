"""Fields that a format does not know are counted, in every format with names, whatever comes."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from adapters.base import LOOKED_AT_BYTES_MAX, Format, Keys, count_unknown_fields
from adapters.cases import payload_of
from adapters.families.json_text import read_json
from adapters.families.names import NAMES_MAX
from adapters.families.sealed import seal, unseal
from adapters.registry import FORMATS
from tests.adapters.cases_io import CASES, KEYS, OWN_CASES, read_cases
from tests.adapters.test_properties import encode, statement

WITHOUT_NAMES = {
    "120000-pipe-v1",
    "340000-ry-v1",
    "430000-card-v1",
    "510000-offline-v1",
    "540000-fixed-v1",
}
"""Their fields are told by their places."""

NAMED = [format_ for format_ in FORMATS.values() if format_.id not in WITHOUT_NAMES]
EVERY_NAMED_FORMAT = pytest.mark.parametrize("format_", NAMED, ids=lambda f: f.id)

WITH_EXTRAS: dict[str, dict[str, int]] = json.loads(
    Path(__file__).with_name("unknown_fields.json").read_text(encoding="utf-8")
)
"""Cases whose payloads hold, on purpose, names that the catalogue does not have: ``kzzd1``,
``x_ext``, ``remark``, ``Message``, ``Extra``, ``备注`` and the like, or are of another format on
purpose. How many, by format and case."""

EXTRA = "kz_510102190402290011"
PROCESSOR_SECONDS = 10
"""A hundred times what is needed: it finds what grows with the square of a payload."""


def keys_of(format_: Format) -> Keys:
    return KEYS.get(format_.id, {})


def count(format_: Format, payload: bytes) -> int:
    return count_unknown_fields(format_, payload, keys_of(format_))


def test_formats_without_names_say_so() -> None:
    assert {one.id for one in FORMATS.values() if one.unknown_fields is None} == WITHOUT_NAMES
    for format_id in WITHOUT_NAMES:
        assert count(FORMATS[format_id], encode(FORMATS[format_id], statement())) == 0


@EVERY_NAMED_FORMAT
def test_only_cases_with_extra_names_have_unknown_fields(format_: Format) -> None:
    found = {
        case["case"]: unknown
        for folder in (CASES, OWN_CASES)
        for case in read_cases(folder / f"{format_.id}.jsonl")
        if "received_time" in case and (unknown := count(format_, payload_of(case)))
    }
    assert found == WITH_EXTRAS.get(format_.id, {})


@EVERY_NAMED_FORMAT
def test_what_is_written_has_no_unknown_field(format_: Format) -> None:
    assert count(format_, encode(format_, statement())) == 0


def _in_first_object(payload: bytes) -> bytes:
    """Put an extra name into the innermost first object: the record."""
    value = read_json(payload)
    text = next((key for key, one in _items(value) if one.__class__ is str and one[:1] == "{"), "")
    if text:  # A JSON text in a text.
        value[text] = _in_first_object(value[text].encode()).decode()
        return json.dumps(value).encode()
    at = value[0] if value.__class__ is list else value
    while inner := next((one for _, one in _items(at) if one.__class__ in (dict, list)), None):
        at = inner[0] if inner.__class__ is list else inner
    at[EXTRA] = 1
    return json.dumps(value).encode()


def _items(value: Any) -> list[tuple[str, Any]]:
    return list(value.items()) if value.__class__ is dict else []


def _with_extra(format_: Format, payload: bytes) -> bytes:
    """Give a payload one more field, in the way of its format."""
    if format_.keys:
        inner = unseal(payload, "FourColorQRAPP", keys_of(format_))
        assert isinstance(inner, bytes)
        return seal(_in_first_object(inner), "FourColorQRAPP", 0, keys_of(format_))
    if format_.has_header:
        codec = "gb18030" if format_.id in ("320000-ry-v1", "520000-csv-v1") else "utf-8-sig"
        header, _, rest = payload.decode(codec).partition("\n")
        return f"{header.rstrip()},{EXTRA}\n{rest}".encode(codec)
    if format_.family == "form":
        return payload + f"&{EXTRA}=1".encode()
    if format_.family == "xml-attributes":
        return payload.replace(b"<hc ", f'<hc {EXTRA}="1" '.encode())
    if payload.startswith(b"<"):
        text = payload.decode()
        end = "&lt;/Data&gt;" if "&lt;" in text else "</cxm>"
        extra = f"&lt;{EXTRA}/&gt;" if "&lt;" in text else f"<{EXTRA}/>"
        return text.replace(end, extra + end).encode()
    return _in_first_object(payload)


@EVERY_NAMED_FORMAT
def test_one_field_more_is_found(format_: Format) -> None:
    payload = _with_extra(format_, encode(format_, statement()))
    assert count(format_, payload) == 1


def _nested(depth: int) -> bytes:
    return b'{"data":' * depth + b"1" + b"}" * depth


def _many_names(size: int) -> bytes:
    names = ",".join(f'"{number}":{number}' for number in range(size))
    return b'{"data":{' + names.encode() + b"}}"


HOSTILE: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "no text": lambda: b"\xff\xfe\x00" * 1_000,
    "nested objects": lambda: _nested(100_000),
    "nested lists": lambda: b"[" * 1_000_000,
    "names that are numbers": lambda: _many_names(100_000),
    "a digit that does not end": lambda: b'{"data":' + b"9" * 1_000_000 + b"}",
    "nested elements": lambda: b"<healthCodes>" * 100_000,
    "many attributes": lambda: (
        b"<healthCodes><hc " + b" ".join(b'a%d=""' % n for n in range(50_000)) + b"/>"
    ),
    "entities": lambda: b'<!DOCTYPE a [<!ENTITY b "b">]><a>&b;</a>',
    "columns": lambda: b"a," * 500_000 + b"\n",
    "quotes": lambda: b'"' * 1_000_001 + b"\n",
    "pairs": lambda: b"&".join(b"a%d=1" % n for n in range(200_000)),
    "escapes": lambda: b"%41" * 500_000,
    "lines": lambda: b"\n" * 1_000_000,
    "too long": lambda: b'{"x":1}'.ljust(LOOKED_AT_BYTES_MAX + 1),
    "far too long": lambda: b"a" * (8 * LOOKED_AT_BYTES_MAX),
}


@EVERY_NAMED_FORMAT
def test_hostile_payloads_are_counted_in_bounded_time(format_: Format) -> None:
    start = time.process_time()
    for make in HOSTILE.values():
        assert 0 <= count(format_, make()) <= 2 * NAMES_MAX
    assert time.process_time() - start < PROCESSOR_SECONDS


@EVERY_NAMED_FORMAT
@given(data=st.data())
@settings(max_examples=10, deadline=None)
def test_any_bytes_are_counted(format_: Format, data: st.DataObject) -> None:
    payload = encode(format_, statement())
    cut = data.draw(st.integers(0, len(payload)))
    wedge = data.draw(st.binary(max_size=8))
    for hostile in (wedge, payload[:cut] + wedge + payload[cut:], payload[:cut] + wedge):
        assert 0 <= count(format_, hostile) <= 2 * NAMES_MAX


def test_a_forged_envelope_is_not_looked_at() -> None:
    format_ = FORMATS["220000-sealed-v1"]
    value = json.loads(encode(format_, statement()))
    assert count(format_, json.dumps(value | {"extra": 1}).encode()) == 1
    assert count(format_, json.dumps(value | {"extra": 1, "mac": "0" * 64}).encode()) == 0


def test_the_beginning_of_a_long_file_is_looked_at() -> None:
    format_ = FORMATS["360000-ndjson-v1"]
    payload = _with_extra(format_, encode(format_, statement())) + b"\n"
    assert count(format_, payload * (LOOKED_AT_BYTES_MAX // len(payload) + 2)) == 1


def test_of_a_long_batch_of_elements_the_beginning_is_looked_at() -> None:
    format_ = FORMATS["460000-xml-v1"]
    payload = encode(format_, statement())
    start, end = payload.index(b"<hc "), payload.index(b"</healthCodes>")
    element = payload[start:end]
    first = element.replace(b"<hc ", b'<hc extra="1" ')
    batch = first + element * 2_000 + element.replace(b"<hc ", b'<hc other="1" ')
    assert count(format_, payload[:start] + batch + payload[end:]) == 1


@pytest.mark.parametrize(
    "format_id", ["310000-ry-v1", "320000-ry-v1", "330000-ry-v1", "520000-csv-v1"]
)
def test_a_first_line_that_is_no_header_of_the_format_has_no_unknown_field(format_id: str) -> None:
    assert count(FORMATS[format_id], b"{") == 0
    assert count(FORMATS[format_id], b"a,b,c\n1,2,3\n") == 0
