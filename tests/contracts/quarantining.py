"""Contract: sealed records are kept by member and key until they are removed."""

from collections.abc import Callable

import pytest

from exchange.stores.base import Store
from exchange.stores.quarantine import QuarantineRow


def row(key: bytes, text: bytes = b"", size: int = 10) -> QuarantineRow:
    return QuarantineRow(key[:16], b"head " + text, bytes(range(256)) * (size // 256 + 1))


class QuarantiningContract:
    @pytest.fixture
    def member(self, subject: Callable[[object], bytes]) -> str:
        return subject("member").hex()[:12]

    @pytest.fixture
    def key(self, subject: Callable[[object], bytes]) -> Callable[[object], bytes]:
        return lambda index: subject(index)[1:]

    async def test_a_quarantine_that_was_never_used_is_empty(
        self, store: Store, member: str, key: Callable[[object], bytes]
    ) -> None:
        assert await store.quarantine.heads(member) == ()
        assert await store.quarantine.read(member, [key(1)]) == ()
        await store.quarantine.add(member, [])
        await store.quarantine.remove(member, [])
        await store.quarantine.remove(member, [key(1)])

    async def test_heads_are_given_by_key_and_contents_as_asked(
        self, store: Store, member: str, key: Callable[[object], bytes]
    ) -> None:
        rows = [row(key(index), b"%d" % index, size=index * 1_000) for index in range(100)]
        await store.quarantine.add(member, rows)
        heads = await store.quarantine.heads(member)
        assert list(heads) == sorted((one.key, one.head) for one in rows)
        asked = [rows[5], rows[99], rows[0]]
        keys = [asked[0].key, key("unknown"), asked[1].key, asked[2].key]
        assert await store.quarantine.read(member, keys) == tuple(asked)

    async def test_a_large_content_comes_back_as_it_was(
        self, store: Store, member: str, key: Callable[[object], bytes]
    ) -> None:
        large = row(key(1), size=4 << 20)
        await store.quarantine.add(member, [large])
        assert await store.quarantine.read(member, [large.key]) == (large,)

    async def test_adding_a_key_again_replaces_its_row(
        self, store: Store, member: str, key: Callable[[object], bytes]
    ) -> None:
        await store.quarantine.add(member, [row(key(1), b"first")])
        await store.quarantine.add(member, [row(key(1), b"second")])
        assert await store.quarantine.heads(member) == ((key(1), b"head second"),)

    async def test_what_is_removed_is_gone_and_the_rest_stays(
        self, store: Store, member: str, key: Callable[[object], bytes]
    ) -> None:
        await store.quarantine.add(member, [row(key(index)) for index in range(3)])
        await store.quarantine.remove(member, [key(0), key(2)])
        assert await store.quarantine.heads(member) == ((key(1), b"head "),)
        await store.quarantine.add(member, [row(key(0), b"again")])
        assert await store.quarantine.read(member, [key(0)]) == (row(key(0), b"again"),)

    async def test_one_members_records_are_its_own(
        self, store: Store, member: str, key: Callable[[object], bytes]
    ) -> None:
        other = member[::-1] + "x"
        await store.quarantine.add(member, [row(key(1), b"mine")])
        await store.quarantine.add(other, [row(key(1), b"yours")])
        await store.quarantine.remove(other, [key(1)])
        assert await store.quarantine.heads(member) == ((key(1), b"head mine"),)
