"""The sets of document type codes that formats share (catalogue 7)."""

from collections.abc import Mapping
from typing import Final

from exchange.core.health_code import DocumentType

IdTypes = Mapping[str, DocumentType]
"""Codes of one set in the order of the catalogue: of two codes for a type the first is written."""

_RESIDENT = DocumentType.RESIDENT_ID
_PASSPORT = DocumentType.PASSPORT
_HK_MACAO = DocumentType.HK_MACAO_PERMIT
_TAIWAN = DocumentType.TAIWAN_PERMIT
_HMT = DocumentType.HK_MACAO_TAIWAN_RESIDENCE_PERMIT
_FOREIGN = DocumentType.FOREIGN_PERMANENT_RESIDENT_ID
_OTHER = DocumentType.OTHER

TENCENT: Final[IdTypes] = {
    "10": _RESIDENT, "14": _HK_MACAO, "15": _TAIWAN, "20": _PASSPORT, "34": _FOREIGN,
    "99": _OTHER, "16": _OTHER,
}  # fmt: skip
GATE: Final[IdTypes] = {
    "NI": _RESIDENT, "PP": _PASSPORT, "HM": _HK_MACAO, "TB": _TAIWAN, "TW": _TAIWAN,
    "HMT": _HMT, "FR": _FOREIGN, "TP": _OTHER, "ID": _OTHER,
}  # fmt: skip
ALIPAY: Final[IdTypes] = {
    "IDENTITY_CARD": _RESIDENT, "PASSPORT": _PASSPORT, "HM_VISITORPASS": _HK_MACAO,
    "T_VISITORPASS": _TAIWAN, "RESIDENCE_HMT": _HMT, "PERM_RESIDENCE_FOREIGNER": _FOREIGN,
    "OTHER": _OTHER,
}  # fmt: skip
GAT: Final[IdTypes] = {
    "111": _RESIDENT, "414": _PASSPORT, "516": _HK_MACAO, "511": _TAIWAN, "553": _FOREIGN,
    "990": _OTHER,
}  # fmt: skip
WS: Final[IdTypes] = {
    "01": _RESIDENT, "03": _PASSPORT, "06": _HK_MACAO, "07": _TAIWAN, "99": _OTHER,
    "02": _OTHER, "04": _OTHER, "05": _OTHER,
}  # fmt: skip
DIGIT: Final[IdTypes] = {
    "1": _RESIDENT, "2": _PASSPORT, "3": _HK_MACAO, "4": _TAIWAN, "5": _HMT, "6": _FOREIGN,
    "9": _OTHER,
}  # fmt: skip
DIGIT0: Final[IdTypes] = {
    "0": _RESIDENT, "1": _PASSPORT, "2": _HK_MACAO, "3": _TAIWAN, "4": _FOREIGN, "8": _OTHER,
}  # fmt: skip
WORDS: Final[IdTypes] = {
    "身份证": _RESIDENT, "护照": _PASSPORT, "港澳居民来往内地通行证": _HK_MACAO,
    "台湾居民来往大陆通行证": _TAIWAN, "港澳台居民居住证": _HMT,
    "外国人永久居留身份证": _FOREIGN, "其他": _OTHER,
}  # fmt: skip
SHORT: Final[IdTypes] = {
    "SFZ": _RESIDENT, "HZ": _PASSPORT, "GAT": _HK_MACAO, "TBZ": _TAIWAN, "JZZ": _HMT,
    "YJJ": _FOREIGN, "QT": _OTHER,
}  # fmt: skip
COMMON: Final[IdTypes] = {name.value: name for name in DocumentType}
"""The names of the common schema itself."""
