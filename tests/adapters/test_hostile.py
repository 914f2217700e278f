"""Payloads made to do harm: each costs a bounded time and memory, and says what was wrong.

Deadlines are processor time and about a hundred times what is needed: they find what grows with the
square of a payload, not what is slow.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.base import Format
from adapters.families.json_text import VALUES_MAX
from adapters.families.xml_text import MARKS_MAX
from adapters.registry import FORMATS
from exchange.core.outcome import Outcome, Reason, Rejected
from tests.adapters.test_properties import (
    EVERY_FORMAT,
    NUMBER,
    RECEIVED_MS,
    assert_well_formed,
    bulk,
    decode,
    encode,
    keys_of,
    statement,
)

MALFORMED = [Rejected(Reason.MALFORMED_PAYLOAD)]
MARK = "4417123456789113"
"""Stands in payloads for what must not be echoed."""

PROCESSOR_SECONDS = 60

ELEMENTS = FORMATS["620000-travel-v1"]
ATTRIBUTES = FORMATS["460000-xml-v1"]
SOAP = FORMATS["330000-soap-v1"]
XML_FORMATS = [ELEMENTS, ATTRIBUTES, SOAP, FORMATS["640000-soap-v1"]]
EVERY_XML_FORMAT = pytest.mark.parametrize("format_", XML_FORMATS, ids=lambda f: f.id)


def is_json(format_: Format) -> bool:
    return encode(format_, statement()).startswith(b"{")


JSON_FORMATS = [format_ for format_ in FORMATS.values() if is_json(format_)]
EVERY_JSON_FORMAT = pytest.mark.parametrize("format_", JSON_FORMATS, ids=lambda f: f.id)


def decode_in_time(format_: Format, payload: bytes) -> list[Outcome]:
    start = time.process_time()
    outcomes = decode(format_, payload)
    assert time.process_time() - start < PROCESSOR_SECONDS
    return outcomes


# --- every format ---------------------------------------------------------------------------------


@EVERY_FORMAT
@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_a_payload_in_another_encoding_is_refused(format_: Format, codec: str) -> None:
    text = encode(format_, statement()).decode(errors="replace")
    outcomes = decode(format_, text.encode(codec))
    assert all(isinstance(outcome, Rejected) for outcome in outcomes)
    assert NUMBER not in repr(outcomes)


@EVERY_FORMAT
@pytest.mark.parametrize(
    "wedge", [b"\0", b"\0" * 8, b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\x81"]
)
def test_a_wedge_at_every_place_gives_outcomes(format_: Format, wedge: bytes) -> None:
    payload = encode(format_, statement())
    for at in range(len(payload) + 1):
        outcomes = decode(format_, payload[:at] + wedge + payload[at:])
        assert_well_formed(outcomes)
        assert NUMBER not in repr(outcomes)


@EVERY_FORMAT
def test_a_document_number_of_a_megabyte_is_no_number(format_: Format) -> None:
    for number in (b"1" * 1_000_000, b"1" + b" " * 1_000_000 + b"1", "１".encode() * 300_000):
        payload = encode(format_, statement()).replace(NUMBER.encode(), number)
        outcomes = decode_in_time(format_, payload)
        if format_.keys:
            continue  # The number is under a MAC, or sealed: nothing of it is read.
        assert outcomes
        assert all(isinstance(outcome, Rejected) for outcome in outcomes[:1])


# --- XML ------------------------------------------------------------------------------------------


def with_doctype(doctype: str, reference: str, format_: Format) -> bytes:
    """Put a document type in front, and a reference into the place of the number."""
    text = encode(format_, statement()).decode().replace(NUMBER, reference)
    head, mark, body = text.rpartition("?>")
    return f"{head}{mark}{doctype}{body}".encode()


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 30))
DOCTYPES = {
    "bomb": (f'<!DOCTYPE a [<!ENTITY l0 "{MARK}">{LAUGHS}]>', "&l29;"),
    "long entity": (f'<!DOCTYPE a [<!ENTITY l "{MARK * 10_000}">]>', "&l;" * 10_000),
    "internal": (f'<!DOCTYPE a [<!ENTITY l "{NUMBER}">]>', "&l;"),
    "unused": (f"<!DOCTYPE {MARK}>", NUMBER),
    "external subset": (f'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/{MARK}">', NUMBER),
    "parameter": (f'<!DOCTYPE a [<!ENTITY % p "{MARK}"> %p;]>', NUMBER),
}


@EVERY_XML_FORMAT
@pytest.mark.parametrize("name", DOCTYPES)
def test_a_document_type_is_refused(format_: Format, name: str) -> None:
    assert decode_in_time(format_, with_doctype(*DOCTYPES[name], format_)) == MALFORMED


@EVERY_XML_FORMAT
def test_no_file_is_read_for_an_entity(format_: Format, tmp_path: Path) -> None:
    (tmp_path / "number").write_text(NUMBER, "utf-8")
    doctype = f'<!DOCTYPE a [<!ENTITY l SYSTEM "{(tmp_path / "number").as_uri()}">]>'
    assert decode(format_, with_doctype(doctype, "&l;", format_)) == MALFORMED


@pytest.mark.parametrize("format_", [SOAP, FORMATS["640000-soap-v1"]], ids=lambda f: f.id)
@pytest.mark.parametrize("name", DOCTYPES)
def test_a_document_type_inside_the_envelope_is_refused(format_: Format, name: str) -> None:
    doctype, reference = DOCTYPES[name]
    text = encode(format_, statement()).decode()
    escaped = doctype.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = text.replace(NUMBER, reference.replace("&", "&amp;"))
    assert "&lt;Response&gt;" in text
    payload = text.replace("&lt;Response&gt;", escaped + "&lt;Response&gt;", 1).encode()
    assert decode_in_time(format_, payload) == MALFORMED


@EVERY_XML_FORMAT
def test_a_document_type_in_a_comment_is_a_comment(format_: Format) -> None:
    text = encode(format_, statement()).decode()
    head, mark, body = text.rpartition("?>")
    commented = f"{head}{mark}<!-- <!DOCTYPE a> -->{body}".encode()
    assert decode(format_, commented) == decode(format_, text.encode())


@EVERY_XML_FORMAT
def test_an_undeclared_entity_is_refused(format_: Format) -> None:
    payload = encode(format_, statement()).replace(NUMBER.encode(), b"&l;")
    assert decode(format_, payload) == MALFORMED


@pytest.mark.parametrize("unit", ["<a/>", "<a></a>", "<a>x</a>", "<!---->", "<![CDATA[]]>"])
def test_xml_of_too_many_marks_is_refused(unit: str) -> None:
    payload = f"<result>{unit * MARKS_MAX}</result>".encode()
    assert decode_in_time(ELEMENTS, payload) == MALFORMED


def test_xml_of_too_many_attributes_is_refused() -> None:
    attributes = "".join(f" a{number}=''" for number in range(MARKS_MAX))
    payload = f"<healthCodes><hc{attributes}/></healthCodes>".encode()
    assert decode_in_time(ATTRIBUTES, payload) == MALFORMED


def test_xml_may_be_nested_as_deeply_as_its_marks_allow() -> None:
    depth = MARKS_MAX // 2 - 10
    payload = "<result><code>0</code>" + "<a>" * depth + "</a>" * depth + "</result>"
    assert decode_in_time(ELEMENTS, payload.encode()) == [Rejected(Reason.NO_RECORD, "cxm")]


def test_a_file_of_the_largest_batch_is_read() -> None:
    payload = encode(ATTRIBUTES, statement())
    element = payload[payload.index(b"<hc ") : payload.index(b"</")]
    assert len(decode(ATTRIBUTES, payload.replace(element, element * 5_000))) == 5_000


# --- JSON -----------------------------------------------------------------------------------------

PLACE = "\N{SNOWMAN}"
"""Stands where a hostile value is put; JSON texts hold it as it is."""

VALUES = {
    "nested lists": "[" * 100_000 + "]" * 100_000,
    "nested objects": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "open lists": "[" * 100_000,
    "digits": "9" * 1_000_000,
    "digits of integers": ",".join(["9" * 4_300] * 100),
    "fraction": "0." + "9" * 1_000_000,
    "exponent": "1e" + "9" * 1_000_000,
    "minus": "-" + "9" * 1_000_000,
    "text": json.dumps(MARK * 60_000),
    "escapes": '"' + "\\u0000" * 100_000 + '"',
    "surrogate": '"\\ud800"',
    "bare word": "Infinity",
    "raw nul": '"\0"',
}


def places(value: Any) -> Iterator[Any]:
    """Give copies of a JSON value with each value in it, in turn, replaced by ``PLACE``."""
    yield PLACE
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from (value | {key: changed} for changed in places(inner))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from ([*value[:at], changed, *value[at + 1 :]] for changed in places(inner))
    elif isinstance(value, str) and value.startswith("{"):
        for changed in places(json.loads(value)):
            yield json.dumps(changed, ensure_ascii=False)


@EVERY_JSON_FORMAT
@pytest.mark.parametrize("name", VALUES)
def test_a_hostile_value_at_every_place_of_a_payload_gives_outcomes(
    format_: Format, name: str
) -> None:
    payload = json.loads(encode(format_, statement()))
    inside, outside = json.dumps(VALUES[name], ensure_ascii=False)[1:-1], VALUES[name]
    start = time.process_time()
    for place in places(payload):
        text = json.dumps(place, ensure_ascii=False)
        # In a text inside the text the quotes around the place are escaped.
        text = text.replace(f'\\"{PLACE}\\"', inside).replace(f'"{PLACE}"', outside)
        outcomes = decode(format_, text.encode())
        assert outcomes
        shown = repr([outcome for outcome in outcomes if isinstance(outcome, Rejected)])
        assert MARK not in shown
        assert "999" not in shown
    assert time.process_time() - start < PROCESSOR_SECONDS


@pytest.mark.parametrize("unit", ["[]", "{}", "0", '""'])
def test_json_of_too_many_values_is_refused(unit: str) -> None:
    values = ",".join([unit] * (VALUES_MAX + 1))
    payload = f'{{"errcode":"0","data":[{values}]}}'.encode()
    assert decode_in_time(FORMATS["510000-status-v1"], payload) == MALFORMED
    inner = json.dumps({"code": "00", "datas": payload.decode()}).encode()
    assert decode_in_time(FORMATS["330000-mzt-v1"], inner) == MALFORMED


@pytest.mark.parametrize("digits", [18, 19, 20, 4_299, 4_300, 4_301, 5_000, 1_000_000])
def test_a_number_of_any_length_stands_for_its_digits(digits: int) -> None:
    payload = encode(FORMATS["510000-status-v1"], statement()).decode()
    number = f'"cid":{"9" * digits}'
    changed = payload.replace(f'"cid":"{NUMBER}"', number)
    assert changed != payload
    assert decode(FORMATS["510000-status-v1"], changed.encode()) == [
        Rejected(Reason.INVALID_DOCUMENT, "data.cid")
    ]


def test_many_reports_beside_many_fields_cost_their_sum() -> None:
    fields: dict[str, Any] = {f"k{number}": [] for number in range(50_000)}
    data: dict[str, Any] = fields | {"person": {}, "healthyReport": [{}] * 50_000}
    payload = json.dumps({"errcode": 0, "content": json.dumps({"data": data})}).encode()
    assert len(decode_in_time(FORMATS["000000-relay-v1"], payload)) == 50_000


LENGTHS = (2, 15, 17, 63, 65, 1_000_000)


# --- sealed and signed ----------------------------------------------------------------------------


@pytest.mark.parametrize("mac", ["", "0", "名", "\0", *("0" * size for size in LENGTHS)], ids=len)
def test_a_mac_of_a_wrong_length_is_never_believed(mac: str) -> None:
    for format_id, reasons in {
        "220000-sealed-v1": {Reason.MALFORMED_PAYLOAD},
        "510000-offline-v1": {Reason.AUTHENTICATION_FAILED, Reason.MALFORMED_PAYLOAD},
    }.items():
        payload = encode(FORMATS[format_id], statement()).decode()
        if format_id == "220000-sealed-v1":
            changed = json.dumps(json.loads(payload) | {"mac": mac})
        else:
            changed = payload.rpartition("^")[0] + "^" + mac
        (outcome,) = decode(FORMATS[format_id], changed.encode())
        assert isinstance(outcome, Rejected)
        assert outcome.reason in reasons


# --- files of lines -------------------------------------------------------------------------------

PIPE, FIXED = FORMATS["120000-pipe-v1"], FORMATS["540000-fixed-v1"]
CSV, NDJSON = FORMATS["520000-csv-v1"], FORMATS["360000-ndjson-v1"]


@pytest.mark.parametrize("format_", [PIPE, CSV], ids=lambda f: f.id)
@pytest.mark.parametrize("blank", ["\n", " \r\n", "\u3000\n"], ids=ascii)
def test_blank_lines_cost_a_line_each(format_: Format, blank: str) -> None:
    blanks = blank.encode("gb18030" if format_ is CSV else "utf-8") * 100_000
    first, rest = bulk(format_, 1).removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)
    payload = blanks + first + b"\n" + blanks + rest + blanks
    assert decode_in_time(format_, payload) == decode(format_, bulk(format_, 1))


def test_blank_lines_after_a_trailer_do_not_hide_it() -> None:
    payload = bulk(PIPE, 3)
    assert decode(PIPE, payload + b" \r\n" * 1_000) == decode(PIPE, payload)
    assert len(decode(PIPE, payload)) == 3


def test_a_header_of_too_many_columns_is_refused() -> None:
    header, record, _ = encode(CSV, statement()).split(b"\n", 2)
    wide = header.strip() + b",x" * 1_000_000 + b"\n" + (record + b"\n") * 50_000
    assert decode_in_time(CSV, wide) == MALFORMED


@pytest.mark.parametrize("format_", [PIPE, FIXED, CSV, NDJSON], ids=lambda f: f.id)
def test_what_failed_can_be_had_line_by_line(format_: Format) -> None:
    header = encode(format_, statement()).split(b"\n")[0] + b"\n" if format_.has_header else b""
    reader = format_.reader(RECEIVED_MS, keys_of(format_))
    start = time.process_time()
    outcomes = reader.feed(header + b"x\n" * 100_000)
    assert {reader.raw(index) for index in range(len(outcomes))} == {header + b"x\n"}
    assert time.process_time() - start < PROCESSOR_SECONDS


# --- 64 MB, once each -----------------------------------------------------------------------------

MEMORY_BYTES_MAX = 1_500 << 20
LARGE: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "lists": ("510000-status-v1", lambda _: b"[" + large(b"[],") + b"1]"),
    "a number": ("510000-status-v1", lambda _: large(b"9")),
    "a document number": ("510000-status-v1", lambda valid: valid.replace(b"5101", large(b"5101"))),
    "a text": ("620000-travel-v1", lambda valid: valid.replace(b"5101", large(b"5101"))),
    "an attribute": ("460000-xml-v1", lambda valid: valid.replace(b"5101", large(b"5101"))),
    "entities": ("330000-soap-v1", lambda valid: valid.replace(b"5101", large(b"&lt;a/&gt;"))),
    "escapes": ("150000-form-v1", lambda _: large(b"%41")),
    "blank lines": ("120000-pipe-v1", lambda _: large(b"\n")),
    "a signed line": ("510000-offline-v1", lambda _: large(b"^")),
}


def large(unit: bytes) -> bytes:
    return unit * ((64 << 20) // len(unit))


@pytest.mark.parametrize("name", LARGE)
def test_64_megabytes_are_judged_in_bounded_memory(name: str) -> None:
    done = subprocess.run(  # noqa: S603 - this module itself, under a limit of memory
        [sys.executable, "-m", "tests.adapters.test_hostile", name],
        env=os.environ | {"PYTHONPATH": "."},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        timeout=600,
        check=False,
    )
    assert done.stderr == b""
    assert done.stdout.strip() in {b"1 rejected", b"0 rejected"}


def _judge(name: str) -> None:
    """Judge a payload of 64 MB in this process, which is started for it alone."""
    import resource  # noqa: PLC0415 - only here, and not on every system

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    format_id, make = LARGE[name]
    format_ = FORMATS[format_id]
    outcomes = decode(format_, make(encode(format_, statement())))
    rejected = [outcome for outcome in outcomes if isinstance(outcome, Rejected)]
    assert len(rejected) == len(outcomes)
    sys.stdout.write(f"{len(rejected)} rejected\n")


if __name__ == "__main__":
    _judge(sys.argv[1])
