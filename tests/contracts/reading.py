"""Contract: a read gives each subject its own rows, at its own place."""

from collections.abc import Callable

import pytest

from exchange.core.errors import ValueTooLargeError
from exchange.core.statement import VALUE_BYTES_MAX
from exchange.stores.base import READ_SUBJECTS_MAX, Store
from tests.contracts.place import entry, rows_of, seen


class ReadingContract:
    async def test_issuers_and_sources_of_one_subject_stand_beside_each_other(
        self, store: Store, subject: Callable[[object], bytes]
    ) -> None:
        codes = [f"{member:06d}" for member in range(110_000, 143_000, 1_000)]
        entries = [
            entry(subject(0), issuer=issuer, via=via, value=f"{issuer} {via}".encode())
            for issuer in codes
            for via in (issuer, "000000")
        ]
        await store.write(entries)
        assert await seen(store, subject(0)) == rows_of(entries, subject(0))

    async def test_an_unknown_subject_has_no_rows(
        self, store: Store, subject: Callable[[object], bytes]
    ) -> None:
        assert await store.read([subject(0)]) == [()]

    async def test_nothing_written_and_nothing_asked_are_valid(self, store: Store) -> None:
        await store.write([])
        assert await store.read([]) == []

    async def test_a_batch_answers_in_the_order_asked_also_unknown_and_repeated_subjects(
        self, store: Store, subject: Callable[[object], bytes]
    ) -> None:
        known = [entry(subject(index), value=b"value %d" % index) for index in range(300)]
        await store.write(known)
        asked = [index % 450 for index in range(0, 1_350, 2)]
        answers = await store.read([subject(index) for index in asked])
        assert answers == [
            (("510000", "510000", b"value %d" % index),) if index < 300 else () for index in asked
        ]

    async def test_the_largest_read_is_answered_whole(
        self, store: Store, subject: Callable[[object], bytes]
    ) -> None:
        subjects = [subject(index) for index in range(READ_SUBJECTS_MAX)]
        await store.write([entry(one, value=one) for one in subjects])
        answers = await store.read(subjects)
        assert answers == [(("510000", "510000", one),) for one in subjects]

    async def test_subjects_that_differ_by_one_byte_or_by_case_are_different(
        self, store: Store
    ) -> None:
        subjects = [
            b"\x01contract-Subject\x00",
            b"\x01contract-subject\x00",
            b"\x01contract-subject\x01",
            b"\x02contract-subject\x00",
            b"\x01contract-subject",
            b"\x01contract-subj\xc3\xa9ct",
            b"\x01contract-subje\xcc\x81ct",
        ]
        await store.write([entry(one, value=b"of " + one) for one in subjects])
        answers = await store.read(subjects)
        assert answers == [(("510000", "510000", b"of " + one),) for one in subjects]

    async def test_the_largest_value_is_kept_to_the_byte(
        self, store: Store, subject: Callable[[object], bytes]
    ) -> None:
        large = bytes(range(256)) * (VALUE_BYTES_MAX // 256)
        await store.write([entry(subject(index), value=large) for index in range(5)])
        answers = await store.read([subject(index) for index in range(5)])
        assert answers == [(("510000", "510000", large),)] * 5

    async def test_a_value_that_is_too_large_is_refused_and_nothing_of_its_write_is_kept(
        self, store: Store, subject: Callable[[object], bytes]
    ) -> None:
        large = entry(subject(1), value=b"x" * (VALUE_BYTES_MAX + 1))
        with pytest.raises(ValueTooLargeError):
            await store.write([entry(subject(0)), large])
        assert await store.read([subject(0), subject(1)]) == [(), ()]
