import itertools

import msgspec
import pytest
from hypothesis import given, strategies as st

from exchange.core.health_code import (
    HealthCode,
    Hold,
    Level,
    State,
    Test,
    TestKind,
    TestResult,
    Vaccination,
)
from exchange.core.statement import (
    ERASED,
    ERASED_RANK,
    Entry,
    Statement,
    decode_value,
    encode_value,
    entry,
    merge,
    says_nothing,
    strictness,
    write_time_us,
)
from tests.core.strategies import health_codes

AS_OF = 1_648_771_200_000
SUBJECT = b"\x01" + b"s" * 16
PLAIN = HealthCode(AS_OF, Level.LOW, State.ACTIVE)
FULL = HealthCode(
    as_of_ms=AS_OF,
    level=Level.MEDIUM,
    state=State.ACTIVE,
    valid_until_ms=AS_OF + 86_400_000,
    holds=(Hold("POPUP_3", "时空关联"),),
    region="510100",
    native_status="01",
    tests=(Test(TestKind.NUCLEIC_ACID, TestResult.NEGATIVE, AS_OF - 1, None, "疾控中心"),),
    vaccination=Vaccination(2, "2021-06-01"),
    reason="r",
    guidance="g",
    rule="R-1",
    document_unique=False,
)
GOLDEN = {
    "plain": (PLAIN, "019dcf0000017fe26bf4000101c090a0a090c0a0a0a0c3fe801d93f877"),
    "full": (
        FULL,
        (
            "019dcf0000017fe26bf4000201cf0000017fe79250009192a7504f5055505f33ace697b6e7a9bae5"
            "85b3e88194a6353130313030a2303191950101cf0000017fe26bf3ffc0ace796bee68ea7e4b8ade5"
            "bf839202aa323032312d30362d3031a172a167a3522d31c2fe801d93f877"
        ),
    ),
}
"""Layout version 1, byte by byte: stored values outlive releases."""

STRICTEST_FIRST = [
    HealthCode(AS_OF, Level.UNSPECIFIED, State.WITHDRAWN),
    HealthCode(AS_OF, Level.HIGH, State.ACTIVE),
    HealthCode(AS_OF, Level.ELEVATED, State.ACTIVE),
    HealthCode(AS_OF, Level.MEDIUM, State.ACTIVE),
    HealthCode(AS_OF, Level.LOW, State.ACTIVE, holds=(Hold("H"),)),
    HealthCode(AS_OF, Level.UNSPECIFIED, State.PENDING),
    HealthCode(AS_OF, Level.UNSPECIFIED, State.EXPIRED),
    HealthCode(AS_OF, Level.LOW, State.ACTIVE),
    HealthCode(AS_OF, Level.UNSPECIFIED, State.ACTIVE),
]


@pytest.mark.parametrize("name", GOLDEN)
def test_stored_bytes_of_layout_version_1_never_change(name: str) -> None:
    health_code, golden = GOLDEN[name]
    assert encode_value(health_code, AS_OF + 5000).hex() == golden
    read = decode_value("510000", "510000", bytes.fromhex(golden))
    assert read == Statement("510000", "510000", health_code, AS_OF + 5000)


def test_a_reader_meets_the_next_layout_version_without_failing() -> None:
    value = encode_value(PLAIN, AS_OF)
    fields = msgspec.msgpack.decode(value[1:-6])
    later = b"\x02" + msgspec.msgpack.encode([*fields, "a field of the future", 7]) + value[-6:]
    assert decode_value("510000", "510000", later).health_code == PLAIN


def test_a_level_of_the_future_is_read_as_unspecified() -> None:
    fields = msgspec.msgpack.decode(encode_value(PLAIN, AS_OF)[1:-6])
    fields[1] = 9
    later = b"\x02" + msgspec.msgpack.encode(fields) + bytes(6)
    assert decode_value("510000", "510000", later).health_code.level == Level.UNSPECIFIED


def test_at_one_instant_statements_rank_by_strictness() -> None:
    ranks = [strictness(one) for one in STRICTEST_FIRST]
    assert ranks == sorted(ranks, reverse=True)
    assert len(set(ranks)) == len(ranks)
    assert max(ranks) < ERASED_RANK


def test_only_a_scan_says_nothing() -> None:
    assert [says_nothing(one) for one in STRICTEST_FIRST] == [False] * 8 + [True]


@given(
    st.lists(
        st.tuples(health_codes(st.sampled_from([AS_OF, AS_OF + 1])), st.integers(0, 2)), max_size=5
    )
)
def test_merging_gives_the_same_winner_in_any_order_and_repetition(
    said: list[tuple[HealthCode, int]],
) -> None:
    entries = [entry(SUBJECT, "510000", "510000", one, AS_OF + receipt) for one, receipt in said]
    expected = merge(entries)
    for order in itertools.permutations(entries):
        assert merge([*order, *order]) == expected


@given(health_codes(), health_codes())
def test_the_newer_statement_wins_whatever_it_says(one: HealthCode, other: HealthCode) -> None:
    entries = [entry(SUBJECT, "510000", "510000", said, AS_OF) for said in (one, other)]
    winner = merge(entries)[SUBJECT, "510000", "510000"]
    newest = max(one.as_of_ms, other.as_of_ms)
    assert decode_value("510000", "510000", winner.value).health_code.as_of_ms == newest


@given(health_codes(), st.integers(0, 10**12), st.integers(0, 10**12))
def test_of_two_receipts_of_one_statement_the_earlier_is_kept(
    said: HealthCode, first_ms: int, second_ms: int
) -> None:
    entries = [entry(SUBJECT, "510000", "510000", said, at) for at in (first_ms, second_ms)]
    winner = merge(entries)[SUBJECT, "510000", "510000"]
    kept = decode_value("510000", "510000", winner.value)
    assert kept.receive_time_ms == min(first_ms, second_ms)


@given(health_codes())
def test_an_erased_row_outdoes_every_statement_of_its_instant(said: HealthCode) -> None:
    erased = Entry(SUBJECT, "510000", "510000", write_time_us(said.as_of_ms, ERASED_RANK), ERASED)
    kept = entry(SUBJECT, "510000", "510000", said, AS_OF)
    assert merge([kept, erased])[SUBJECT, "510000", "510000"] == erased
