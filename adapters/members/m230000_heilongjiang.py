"""230000 Heilongjiang (黑龙江省), 龙江健康码: two ways of recognition, states as numbers.

``230000-iot-v1`` is a batch of records made by terminals that verify codes. Of the seven numbers
only 1 to 4 are statements: 5 says that there is no such code, 6 and 7 that verification failed or
took too long. None of these three is a risk level.

Basis: public fragment. The numbers 1 to 7 come from a vendor's published description of a
verification record (a weak source); that this member uses it, and all names around it, are
designed.

>>> from adapters.members.m230000_heilongjiang import FORMATS
>>> payload = (
...     '{"Code":"200","RequestId":"0","Data":{"Items":[{"IdType":"NI",'
...     '"IdNo":"510102190402290011","HealthCodeStatus":1,"VerifyTime":1648771200000,'
...     '"RegionId":"510100"}]}}'
... )
>>> FORMATS[0].decode(payload.encode(), 1648771200000, {})[0].health_code.native_status
'1'
"""

from adapters.base import Format
from adapters.families.json_document import RECORDS, Envelope, json_document
from adapters.id_types import GATE
from adapters.record import Field, Record, Role, Row
from exchange.core.health_code import Level, State
from exchange.core.outcome import Reason

ENVELOPE = Envelope(
    template={"Code": "200", "RequestId": "0", "Data": {"Items": RECORDS}},
    code="Code",
)

VERIFICATION = Record(
    path="Data.Items",
    fields=(
        Field("IdType", Role.DOCUMENT_TYPE, required=True),
        Field("IdNo", Role.DOCUMENT_NUMBER, required=True),
        Field("HealthCodeStatus", Role.STATUS, required=True),
        Field("VerifyTime", Role.AS_OF, required=True, time="ms"),
        Field("RegionId", Role.REGION),
        Field("Name", Role.DROPPED),
        Field("DeviceName", Role.DROPPED),
    ),
    id_types=GATE,
    rows=(
        Row(1, Level.LOW),
        Row(2, Level.MEDIUM),
        Row(3, Level.HIGH),
        Row(4, State.EXPIRED),
        Row(5, Reason.NO_RECORD),
        Row(6, Reason.UPSTREAM_ERROR),
        Row(7, Reason.UPSTREAM_ERROR),
    ),
)

FORMATS: tuple[Format, ...] = (
    json_document(
        "230000-iot-v1",
        family="iot-numeric",
        content="batch of verification records",
        envelope=ENVELOPE,
        record=VERIFICATION,
    ),
)
