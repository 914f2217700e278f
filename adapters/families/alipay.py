"""The answer of a payment app's open interface, which several members hand on.

The record stands in one object with the answer's own code and message. ``sign`` belongs to the
transport: it is not checked, and written as a constant.
"""

from typing import Any

from adapters.families.json_document import RECORD, Envelope

PATH = "alipay_ebpp_industry_gov_healthcode_query_response"
"""Where the record lies: in front of every field's name."""


def _join(record: dict[str, Any]) -> dict[str, Any]:
    """Put the answer's own fields in front of the record's."""
    return {"code": "10000", "msg": "Success"} | record


ENVELOPE = Envelope(
    template={PATH: RECORD, "sign": "dGVzdA=="},
    code=f"{PATH}.code",
    success="10000",
    no_record_by=(f"{PATH}.sub_code", "HEALTHCODE_NOT_EXIST"),
    join=_join,
    known=(f"{PATH}.msg", f"{PATH}.sub_msg"),
)
