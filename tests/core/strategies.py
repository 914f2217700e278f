"""Generators of values for property tests."""

from hypothesis import strategies as st

from exchange.core.health_code import HealthCode, Hold, Level, State
from exchange.core.members import NATIONAL
from exchange.core.statement import Statement

NOW_MS = 1_648_771_200_000
ISSUERS = ("110000", "310000", "510000", NATIONAL)

instants = st.integers(NOW_MS - 30 * 86_400_000, NOW_MS + 300_000)
states = st.sampled_from([State.ACTIVE, State.PENDING, State.EXPIRED, State.WITHDRAWN])


@st.composite
def health_codes(draw: st.DrawFn, as_of: st.SearchStrategy[int] = instants) -> HealthCode:
    state = draw(states)
    level = draw(st.sampled_from(list(Level))) if state == State.ACTIVE else Level.UNSPECIFIED
    as_of_ms = draw(as_of)
    return HealthCode(
        as_of_ms=as_of_ms,
        level=level,
        state=state,
        valid_until_ms=draw(st.none() | st.integers(as_of_ms, as_of_ms + 40 * 86_400_000)),
        holds=draw(st.sampled_from([(), (Hold("POPUP_3", "x"),)])),
        reason=draw(st.sampled_from(["", "密接"])),
        document_unique=draw(st.sampled_from([True, True, True, False])),
    )


@st.composite
def statements(draw: st.DrawFn) -> Statement:
    issuer = draw(st.sampled_from(ISSUERS))
    via = draw(st.sampled_from([issuer, NATIONAL]))
    health_code = draw(health_codes())
    return Statement(issuer, via, health_code, health_code.as_of_ms + 1000)


cases = st.lists(statements(), max_size=6, unique_by=lambda one: (one.issuer, one.via))
"""What a store can hold about one person: one statement for each issuer and source."""
