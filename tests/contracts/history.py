"""Contract: whatever happens in whatever order, a store equals a plain dictionary."""

import asyncio
import itertools
from typing import ClassVar

from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from exchange.core.statement import (
    ERASED,
    ERASED_RANK,
    Entry,
    as_of_ms_of,
    merge,
    write_time_us,
)
from exchange.stores.base import Store
from tests.contracts.place import AS_OF_MS, Place, entry, rows_of, subjects_of, swept

SUBJECTS = 4
STEPS_MAX = 12

subjects = st.integers(0, SUBJECTS - 1)
writes = st.lists(
    st.tuples(
        subjects,
        st.integers(0, 5),
        st.sampled_from([1, 7, 8]),
        st.sampled_from(["310000", "510000"]),
        st.sampled_from(["310000", "000000"]),
        st.binary(min_size=1, max_size=2),
    ),
    max_size=8,
)


class Histories(RuleBasedStateMachine):
    """Writes, erasures and sweeps in any order, on a store and on a dictionary."""

    loop: ClassVar[asyncio.Runner]
    store: ClassVar[Store]
    examples: ClassVar["itertools.count[int]"]

    def __init__(self) -> None:
        super().__init__()
        # Of this example alone, as examples share their tables.
        self.subject = subjects_of(f"{self.store.name} history {next(self.examples)}")
        self.kept: list[Entry] = []
        self.horizon = 0

    @rule(drawn=writes)
    def write(self, drawn: list[tuple[int, int, int, str, str, bytes]]) -> None:
        entries = [
            # Nothing from before a horizon that was swept is written.
            entry(
                self.subject(who), at=self.horizon + at, rank=rank, issuer=issuer, via=via, value=v
            )
            for who, at, rank, issuer, via, v in drawn
        ]
        self.loop.run(self.store.write(entries))
        self.kept = list(merge([*self.kept, *entries]).values())

    @rule(who=subjects)
    def erase(self, who: int) -> None:
        subject = self.subject(who)
        erased = [
            Entry(e.subject, e.issuer, e.via, time, ERASED)
            for e in self.kept
            if e.subject == subject and e.value
            for time in [write_time_us(as_of_ms_of(e.write_time_us), ERASED_RANK)]
        ]
        assert self.loop.run(self.store.erase(subject)) == len(erased)
        self.kept = list(merge([*self.kept, *erased]).values())

    @rule(further=st.integers(0, 3))
    def sweep(self, further: int) -> None:
        self.horizon += further
        horizon_ms = AS_OF_MS + self.horizon
        progress = self.loop.run(swept(self.store, horizon_ms))
        assert progress[-1].fraction == 1.0
        self.kept = [e for e in self.kept if as_of_ms_of(e.write_time_us) >= horizon_ms]

    @invariant()
    def a_reader_sees_what_the_dictionary_has(self) -> None:
        asked = [self.subject(who) for who in range(SUBJECTS)]
        answers = self.loop.run(self.store.read(asked))
        together = [set(answer) for answer in answers if isinstance(answer, tuple)]
        assert together == [rows_of(self.kept, subject) for subject in asked]


class HistoryContract:
    history_examples = 30
    """Fewer where each step costs a request."""

    def test_any_history_leaves_what_a_plain_dictionary_would_hold(
        self, empty_place: Place
    ) -> None:
        with asyncio.Runner() as runner:
            opened = empty_place.open()
            runner.run(opened.connect())
            runner.run(opened.migrate())

            class Machine(Histories):
                loop = runner
                store = opened
                examples = itertools.count()

            try:
                run_state_machine_as_test(
                    Machine,
                    settings=settings(
                        max_examples=self.history_examples, stateful_step_count=STEPS_MAX
                    ),
                )
            finally:
                runner.run(opened.close())
