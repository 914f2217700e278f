"""Masking of free texts, so that no number of a person is ever stored.

Source: design section 3.4. After folding (full-width forms to ASCII), runs of seven or more digits,
blanks and hyphens between them ignored, and one to three letters followed by five or more digits
are replaced. Telephone numbers have 11 digits, document numbers 7 to 18.
"""

import re
from functools import lru_cache

import msgspec

from exchange.core.health_code import HealthCode

MASK = "***"

_BLANKS = r"\s\u200b\ufeff\u2010-\u2015\u2212-"
"""Blanks, and hyphens with the dashes that people and programs write instead."""
_DIGIT_RUN = rf"[0-9](?:[{_BLANKS}]*[0-9]){{6,}}"
_LETTERS_AND_DIGITS = rf"[A-Za-z]{{1,3}}[{_BLANKS}]*[0-9](?:[{_BLANKS}]*[0-9]){{4,}}"
_FREE = re.compile(rf"{_DIGIT_RUN}|{_LETTERS_AND_DIGITS}", re.ASCII)
_WORD = re.compile(_DIGIT_RUN, re.ASCII)
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {
    0x00A0: 0x20,
    0x3000: 0x20,
    0x200B: 0x20,
    0xFEFF: 0x20,
}
_CACHED_TEXTS = 4_096
"""Members use few texts many times; a cache of them keeps masking below 0.1 us a record."""


@lru_cache(maxsize=_CACHED_TEXTS)
def mask_free_text(text: str) -> str:
    """Return a free text (reason, guidance, hold, laboratory) without numbers of persons.

    A text in which nothing is masked comes back as it was, full-width forms included.
    """
    return _mask(_FREE, text)


@lru_cache(maxsize=_CACHED_TEXTS)
def mask_word(text: str) -> str:
    """Return a member's own word (rule, native status, code of a hold) without long numbers.

    Ids such as ``R-2022-03`` or ``AB12345`` stay as they are.
    """
    return _mask(_WORD, text)


def _mask(pattern: re.Pattern[str], text: str) -> str:
    folded = text.translate(_FULL_WIDTH)
    masked = pattern.sub(MASK, folded)
    return text if masked == folded else masked


def mask(health_code: HealthCode) -> HealthCode:
    """Return a health code whose texts hold no number of a person."""
    plain = health_code.reason or health_code.guidance or health_code.rule or health_code.holds
    status = mask_word(health_code.native_status)
    if not plain and not health_code.tests and status == health_code.native_status:
        return health_code
    replace = msgspec.structs.replace
    return replace(
        health_code,
        native_status=status,
        reason=mask_free_text(health_code.reason),
        guidance=mask_free_text(health_code.guidance),
        rule=mask_word(health_code.rule),
        holds=tuple(
            replace(hold, code=mask_word(hold.code), text=mask_free_text(hold.text))
            for hold in health_code.holds
        ),
        tests=tuple(
            replace(test, laboratory=mask_free_text(test.laboratory)) for test in health_code.tests
        ),
    )
