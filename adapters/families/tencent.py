"""The answer that several members share: grade, declaration that can lapse, address in parts."""

from adapters.families.json_document import RECORD, Envelope
from adapters.record import Field, Role, Row
from exchange.core.health_code import Level, State


def envelope(success: str | int) -> Envelope:
    """Give the envelope; members differ in how they write success, ``0`` or ``"0"``."""
    return Envelope(
        template={"errcode": success, "errmsg": "SUCCESS", "requestId": "0", "data": RECORD},
        code="errcode",
        no_record=("1404",),
    )


STATUS = (
    Field("risk_assessment_grade", Role.STATUS, required=True),
    Field("report_expired", Role.STATUS, flag=True),
    Field("report_date", Role.AS_OF, required=True, time="bj"),
    Field("report_valid_date", Role.VALID_UNTIL, time="bj"),
    Field("living_address.province_code", Role.REGION, region="province"),
    Field("living_address.city_code", Role.REGION, region="city"),
    Field("living_address.county_code", Role.REGION, region="county"),
    Field("reason", Role.REASON),
    Field("guide", Role.GUIDANCE),
    Field("rule_number", Role.RULE),
)

DROPPED = (
    Field("code_expire_time", Role.DROPPED),
    Field("qrcode_expired", Role.DROPPED),
    Field("name", Role.DROPPED),
    Field("phone", Role.DROPPED),
    Field("living_address.address", Role.DROPPED),
)

# A lapsed declaration is written with grade 01, so this row stands before its siblings.
ROWS = (
    Row(("00", False), Level.LOW),
    Row(("01", False), Level.MEDIUM),
    Row(("10", False), Level.HIGH),
    Row(("01", True), State.EXPIRED),
    Row(("00", True), State.EXPIRED),
    Row(("10", True), State.EXPIRED),
)
