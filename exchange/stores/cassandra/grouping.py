"""Which subjects and entries travel together: pure functions over the owners of subjects."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from exchange.core.statement import Entry

READ_GROUP_SUBJECTS_MAX = 100
"""Subjects of one IN. From 100 on larger groups gain little, and a node's work stays short."""
WRITE_BATCH_ENTRIES_MAX = 50
"""Entries of one batch: five times the rate of 10, and 100 gain no more (measured)."""
WRITE_BATCH_BYTES_MAX = 24 * 1024
"""A node refuses batches over 50 KiB as it counts them; keys and overheads are not in our sum."""

Replicas = Callable[[bytes], tuple[str, ...]]
"""From a subject to the nodes that keep it, first owner first."""


def read_groups(subjects: Iterable[bytes], replicas: Replicas | None) -> Iterator[list[bytes]]:
    """Group different subjects by their first owner, which can coordinate all of its group."""
    owned: dict[tuple[str, ...], list[bytes]] = {}
    if replicas is None:
        owned[()] = list(subjects)
    else:
        for subject in subjects:
            owned.setdefault(replicas(subject)[:1], []).append(subject)
    for group in owned.values():
        for start in range(0, len(group), READ_GROUP_SUBJECTS_MAX):
            yield group[start : start + READ_GROUP_SUBJECTS_MAX]


def write_batches(entries: Sequence[Entry], replicas: Replicas | None) -> Iterator[list[Entry]]:
    """Group entries by all their replicas, so that one coordinator serves the whole batch."""
    if replicas is None:
        yield from _bounded(entries)
        return
    kept: dict[frozenset[str], list[Entry]] = {}
    for entry in entries:
        kept.setdefault(frozenset(replicas(entry.subject)), []).append(entry)
    for group in kept.values():
        yield from _bounded(group)


def _bounded(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        if batch and (
            len(batch) == WRITE_BATCH_ENTRIES_MAX or size + len(entry.value) > WRITE_BATCH_BYTES_MAX
        ):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += len(entry.value)
    if batch:
        yield batch
