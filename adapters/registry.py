"""Every format that the exchange speaks, by id: an explicit table."""

from collections.abc import Mapping
from typing import Final

from adapters.base import Format
from adapters.members import (
    m000000_national,
    m110000_beijing,
    m120000_tianjin,
    m130000_hebei,
    m140000_shanxi,
    m150000_inner_mongolia,
    m210000_liaoning,
    m220000_jilin,
    m230000_heilongjiang,
    m310000_shanghai,
    m320000_jiangsu,
    m330000_zhejiang,
    m340000_anhui,
    m350000_fujian,
    m360000_jiangxi,
    m370000_shandong,
    m410000_henan,
    m420000_hubei,
    m430000_hunan,
    m440000_guangdong,
    m450000_guangxi,
    m460000_hainan,
    m500000_chongqing,
    m510000_sichuan,
    m520000_guizhou,
    m530000_yunnan,
    m540000_tibet,
    m610000_shaanxi,
    m620000_gansu,
    m630000_qinghai,
    m640000_ningxia,
    m650000_xinjiang,
    m660000_xpcc,
)

FORMATS: Final[Mapping[str, Format]] = {
    format_.id: format_
    for module in (
        m000000_national,
        m110000_beijing,
        m120000_tianjin,
        m130000_hebei,
        m140000_shanxi,
        m150000_inner_mongolia,
        m210000_liaoning,
        m220000_jilin,
        m230000_heilongjiang,
        m310000_shanghai,
        m320000_jiangsu,
        m330000_zhejiang,
        m340000_anhui,
        m350000_fujian,
        m360000_jiangxi,
        m370000_shandong,
        m410000_henan,
        m420000_hubei,
        m430000_hunan,
        m440000_guangdong,
        m450000_guangxi,
        m460000_hainan,
        m500000_chongqing,
        m510000_sichuan,
        m520000_guizhou,
        m530000_yunnan,
        m540000_tibet,
        m610000_shaanxi,
        m620000_gansu,
        m630000_qinghai,
        m640000_ningxia,
        m650000_xinjiang,
        m660000_xpcc,
    )
    for format_ in module.FORMATS
}
"""Formats by id, in the order of their members' codes."""
