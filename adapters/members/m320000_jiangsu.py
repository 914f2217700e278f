"""320000 Jiangsu (江苏省), 苏康码: gates upload its code and the national one side by side.

``320000-gate-v1`` is a list of records uploaded by gates. Its digits do not rise with the risk: 1
is green, 2 yellow, 0 red. Source 4 is Jiangsu's own statement; what the same gate read from the
national code (3) is not. ``320000-ry-v1`` is the daily file of red and yellow, where 1 is yellow
and 2 red.

Basis: of the list a public fragment: the numeric colours, the trip card and the sources 3 and 4
come from a gate vendor's interface document; the document fields are designed. The file is
designed; no public format was found, the notation was made up for the catalogue.

>>> from adapters.members.m320000_jiangsu import FORMATS
>>> payload = (
...     '[{"idType":"NI","idNumber":"510102190402290011","healthCode":1,"source":4,'
...     '"time":1648771200,"areaCode":"510100"}]'
... )
>>> FORMATS[0].decode(payload.encode(), 1648771200000, {})[0].health_code.level.name
'LOW'
"""

from adapters.base import Format
from adapters.families import ry_file
from adapters.families.csv_file import csv_file
from adapters.families.json_document import RECORDS, Envelope, json_document
from adapters.id_types import GATE, WS
from adapters.record import Field, Record, Role, Row
from exchange.core.health_code import Level

GATES = Record(
    fields=(
        Field("idType", Role.DOCUMENT_TYPE, required=True),
        Field("idNumber", Role.DOCUMENT_NUMBER, required=True),
        Field("healthCode", Role.STATUS, required=True),
        Field("source", Role.ISSUER, required=True, written=4),
        Field("time", Role.AS_OF, required=True, time="s"),
        Field("areaCode", Role.REGION),
        Field("tripCode", Role.DROPPED),
        Field("userName", Role.DROPPED),
    ),
    id_types=GATE,
    rows=(
        Row(1, Level.LOW),
        Row(2, Level.MEDIUM),
        Row(0, Level.HIGH),
    ),
)

RED_YELLOW = Record(
    fields=(
        Field("证件类型代码", Role.DOCUMENT_TYPE, required=True),
        Field("证件号", Role.DOCUMENT_NUMBER, required=True),
        Field("码类型", Role.STATUS, required=ry_file.when_put("操作")),
        Field("操作", Role.STATUS, required=True),
        Field("生成时间", Role.AS_OF, required=True, time="bjm"),
        Field("有效期至", Role.VALID_UNTIL, time="date"),
        Field("行政区划", Role.REGION, region="2|4"),
        Field("原因", Role.REASON),
        Field("姓名", Role.DROPPED),
        Field("联系电话", Role.DROPPED),
    ),
    id_types=WS,
    rows=ry_file.rows(yellow="1", red="2"),
    blame=("操作", "码类型"),
)

FORMATS: tuple[Format, ...] = (
    json_document(
        "320000-gate-v1",
        family="gate-numeric",
        content="list of records uploaded by gates",
        envelope=Envelope(template=RECORDS),
        record=GATES,
    ),
    csv_file(
        "320000-ry-v1",
        family="ry-file",
        content="daily file of red and yellow",
        record=RED_YELLOW,
        codec="gb18030",
        line_end="\r\n",
    ),
)
