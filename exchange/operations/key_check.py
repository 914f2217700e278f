"""Refusing to start with another key than the store was written with."""

import msgspec

from exchange.core.errors import StartError
from exchange.core.subject import SubjectKey, SubjectKeys
from exchange.stores.base import Store

MARK = "subject_keys"


class _Seen(msgspec.Struct, frozen=True):
    """What the store remembers of one generation: a check value, and when it was seen first."""

    generation: int
    check: str
    since_ms: int


async def check_subject_keys(
    store: Store, keys: SubjectKeys, now_ms: int, retention_ms: int
) -> None:
    """Compare the keys with the check values the store remembers, and remember new ones.

    A generation may leave the file once the next one has been in use for the whole retention: no
    statement under it is left then.

    Raises:
        StartError: A key is not the one the store was written with, or one is missing.
        StoreUnavailableError: The store does not answer.
    """
    found = await store.mark(MARK)
    seen = _compared(found, keys, now_ms - retention_ms)
    known = {one.generation for one in seen}
    new = tuple(_seen(key, now_ms) for key in keys.keys if key.generation not in known)
    if not new:
        return
    value = msgspec.json.encode((*seen, *new))
    if not await store.set_mark(MARK, value, expected=found):
        # Another server remembered its keys first: compare with those.
        await check_subject_keys(store, keys, now_ms, retention_ms)


async def compare_subject_keys(
    store: Store, keys: SubjectKeys, now_ms: int, retention_ms: int
) -> tuple[int, ...]:
    """Compare the keys with what the store remembers, and remember nothing.

    Returns:
        The generations that the store was served with.

    Raises:
        StartError: A key is not the one the store was written with, or one is missing.
        StoreUnavailableError: The store does not answer.
    """
    seen = _compared(await store.mark(MARK), keys, now_ms - retention_ms)
    return tuple(one.generation for one in seen)


def _compared(found: bytes | None, keys: SubjectKeys, before_ms: int) -> tuple[_Seen, ...]:
    seen = msgspec.json.decode(found, type=tuple[_Seen, ...]) if found else ()
    for one in seen:
        _compare(one, keys, _has_aged_out(one, seen, before_ms))
    return seen


def _seen(key: SubjectKey, now_ms: int) -> _Seen:
    return _Seen(key.generation, key.check_value().hex(), now_ms)


def _has_aged_out(one: _Seen, seen: tuple[_Seen, ...], before_ms: int) -> bool:
    return any(other.generation > one.generation and other.since_ms < before_ms for other in seen)


def _compare(one: _Seen, keys: SubjectKeys, aged_out: bool) -> None:
    for key in keys.keys:
        if key.generation != one.generation:
            continue
        if key.check_value().hex() != one.check:
            raise StartError(
                f"The subject key of generation {one.generation} is not the one this store was "
                "written with: put the right key file in place (docs/operate.md, Keys)."
            )
        return
    if not aged_out:
        raise StartError(
            f"The store holds statements under subject key generation {one.generation}, which is "
            "missing in the key file: put it back (docs/operate.md, Keys)."
        )
