"""The national answer and its relays: one person, and one report for each reporting member."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from adapters.families.json_document import RECORD, Envelope, Text
from adapters.families.json_text import read_json, write_json
from adapters.reading import MALFORMED_PAYLOAD
from adapters.record import Field, Role, Row
from exchange.core.health_code import Level
from exchange.core.outcome import Reason, Rejected

REPORTS = "healthyReport"
DECLARATIONS = "yqReports"
_NO_REPORT = Rejected(Reason.NO_RECORD, f"content.data.{REPORTS}")

PATH = "content.data"
"""Where records lie: fields are named ``person.cardId``, ``healthyReport.xzqh`` and so on."""

PERSON = (
    Field("person.cardType", Role.DOCUMENT_TYPE, required=True),
    Field("person.cardId", Role.DOCUMENT_NUMBER, required=True),
    Field("person.desensitizeName", Role.DROPPED),
    Field("person.desensitizeCardId", Role.DROPPED),
)

# The reporting member, ``xzqh``, stands between these: who may speak differs.

REPORT = (
    Field("healthyReport.healthyStaus", Role.STATUS, required=True),
    Field("healthyReport.bgsj", Role.AS_OF, required=True, time="bj"),
    Field("healthyReport.yy", Role.REASON),
)

ROWS = (
    Row("00", Level.LOW),
    Row("01", Level.MEDIUM),
    Row("10", Level.HIGH),
)


def split(data: dict[str, Any]) -> Iterable[Any] | Rejected:
    """Make one record of each report; what belongs to the person goes into every one."""
    reports = data.get(REPORTS)
    if reports is None or reports == []:
        return _NO_REPORT
    if reports.__class__ is not list:
        return MALFORMED_PAYLOAD
    return _records(data, reports)


def _records(data: dict[str, Any], reports: list[Any]) -> Iterator[Any]:
    """Give a record for each report, of the list of declarations the first element.

    One object serves all of them, as a record is read before the next one is asked for: copies
    would cost the number of reports times the number of fields.
    """
    declarations = data.get(DECLARATIONS)
    first = declarations[0] if isinstance(declarations, list) and declarations else None
    record = data | {DECLARATIONS: first}
    for report in reports:
        record[REPORTS] = report
        yield record if report.__class__ is dict else None


def join(record: dict[str, Any]) -> dict[str, Any]:
    """Put a written record into the lists that it was taken from; the declarations come last."""
    joined = {key: [value] if key == REPORTS else value for key, value in record.items()}
    if DECLARATIONS in joined:
        joined[DECLARATIONS] = [joined.pop(DECLARATIONS)]
    return joined


ENVELOPE = Envelope(
    template={"errcode": 0, "errmsg": "", "content": Text({"data": RECORD})},
    code="errcode",
    nothing=Reason.NO_RECORD,
    nothing_field=f"content.data.{REPORTS}",
    split=split,
    join=join,
)


def combined(payloads: Sequence[bytes]) -> bytes:
    """Put answers about one person into one, with all their reports in order.

    Args:
        payloads: As a relay format wrote them, one report each; none at all gives the answer that
            there is no report.
    """
    contents = [read_json(read_json(payload)["content"])["data"] for payload in payloads]
    data = dict(contents[0]) if contents else {}
    data[REPORTS] = [report for content in contents for report in content[REPORTS]]
    content = write_json({"data": data}).decode()
    return write_json({"errcode": 0, "errmsg": "", "content": content})
