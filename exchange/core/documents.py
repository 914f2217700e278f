"""Fold, check and normalise document numbers of the seven types.

A number is never repaired by guessing: hyphens, stars and look-alikes are errors. Sources: the
rules and vectors for document numbers, GB 11643-1999 for the resident number, ISO 7064 MOD 11-2 for
its check character. The address is not looked up in a list of counties, because a number keeps the
county code of its first issue for life.
"""

import re
from collections.abc import Callable
from typing import Final

import msgspec

from exchange.core.health_code import Document, DocumentType
from exchange.core.times import MONTH_DAYS, is_leap_year

BLANKS: Final = " \t\r\n\u00a0\u3000\u200b\ufeff"
"""What counts as a blank, in document numbers and in every value of a member format."""

EARLIEST_BIRTH: Final = 18000101
"""No birth date lies before this day, as ``yyyymmdd``."""

_FOLD: Final = dict.fromkeys(map(ord, BLANKS), None) | {
    full: full - 0xFEE0 for full in range(0xFF01, 0xFF5F)
}
_UPPER: Final = {ord(letter): letter.upper() for letter in "abcdefghijklmnopqrstuvwxyz"}
_ALPHANUMERIC: Final = re.compile(r"[A-Z0-9]+")
_PROVINCES: Final = frozenset(
    str(code)
    for codes in ((11, 16), (21, 24), (31, 38), (41, 47), (50, 55), (61, 66))
    for code in range(*codes)
)
_HMT_ADDRESSES: Final = frozenset(("810000", "820000", "830000"))
_CHECK_CHARACTERS: Final = "10X98765432"
_OLD_CENTURY_SEQUENCES: Final = frozenset(("996", "997", "998", "999"))


class InvalidDocumentError(ValueError):
    """A number does not fit its type; the text never carries the number.

    Attributes:
        code: ``empty``, ``charset``, ``length``, ``prefix``, ``region``, ``birthdate`` or
            ``checksum``: the first in this order.
    """

    def __init__(self, code: str) -> None:
        super().__init__(f"invalid document number: {code}")
        self.code = code


class Examined(msgspec.Struct, frozen=True):
    """What a number says by itself.

    Attributes:
        number: Its normal form.
        birth_date: ``YYYY-MM-DD``, or ``""`` where the number carries none.
        sex: ``M``, ``F``, or ``""`` where the number carries none.
    """

    number: str
    birth_date: str = ""
    sex: str = ""


def fold(text: str) -> str:
    """Remove blanks anywhere, map full-width forms to ASCII and a-z to upper case."""
    if text.isascii():
        if text.isalnum():
            return text.upper()
        return "".join(text.split(" ")).translate(_FOLD).upper()
    return text.translate(_FOLD).translate(_UPPER)


# The sum of MOD 11-2 is taken from tables of three digits each: six look-ups instead of seventeen
# multiplications. A key that is missing means that there is something else than ASCII digits.
_WEIGHTS: Final = tuple(pow(2, 17 - place, 11) for place in range(17))


def _sums(first: int, count: int) -> dict[str, int]:
    keys = (f"{value:0{count}d}" for value in range(10**count))
    weights = _WEIGHTS[first : first + count]
    return {
        key: sum(int(digit) * weight for digit, weight in zip(key, weights, strict=True))
        for key in keys
    }


_S0, _S3, _S6, _S9, _S12 = (_sums(first, 3) for first in (0, 3, 6, 9, 12))
_S15: Final = _sums(15, 2)
_SEQUENCES: Final = _sums(14, 3)
_CHECKS: Final = tuple(_CHECK_CHARACTERS[total % 11] for total in range(17 * 10 * 10))


def check_character(digits: str) -> str:
    """Compute the check character of 17 ASCII digits by ISO 7064 MOD 11-2.

    Raises:
        KeyError: There is something else than 17 ASCII digits.
    """
    return _CHECKS[
        _S0[digits[0:3]] + _S3[digits[3:6]] + _S6[digits[6:9]]
        + _S9[digits[9:12]] + _S12[digits[12:15]] + _S15[digits[15:17]]
    ]  # fmt: skip


def _check_birth_date(date: str, today: int) -> None:
    """Refuse eight digits that are no day between 1800-01-01 and today."""
    number = int(date)
    real = number % 100 in MONTH_DAYS.get(date[4:6], ()) and (
        date[4:] != "0229" or is_leap_year(number // 10000)
    )
    if not real or not EARLIEST_BIRTH <= number <= today:
        raise InvalidDocumentError("birthdate")


ADDRESSES_CACHED_MAX: Final = 20_000
"""More than there ever were county codes."""

BIRTH_DATES_CACHED_MAX: Final = 50_000
"""The days of 137 years, in less than ten megabytes."""


class _Addresses(dict[str, int]):
    """Six address digits of a resident number to their part of the sum; no document is kept."""

    def __missing__(self, address: str) -> int:
        if address[:2] not in _PROVINCES:
            raise KeyError
        total = _S0[address[:3]] + _S3[address[3:]]
        if len(self) < ADDRESSES_CACHED_MAX:
            self[address] = total
        return total


class _BirthDates(dict[str, tuple[int, int]]):
    """Eight digits of a real date to the date as a number and their part of the sum."""

    def __missing__(self, date: str) -> tuple[int, int]:
        total = _S6[date[:3]] + _S9[date[3:6]] + _S12[date[6:] + "0"]
        try:
            _check_birth_date(date, _FAR_FUTURE)
        except InvalidDocumentError:
            raise KeyError from None
        if len(self) < BIRTH_DATES_CACHED_MAX:
            self[date] = int(date), total
        return int(date), total


_FAR_FUTURE: Final = 99991231
_ADDRESSES: Final = _Addresses()
_BIRTH_DATES: Final = _BirthDates()


def is_plain_resident(text: str, today: int) -> bool:
    """Tell whether a text is a good resident number of 18 characters in its normal form."""
    try:
        birth_date, total = _BIRTH_DATES[text[6:14]]
        total += _ADDRESSES[text[:6]] + _SEQUENCES[text[14:17]]
    except KeyError:
        return False
    return _CHECKS[total] == text[17:] and birth_date <= today


def _check_resident_characters(text: str) -> None:
    digits = text[:17] + text[18:] if len(text) > 17 and text[17] == "X" else text  # noqa: PLR2004 - the 18th place
    if not (digits.isascii() and digits.isdigit()):
        raise InvalidDocumentError("charset")


def _resident(text: str, today: int) -> str:
    """Read a resident number; find the cause where it is none."""
    if is_plain_resident(text, today):
        return text
    _check_resident_characters(text)
    if len(text) not in (15, 18):
        raise InvalidDocumentError("length")
    if text[:2] not in _PROVINCES:
        raise InvalidDocumentError("region")
    if len(text) == 18:  # noqa: PLR2004 - the length of the number
        _check_birth_date(text[6:14], today)
        raise InvalidDocumentError("checksum")
    century = "18" if text[12:] in _OLD_CENTURY_SEQUENCES else "19"
    digits = text[:6] + century + text[6:]
    _check_birth_date(digits[6:14], today)
    return digits + check_character(digits)


def _hmt_residence_permit(text: str, today: int) -> str:
    _check_resident_characters(text)
    if len(text) != 18:  # noqa: PLR2004 - the length of the number
        raise InvalidDocumentError("length")
    if text[:6] not in _HMT_ADDRESSES:
        raise InvalidDocumentError("region")
    _check_birth_date(text[6:14], today)
    if check_character(text) != text[17]:
        raise InvalidDocumentError("checksum")
    return text


_NEW_FOREIGN: Final = re.compile(r"9[0-9]{16}[0-9X]")
_OLD_FOREIGN: Final = re.compile(r"[A-Z]{3}[0-9]{12}")


def _foreign_permanent_resident(text: str, today: int) -> str:
    _check_alphanumeric(text)
    if len(text) not in (15, 18):
        raise InvalidDocumentError("length")
    if _OLD_FOREIGN.fullmatch(text):
        return text
    if not _NEW_FOREIGN.fullmatch(text):
        raise InvalidDocumentError("prefix")
    if text[1:3] not in _PROVINCES:
        raise InvalidDocumentError("region")
    _check_birth_date(text[6:14], today)
    if check_character(text) != text[17]:
        raise InvalidDocumentError("checksum")
    return text


def _check_alphanumeric(text: str) -> None:
    if not _ALPHANUMERIC.fullmatch(text):
        raise InvalidDocumentError("charset")


class _Shape:
    """A type that is known by its shape only: characters, then lengths, then patterns."""

    def __init__(self, lengths: tuple[int, ...], pattern: str) -> None:
        self.lengths = lengths
        self.pattern = re.compile(pattern)

    def __call__(self, text: str, today: int) -> str:
        """Give the part of the number that is kept for life."""
        del today  # No date is part of a shape.
        _check_alphanumeric(text)
        if len(text) not in self.lengths:
            raise InvalidDocumentError("length")
        match = self.pattern.fullmatch(text)
        if match is None:
            raise InvalidDocumentError("prefix")
        return match[1]


def _undecorated(text: str) -> str:
    """Drop the filler of a machine readable zone, and the dot after a leading D, S or P."""
    text = text.rstrip("<")
    return text[0] + text[2:] if text[1:2] == "." and text[0] in "DSP" else text


_CHINESE_PASSPORT: Final = _Shape(
    (8, 9),
    r"(E[0-9]{8}|E[A-HJ-NP-Z][0-9]{7}|G[0-9]{8}|1[45][0-9]{7}|[DSP]E[0-9]{7}|[DPS][0-9]{7}"
    r"|S[0-9]{8}|[KH][0-9]{8}|M[AB][0-9]{7})",
)
_ANY_PASSPORT: Final = _Shape(tuple(range(5, 10)), r"([A-Z0-9]*[0-9][A-Z0-9]*)")
_HK_MACAO_PERMIT: Final = _Shape((9, 11), r"([HM][0-9]{8})(?:[0-9]{2})?")
_TAIWAN_DIGITS: Final = _Shape((8, 10), r"([0-9]{8})(?:[0-9]{2})?")
_TAIWAN_OFFICE: Final = re.compile(r"([0-9]{8})[0-9]{2}\([A-Z0-9]\)")
_OTHER: Final = _Shape(tuple(range(3, 33)), r"(.*)")


def _passport_cn(text: str, today: int) -> str:
    return _CHINESE_PASSPORT(_undecorated(text), today)


def _passport(text: str, today: int) -> str:
    return _ANY_PASSPORT(_undecorated(text), today)


def _passport_foreign(text: str, today: int) -> str:
    return _ANY_PASSPORT(text.rstrip("<"), today)


def _taiwan_permit(text: str, today: int) -> str:
    bare = text.replace("(", "").replace(")", "")
    if bare == text:
        return _TAIWAN_DIGITS(text, today)
    _check_alphanumeric(bare)
    match = _TAIWAN_OFFICE.fullmatch(text)
    if match is None:
        raise InvalidDocumentError("prefix")
    return match[1]


Check = Callable[[str, int], str]
"""From a folded, non-empty number and today to the normal form, or InvalidDocumentError."""

_CHECKS_BY_KIND: Final[dict[str, Check]] = {
    "resident-id": _resident,
    "hmt-residence-permit": _hmt_residence_permit,
    "foreign-permanent-resident-id": _foreign_permanent_resident,
    "passport-cn": _passport_cn,
    "passport-foreign": _passport_foreign,
    "hk-macao-permit": _HK_MACAO_PERMIT,
    "taiwan-permit": _taiwan_permit,
    "mainland-hk-macao-permit": _Shape((9,), r"(C[0-9]{8}|C[A-HJ-NP-Z][0-9]{7}|W[0-9]{8})"),
    "mainland-taiwan-permit": _Shape((9,), r"([LT][0-9]{8})"),
}

_CHECKS_BY_TYPE: Final[dict[DocumentType, Check]] = {
    DocumentType.RESIDENT_ID: _resident,
    DocumentType.PASSPORT: _passport,
    DocumentType.HK_MACAO_PERMIT: _HK_MACAO_PERMIT,
    DocumentType.TAIWAN_PERMIT: _taiwan_permit,
    DocumentType.HK_MACAO_TAIWAN_RESIDENCE_PERMIT: _hmt_residence_permit,
    DocumentType.FOREIGN_PERMANENT_RESIDENT_ID: _foreign_permanent_resident,
    DocumentType.OTHER: _OTHER,
}

KINDS: Final = tuple(_CHECKS_BY_KIND)
"""The finer kinds of numbers that ``examine`` knows."""


def normalise(document_type: DocumentType, text: str, today: int) -> Document:
    """Bring a number to its normal form.

    A resident type with a number of 18 characters under 810000, 820000 or 830000 is a residence
    permit for Hong Kong, Macao and Taiwan residents: the number decides between these two.

    Args:
        document_type: What the member says that the number is.
        text: The number as it came, blanks and full-width forms included.
        today: The Beijing date of the receiving instant, as ``yyyymmdd``.

    Raises:
        InvalidDocumentError: The number does not fit its type.
    """
    is_resident = document_type is DocumentType.RESIDENT_ID
    if is_resident and is_plain_resident(text, today):
        return Document(document_type, text)  # Nearly all numbers are; no need to fold them.
    folded = fold(text)
    if not folded:
        raise InvalidDocumentError("empty")
    if is_resident:
        if folded[0] != "8" or len(folded) != 18 or folded[:6] not in _HMT_ADDRESSES:  # noqa: PLR2004
            return Document(document_type, _resident(folded, today))
        document_type = DocumentType.HK_MACAO_TAIWAN_RESIDENCE_PERMIT
    return Document(document_type, _CHECKS_BY_TYPE[document_type](folded, today))


def is_unique(document: Document) -> bool:
    """Tell whether the document can belong to one person only.

    A passport of a foreign shape (its country is not in the formats) and OTHER can belong to two.
    """
    if document.type is DocumentType.PASSPORT:
        return _CHINESE_PASSPORT.pattern.fullmatch(document.number) is not None
    return document.type is not DocumentType.OTHER


def examine(kind: str, text: str, today: int) -> Examined:
    """Normalise a number of one of ``KINDS`` and read birth date and sex where it carries them.

    Args:
        kind: One of ``KINDS``; finer than the document types (a passport is ``passport-cn`` or
            ``passport-foreign``).
        text: The number as it came.
        today: As for ``normalise``.

    Raises:
        InvalidDocumentError: The number does not fit its kind.
    """
    folded = fold(text)
    if not folded:
        raise InvalidDocumentError("empty")
    number = _CHECKS_BY_KIND[kind](folded, today)
    if len(number) != 18:  # noqa: PLR2004 - only the numbers of 18 characters carry a birth date
        return Examined(number)
    return Examined(
        number,
        birth_date=f"{number[6:10]}-{number[10:12]}-{number[12:14]}",
        sex="M" if int(number[16]) % 2 else "F",
    )
