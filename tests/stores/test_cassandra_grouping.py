"""Which subjects and entries travel together on a ring, and how the ring is cut for a sweep."""

from itertools import pairwise

import pytest

from exchange.core.errors import StartError
from exchange.stores.cassandra import CassandraSettings, CassandraStore
from exchange.stores.cassandra.grouping import (
    READ_GROUP_SUBJECTS_MAX,
    WRITE_BATCH_BYTES_MAX,
    WRITE_BATCH_ENTRIES_MAX,
    read_groups,
    write_batches,
)
from exchange.stores.cassandra.ring import TOKEN_MAX, TOKEN_MIN, fraction, parts
from tests.contracts.place import entry

NODES = ("a", "b", "c", "d")


def replicas(subject: bytes) -> tuple[str, ...]:
    first = subject[0] % len(NODES)
    return tuple(NODES[(first + step) % len(NODES)] for step in range(3))


def subjects(count: int) -> list[bytes]:
    return [index.to_bytes(2, "little") for index in range(count)]


def test_subjects_of_one_read_group_have_the_same_first_owner() -> None:
    groups = list(read_groups(subjects(1_000), replicas))
    assert all(len({replicas(one)[0] for one in group}) == 1 for group in groups)
    assert all(len(group) <= READ_GROUP_SUBJECTS_MAX for group in groups)
    assert sorted(one for group in groups for one in group) == sorted(subjects(1_000))


def test_subjects_whose_owner_is_not_known_yet_are_read_all_the_same() -> None:
    (group,) = read_groups(subjects(10), lambda _: ())
    assert group == subjects(10)


def test_entries_of_one_batch_have_the_same_replicas() -> None:
    entries = [entry(one) for one in subjects(1_000)]
    batches = list(write_batches(entries, replicas))
    assert all(len({frozenset(replicas(e.subject)) for e in batch}) == 1 for batch in batches)
    assert all(len(batch) <= WRITE_BATCH_ENTRIES_MAX for batch in batches)
    assert sum(map(len, batches)) == 1_000


def test_a_batch_of_large_values_is_cut_by_its_bytes() -> None:
    entries = [entry(one, value=b"v" * 10_000) for one in subjects(20)]
    batches = list(write_batches(entries, None))
    assert all(sum(len(e.value) for e in batch) <= WRITE_BATCH_BYTES_MAX for batch in batches)
    assert [e for batch in batches for e in batch] == entries


@pytest.mark.parametrize("count", [1, 7, 4_096])
def test_the_parts_of_the_ring_touch_and_cover_every_token(count: int) -> None:
    cut = list(parts(count))
    assert len(cut) == count
    assert (cut[0][0], cut[-1][1]) == (TOKEN_MIN, TOKEN_MAX)
    assert all(before[1] == after[0] for before, after in pairwise(cut))
    assert [fraction(TOKEN_MIN), fraction(TOKEN_MAX)] == [0.0, 1.0]


@pytest.mark.parametrize(
    "settings",
    [
        CassandraSettings(keyspace='x"; DROP KEYSPACE y'),
        CassandraSettings(replication_strategy="Other"),
        CassandraSettings(replication=()),
        CassandraSettings(replication=(("a' : 1", 1),)),
        CassandraSettings(replication=(("dc1", 0),)),
    ],
)
def test_settings_that_could_not_stand_in_a_statement_are_refused(
    settings: CassandraSettings,
) -> None:
    with pytest.raises(StartError):
        CassandraStore(settings)
