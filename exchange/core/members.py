"""The members of the exchange as data: codes, names, formats and recognition modes.

Members are data and never counted on to be 33: Hong Kong (810000) and Macao (820000) may come. A
code is never given again. Source: the members table of the format catalogue; recognition modes are
those seen in the field in spring 2020 (weak source), () where none was seen.
"""

import msgspec

NATIONAL = "000000"
"""The national platform: the only member that may relay what another one said."""


class Member(msgspec.Struct, frozen=True):
    """A platform that takes part.

    Attributes:
        code: Six digits.
        slug: Name for files and addresses.
        name: English name.
        chinese_name: Chinese name.
        code_name: What its health code is called.
        formats: Ids of the formats it may write, as ``510000-status-v1``.
        recognition_modes: Of 1 (look-up), 2 (conversion), 3 (national answer); () if unknown.
    """

    code: str
    slug: str
    name: str
    chinese_name: str
    code_name: str
    formats: tuple[str, ...]
    recognition_modes: tuple[int, ...] = ()


MEMBERS: tuple[Member, ...] = (
    Member(
        "000000",
        "national",
        "National platform",
        "国家政务服务平台",
        "防疫健康信息码",
        ("000000-level-v1", "000000-relay-v1"),
        (1, 2, 3),
    ),
    Member("110000", "beijing", "Beijing", "北京市", "北京健康宝", ("110000-words-v1",), ()),
    Member("120000", "tianjin", "Tianjin", "天津市", "天津健康码", ("120000-pipe-v1",), ()),
    Member("130000", "hebei", "Hebei", "河北省", "河北健康码", ("130000-relay-v1",), (1,)),
    Member("140000", "shanxi", "Shanxi", "山西省", "山西健康码", ("140000-alipay-v1",), ()),
    Member(
        "150000",
        "inner-mongolia",
        "Inner Mongolia",
        "内蒙古自治区",
        "内蒙古健康码",
        ("150000-form-v1",),
        (),
    ),
    Member("210000", "liaoning", "Liaoning", "辽宁省", "辽事通健康码", ("210000-status-v1",), (2,)),
    Member("220000", "jilin", "Jilin", "吉林省", "吉祥码", ("220000-sealed-v1",), ()),
    Member(
        "230000",
        "heilongjiang",
        "Heilongjiang",
        "黑龙江省",
        "龙江健康码",
        ("230000-iot-v1",),
        (1, 2),
    ),
    Member(
        "310000",
        "shanghai",
        "Shanghai",
        "上海市",
        "随申码",
        ("310000-query-v1", "310000-ry-v1"),
        (2,),
    ),
    Member(
        "320000", "jiangsu", "Jiangsu", "江苏省", "苏康码", ("320000-gate-v1", "320000-ry-v1"), ()
    ),
    Member(
        "330000",
        "zhejiang",
        "Zhejiang",
        "浙江省",
        "浙江健康码",
        ("330000-mzt-v1", "330000-soap-v1", "330000-ry-v1"),
        (2,),
    ),
    Member(
        "340000", "anhui", "Anhui", "安徽省", "安康码", ("340000-status-v1", "340000-ry-v1"), ()
    ),
    Member(
        "350000",
        "fujian",
        "Fujian",
        "福建省",
        "八闽健康码; 福建健康码",
        ("350000-bamin-v1", "350000-fjm-v2"),
        (),
    ),
    Member("360000", "jiangxi", "Jiangxi", "江西省", "赣通码", ("360000-ndjson-v1",), ()),
    Member(
        "370000", "shandong", "Shandong", "山东省", "山东省电子健康通行码", ("370000-card-v1",), ()
    ),
    Member("410000", "henan", "Henan", "河南省", "河南健康码; 豫康码", ("410000-status-v1",), (2,)),
    Member("420000", "hubei", "Hubei", "湖北省", "湖北健康码", ("420000-checkin-v1",), (2,)),
    Member("430000", "hunan", "Hunan", "湖南省", "湖南省居民健康卡", ("430000-card-v1",), ()),
    Member(
        "440000",
        "guangdong",
        "Guangdong",
        "广东省",
        "粤康码 (穗康码, 深i您)",
        ("440000-status-v1",),
        (2,),
    ),
    Member(
        "450000", "guangxi", "Guangxi", "广西壮族自治区", "广西健康码", ("450000-panel-v1",), (2,)
    ),
    Member("460000", "hainan", "Hainan", "海南省", "海南健康码", ("460000-xml-v1",), ()),
    Member("500000", "chongqing", "Chongqing", "重庆市", "渝康码", ("500000-popup-v1",), (2,)),
    Member(
        "510000",
        "sichuan",
        "Sichuan",
        "四川省",
        "四川天府健康通",
        ("510000-status-v1", "510000-offline-v1"),
        (2,),
    ),
    Member("520000", "guizhou", "Guizhou", "贵州省", "贵州健康码", ("520000-csv-v1",), (2,)),
    Member(
        "530000", "yunnan", "Yunnan", "云南省", "云南健康码; 云南抗疫情", ("530000-dual-v1",), ()
    ),
    Member("540000", "tibet", "Tibet", "西藏自治区", "西藏健康码", ("540000-fixed-v1",), ()),
    Member(
        "610000",
        "shaanxi",
        "Shaanxi",
        "陕西省",
        "陕西健康码; 西安一码通",
        ("610000-status-v1", "610000-ymt-v1"),
        (),
    ),
    Member("620000", "gansu", "Gansu", "甘肃省", "甘肃省健康出行码", ("620000-travel-v1",), ()),
    Member("630000", "qinghai", "Qinghai", "青海省", "信康码", ("630000-alipay-v1",), (1, 2)),
    Member(
        "640000", "ningxia", "Ningxia", "宁夏回族自治区", "宁夏防疫健康码", ("640000-soap-v1",), ()
    ),
    Member(
        "650000", "xinjiang", "Xinjiang", "新疆维吾尔自治区", "新疆健康码", ("650000-temp-v1",), ()
    ),
    Member(
        "660000",
        "xpcc",
        "Xinjiang Production and Construction Corps",
        "新疆生产建设兵团",
        "兵团健康码",
        ("660000-common-v1",),
        (),
    ),
)
"""Every member, by code."""

BY_CODE: dict[str, Member] = {member.code: member for member in MEMBERS}
"""Look a member up by its six-digit code."""
