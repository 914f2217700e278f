"""The notations of time: what they read, what they refuse, how they write."""

import pytest
from hypothesis import given, strategies as st

from adapters.notations import NOTATIONS, end_of_beijing_day, read_end, write_end
from exchange.core.times import SECOND_MS, format_rfc3339, parse_rfc3339

EPOCH_DIGITS_FROM = parse_rfc3339("2001-09-09T01:46:40Z")
"""From here on epoch seconds have ten digits and epoch milliseconds thirteen."""

MOMENT = parse_rfc3339("2022-04-01T00:00:00Z")


@pytest.mark.parametrize(
    ("notation", "text", "instant"),
    [
        ("bj", "2022-04-01 08:00:00", "2022-04-01T00:00:00Z"),
        ("bjm", "2022-04-01 08:00", "2022-04-01T00:00:00Z"),
        ("bj24", "2022-03-31 24:00:00", "2022-03-31T16:00:00Z"),
        ("ms", "1648771200123", "2022-04-01T00:00:00.123Z"),
        ("s", "1648771200", "2022-04-01T00:00:00Z"),
        ("compact", "20220401080000", "2022-04-01T00:00:00Z"),
        ("compact12", "202204010800", "2022-04-01T00:00:00Z"),
        ("iso", "2022-04-01T08:00:00.1239+08:00", "2022-04-01T00:00:00.123Z"),
        ("iso", "2022-03-31T14:30:00-09:30", "2022-04-01T00:00:00Z"),
        ("iso", "2022-04-01T00:00:00Z", "2022-04-01T00:00:00Z"),
        ("cn", "2022年04月01日 08时00分", "2022-04-01T00:00:00Z"),
        ("slash", "2022/4/1 8:00:00", "2022-04-01T00:00:00Z"),
        ("slash", "2022/04/01 08:00:00", "2022-04-01T00:00:00Z"),
        ("date", "2022-04-01", "2022-03-31T16:00:00Z"),
        ("date8", "20220401", "2022-03-31T16:00:00Z"),
    ],
)
def test_a_time_in_the_notation_is_read(notation: str, text: str, instant: str) -> None:
    assert NOTATIONS[notation].read(text) == parse_rfc3339(instant)


@pytest.mark.parametrize(
    ("notation", "text"),
    [
        ("bj", "2022-4-1 08:00:00"),
        ("bj", "2022-04-01T08:00:00"),
        ("bj", "2022-04-01 08:00"),
        ("bj", "2022-04-01 24:00:00"),
        ("bj", "2022-04-01 08:00:60"),
        ("bj", "2022-02-29 08:00:00"),
        ("bj", "２０２２-04-01 08:00:00"),
        ("bj", "2022-04-01 08:00:00 "),
        ("bj", "0000-04-01 08:00:00"),
        ("bjm", "2022-04-01 08"),
        ("bj24", "2022-04-01 24:00:01"),
        ("bj24", "2022-02-30 24:00:00"),
        ("ms", "164877120012"),
        ("ms", "-648771200123"),
        ("ms", "١٦٤٨٧٧١٢٠٠١٢٣"),
        ("s", "1648771200.0"),
        ("compact", "2022040108000"),
        ("compact12", "20220401080000"),
        ("iso", "2022-04-01T08:00:00"),
        ("iso", "2022-04-01t08:00:00Z"),
        ("iso", "2022-04-01T08:00:00z"),
        ("iso", "2022-04-01T08:00:00+0800"),
        ("iso", "2022-04-01T08:00:00+24:00"),
        ("iso", "2022-04-01T08:00:00.Z"),
        ("iso", "2022-04-01T08:00:00.1234567890Z"),
        ("iso", "2022-04-01T08:00:00,5Z"),
        ("cn", "2022年4月1日 8时0分"),
        ("slash", "2022/4/1 8:0:00"),
        ("slash", "22/4/1 8:00:00"),
        ("slash", "2022/004/1 8:00:00"),
        ("slash", "2022/4/1 08:00"),
        ("slash", "2022//1 08:00:00"),
        ("slash", "2022/4/1/1 08:00:00"),
        ("date", "20220401"),
        ("date8", "2022-04-01"),
    ],
)
def test_anything_else_is_refused(notation: str, text: str) -> None:
    assert NOTATIONS[notation].read(text) is None


@pytest.mark.parametrize("notation", NOTATIONS)
@given(text=st.text(max_size=30))
def test_any_text_is_a_time_or_none(notation: str, text: str) -> None:
    assert isinstance(NOTATIONS[notation].read(text), int | None)


@pytest.mark.parametrize("notation", NOTATIONS)
@given(instant=st.integers(min_value=EPOCH_DIGITS_FROM, max_value=MOMENT + 10**12))
def test_what_is_written_reads_back_and_is_never_later(notation: str, instant: int) -> None:
    found = NOTATIONS[notation].read(str(NOTATIONS[notation].write(instant)))
    assert found is not None
    assert 0 <= instant - found < 86_400 * SECOND_MS
    ending = NOTATIONS[notation]
    end = read_end(ending)(str(write_end(ending)(instant)))
    assert end is not None
    assert 0 <= instant - end < 86_400 * SECOND_MS


def test_a_date_is_written_as_an_end_only_if_its_whole_day_fits() -> None:
    write = write_end(NOTATIONS["date"])
    assert write(parse_rfc3339("2022-04-08T15:59:59Z")) == "2022-04-08"
    assert write(parse_rfc3339("2022-04-08T15:59:58Z")) == "2022-04-07"


def test_a_day_ends_at_its_last_second_in_beijing() -> None:
    assert format_rfc3339(end_of_beijing_day(MOMENT)) == "2022-04-01T15:59:59Z"


@pytest.mark.parametrize(
    ("notation", "written"), [("ms", 9999999999999), ("ms_str", "9999999999999"), ("s", 9999999999)]
)
def test_an_end_without_end_is_cut_to_what_the_digits_hold(
    notation: str, written: int | str
) -> None:
    for_ever = parse_rfc3339("9999-12-31T15:59:59Z")
    assert NOTATIONS[notation].write(for_ever) == written
    assert NOTATIONS[notation].read(str(written)) is not None
