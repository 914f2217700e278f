"""Every statement of every member in every format: the same person and state, never milder."""

from itertools import product

import msgspec
import pytest

from adapters.base import NO_KEYS, Format, Keys
from adapters.cases import payload_of, received_ms
from adapters.registry import FORMATS
from exchange.core.errors import NotConvertibleError
from exchange.core.health_code import Document, DocumentType, HealthCode, Hold, Level, State
from exchange.core.losses import LossKind
from exchange.core.masking import mask
from exchange.core.outcome import Translated
from exchange.core.standing import end_of_validity_ms
from exchange.operations.convert import Written, write_statement
from tests.adapters.cases_io import CASES, KEYS, OWN_CASES, read_cases

NOW_MS = 1_651_363_200_000
"""2022-05-01, after all cases."""
DAY_MS = 86_400_000
PERSON = Document(DocumentType.RESIDENT_ID, "510102190402290011")
WITHOUT_GREEN = {"310000-ry-v1", "320000-ry-v1", "330000-ry-v1", "340000-ry-v1"}
"""Files of red and yellow people only."""
FIRST_OF_13_DIGITS_MS = 10**12
"""2001: an end before it is no epoch milliseconds of the catalogue, and is refused."""
REFUSALS = {"document.type", "state", "level", "holds", "valid_until"}


def keys_of(format_id: str) -> Keys:
    return KEYS.get(format_id, NO_KEYS)


def statements_of(source: Format) -> list[tuple[Translated, int]]:
    """Return what the cases of a format say and when, each once, as the exchange would keep it."""
    found: dict[tuple[Translated, int], None] = {}
    for folder in (CASES, OWN_CASES):
        for case in read_cases(folder / f"{source.id}.jsonl"):
            if "outcomes" not in case:
                continue
            instant = received_ms(case["received_time"])
            for outcome in source.decode(payload_of(case), instant, keys_of(source.id)):
                if isinstance(outcome, Translated):
                    kept = msgspec.structs.replace(outcome, health_code=mask(outcome.health_code))
                    found[kept, instant] = None
    return list(found)


def written_or_field(said: Translated, target: Format, now_ms: int) -> Written | str:
    """Convert; where that is refused give the field in the way."""
    try:
        return write_statement(said, target, keys_of(target.id), now_ms)
    except NotConvertibleError as refusal:
        return refusal.field


def check_written(said: Translated, target: Format, now_ms: int = NOW_MS) -> Translated | None:
    """Convert, decode again and compare; None where the conversion is refused."""
    written = written_or_field(said, target, now_ms)
    if isinstance(written, str):
        end_ms = said.health_code.valid_until_ms
        before_epoch_notation = end_ms is not None and end_ms < FIRST_OF_13_DIGITS_MS
        assert written in REFUSALS or before_epoch_notation, (target.id, written)
        return None
    (read,) = target.decode(written.payload, now_ms, keys_of(target.id))
    assert isinstance(read, Translated)
    before, after = said.health_code, read.health_code
    assert read.document == said.document
    assert after.state is before.state
    assert after.level >= before.level
    assert before.level is not Level.LOW or after.level is Level.LOW
    assert {hold.code for hold in before.holds} <= {hold.code for hold in after.holds}
    assert 0 <= before.as_of_ms - after.as_of_ms < DAY_MS
    lost = {one.field: one.kind for one in written.losses}
    if before.valid_until_ms is not None:
        if after.valid_until_ms is None:
            assert lost["valid_until"] is LossKind.LEFT_OUT
        else:
            end_ms = end_of_validity_ms(before.valid_until_ms)
            assert end_of_validity_ms(after.valid_until_ms) <= end_ms
    assert ("issuer" in lost) is (read.issuer != said.issuer)
    return read


@pytest.mark.parametrize("source", FORMATS.values(), ids=FORMATS)
def test_what_one_member_says_is_said_in_every_format_or_refused(source: Format) -> None:
    statements = statements_of(source)
    assert statements
    for target in FORMATS.values():
        for said, instant in statements:
            check_written(said, target, instant)


@pytest.mark.parametrize("source", FORMATS.values(), ids=FORMATS)
def test_a_plain_statement_passes_from_every_format_into_every_other(source: Format) -> None:
    level = Level.MEDIUM if source.id in WITHOUT_GREEN else Level.LOW
    plain = HealthCode(NOW_MS - 3_600_000, level, State.ACTIVE)
    payload = source.encode(source.member, PERSON, plain, keys_of(source.id))
    (said,) = source.decode(payload, NOW_MS, keys_of(source.id))
    assert isinstance(said, Translated)
    made_end_ms = said.health_code.valid_until_ms
    for target in FORMATS.values():
        if target.id in WITHOUT_GREEN and level is Level.LOW:
            continue
        read = check_written(said, target)
        # An end that one member makes by rule may be earlier than what another's rule makes.
        assert read is not None or made_end_ms is not None, target.id


ASSESSMENTS = [(level, State.ACTIVE) for level in Level] + [
    (Level.UNSPECIFIED, state) for state in State if state > State.ACTIVE
]
SPANS_SECONDS = [None, 0, 1, 59, 3_600, 86_399, 86_400, 40 * 86_400]
AS_OF_MS = [NOW_MS - 1, NOW_MS - 3_599_999, NOW_MS - 9 * DAY_MS]


@pytest.mark.parametrize("target", FORMATS.values(), ids=FORMATS)
def test_no_end_reads_later_and_no_level_milder(target: Format) -> None:
    for (level, state), seconds, as_of_ms in product(ASSESSMENTS, SPANS_SECONDS, AS_OF_MS):
        end_ms = None if seconds is None else as_of_ms + seconds * 1000
        check_written(
            Translated("510000", PERSON, HealthCode(as_of_ms, level, state, end_ms)), target
        )


@pytest.mark.parametrize("target", FORMATS.values(), ids=FORMATS)
def test_a_hold_of_another_member_refuses_and_is_never_lost_silently(target: Format) -> None:
    holds = (Hold("NOBODYS_CODE", "说明"),)
    code = HealthCode(NOW_MS - 1, Level.HIGH, State.ACTIVE, None, holds)
    written = written_or_field(Translated("510000", PERSON, code), target, NOW_MS)
    if isinstance(written, Written):
        (read,) = target.decode(written.payload, NOW_MS, keys_of(target.id))
        assert isinstance(read, Translated)
        assert "NOBODYS_CODE" in {hold.code for hold in read.health_code.holds}
    else:
        assert written == "holds"
