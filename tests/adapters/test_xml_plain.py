"""The pattern reader of plain XML says what the careful reader says, or nothing."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings, strategies as st

from adapters.cases import payload_of
from adapters.families.json_text import UnreadableError
from adapters.families.xml_document import Answer, Soap, element_cells
from adapters.families.xml_plain import (
    Values,
    compile_plain,
    compile_plain_answer,
    compile_plain_soap,
)  # fmt: skip
from adapters.families.xml_text import read_xml
from adapters.members import m330000_zhejiang, m620000_gansu, m640000_ningxia
from adapters.record import Record
from adapters.steps import Cells
from adapters.texts import BLANKS
from exchange.core.outcome import Rejected
from tests.adapters.cases_io import CASES, OWN_CASES, read_cases

FORMATS: dict[str, tuple[Answer, Record, Soap | None]] = {
    "330000-soap-v1": (
        m330000_zhejiang.CITY_ANSWER, m330000_zhejiang.CITY, m330000_zhejiang.CITY_SOAP,
    ),
    "620000-travel-v1": (m620000_gansu.ANSWER, m620000_gansu.TRAVEL, None),
    "640000-soap-v1": (m640000_ningxia.ANSWER, m640000_ningxia.STATUS, m640000_ningxia.SOAP),
}  # fmt: skip
EVERY_FORMAT = pytest.mark.parametrize("format_id", FORMATS)

# Where the two readers could come apart: what XML treats in its own way.
PIECES = [
    "<", ">", "/>", "</", "&", "&amp;", "&lt;", "&gt;", "&apos;", "&quot;", "&#60;", "&amp;lt;",
    "]]>", "]]&gt;", "<!-- -->", "<![CDATA[x]]>", "<?x?>", "\r", "\n", "\t", "\0", "\x7f", "\x85",
    "\x0b", "\u2028", "\ufffe", "\uffff", "\U0001fffe", "\ufeff", "\u3000", " ", ":", "a:", "_",
    "<Code>200</Code>", "<Data/>", "<Data>", "</Data>", "<x/>", "<x></x>", "<cxm>", "</Response>",
    "&lt;Data&gt;", "&lt;Data/&gt;", "&lt;/Data&gt;", "&lt;x/&gt;", "&lt;Code&gt;404&lt;/Code&gt;",
    ' xmlns="u"', ' xmlns:a="u"', ' a="b"', "<!DOCTYPE a>", "é", "名", "<soap:Fault/>",
    '<?xml version="1.0" encoding="UTF-8"?>', "&lt;?xml version=&quot;1.0&quot;?&gt;",
]  # fmt: skip


def plain_reader(format_id: str) -> Callable[[bytes], Values | None]:
    answer, _, soap = FORMATS[format_id]
    return compile_plain(
        compile_plain_answer(answer.root, answer.code, answer.success, answer.container),
        None if soap is None else compile_plain_soap(soap.reply, soap.result),
    )


def read_with_care(format_id: str, payload: bytes) -> Cells | None:
    """Give the cells of the record; None where the payload has none."""
    answer, record, soap = FORMATS[format_id]
    try:
        root = read_xml(payload)
        found = answer.find(root if soap is None else soap.open(root))
    except UnreadableError:
        return None
    return None if isinstance(found, Rejected) else element_cells(record)(found[0])


def payloads(format_id: str) -> list[bytes]:
    return [
        payload_of(case)
        for folder in (CASES, OWN_CASES)
        for case in read_cases(folder / f"{format_id}.jsonl")
        if "outcomes" in case
    ]


PAYLOADS = {format_id: payloads(format_id) for format_id in FORMATS}
READERS = {format_id: plain_reader(format_id) for format_id in FORMATS}


def compare(format_id: str, payload: bytes) -> bool:
    """Compare both readers; tell whether the payload was plain."""
    values = READERS[format_id](payload)
    if values is None:
        return False
    _, record, _ = FORMATS[format_id]
    cells = [values.get(field.name, "").strip(BLANKS) for field in record.cells]
    assert cells == read_with_care(format_id, payload)
    return True


@EVERY_FORMAT
def test_the_usual_payloads_are_plain(format_id: str) -> None:
    plain = sum(compare(format_id, payload) for payload in PAYLOADS[format_id])
    assert plain >= len(PAYLOADS[format_id]) // 3


@EVERY_FORMAT
@settings(max_examples=400)
@given(seed=st.integers(min_value=0, max_value=2**32))
def test_what_is_plain_is_read_as_with_care(format_id: str, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - reproducible damage
    text = chance.choice(PAYLOADS[format_id]).decode(errors="replace")
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(len(text) + 1)
        end = min(len(text), at + chance.randrange(9))
        match chance.randrange(3):
            case 0:
                text = text[:at] + chance.choice(PIECES) + text[at:]
            case 1:
                text = text[:at] + chance.choice(PIECES) + text[end:]
            case _:
                text = text[:at] + text[at:end] + text[at:]
    compare(format_id, text.encode())


@pytest.mark.parametrize("piece", PIECES)
@EVERY_FORMAT
def test_every_piece_at_every_place_is_read_as_with_care(format_id: str, piece: str) -> None:
    text = next(p for p in PAYLOADS[format_id] if READERS[format_id](p) is not None).decode()
    for at in range(len(text) + 1):
        compare(format_id, (text[:at] + piece + text[at:]).encode())


@pytest.mark.parametrize("hostile", ["<a/>", "<a>", "<a></a>", "&lt;", "<Data>", "\n", "a"])
@EVERY_FORMAT
def test_a_plain_payload_has_an_end(format_id: str, hostile: str) -> None:
    assert READERS[format_id](hostile.encode() * (65_536 // len(hostile))) is None
