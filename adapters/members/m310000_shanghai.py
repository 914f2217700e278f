"""310000 Shanghai (上海市), 随申码: a general service code; red and yellow are exchanged in files.

``310000-query-v1`` answers a query for one person. The QR picture holds an address that is
exchanged for a token; only the answer is a statement, and the address is never followed.
``310000-ry-v1`` is the daily file of red and yellow for the neighbouring provinces.

Basis: designed; no public format was found, both notations were made up for the catalogue.

>>> from adapters.members.m310000_shanghai import FORMATS
>>> payload = (
...     '{"code":"0","message":"","data":{"zjlx":"身份证","zjhm":"510102190402290011",'
...     '"type":"绿码","time":"2022/4/1 8:00:00","qx":"510100"}}'
... )
>>> FORMATS[0].decode(payload.encode(), 1648771200000, {})[0].health_code.native_status
'绿码'
"""

from adapters.base import Format
from adapters.families import ry_file
from adapters.families.csv_file import csv_file
from adapters.families.json_document import RECORD, Envelope, json_document
from adapters.id_types import WORDS
from adapters.record import Field, Record, Role, Row
from exchange.core.health_code import Level, State

ENVELOPE = Envelope(
    template={"code": "0", "message": "", "data": RECORD},
    code="code",
)

QUERY = Record(
    path="data",
    fields=(
        Field("zjlx", Role.DOCUMENT_TYPE, required=True),
        Field("zjhm", Role.DOCUMENT_NUMBER, required=True),
        Field("type", Role.STATUS, required=True),
        Field("time", Role.AS_OF, required=True, time="slash"),
        Field("qx", Role.REGION),
        Field("msg", Role.REASON),
        Field("vaccine.times", Role.DOSES),
        Field("vaccine.last", Role.LAST_DOSE_DATE, time="date"),
        Field("xm", Role.DROPPED),
        Field("url", Role.DROPPED),
    ),
    id_types=WORDS,
    rows=(
        Row("绿码", Level.LOW),
        Row("黄码", Level.MEDIUM),
        Row("红码", Level.HIGH),
        Row("无码", State.PENDING),
    ),
)

RED_YELLOW = Record(
    fields=(
        Field("证件类型", Role.DOCUMENT_TYPE, required=True),
        Field("证件号码", Role.DOCUMENT_NUMBER, required=True),
        Field("码色", Role.STATUS, required=ry_file.when_put("变更类型")),
        Field("变更类型", Role.STATUS, required=True),
        Field("判定时间", Role.AS_OF, required=True, time="bj"),
        Field("所属区", Role.REGION),
        Field("判定原因", Role.REASON),
        Field("姓名", Role.DROPPED),
        Field("序号", Role.DROPPED),
    ),
    id_types=WORDS,
    rows=ry_file.rows(yellow="黄", red="红"),
    blame=("变更类型", "码色"),
)

FORMATS: tuple[Format, ...] = (
    json_document(
        "310000-query-v1",
        family="token-json",
        content="answer to a query for one person",
        envelope=ENVELOPE,
        record=QUERY,
    ),
    csv_file(
        "310000-ry-v1",
        family="ry-file",
        content="daily file of red and yellow",
        record=RED_YELLOW,
        byte_order_mark=True,
        line_end="\r\n",
    ),
)
