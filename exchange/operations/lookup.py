"""Reading the statements about subjects: decoded, past retention hidden, key generations merged."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from exchange.core.check import Subjects
from exchange.core.errors import StoreError
from exchange.core.statement import Row, Statement, decode_value, encode_value, strictness
from exchange.stores.base import Store

Found = Iterator[tuple[Statement, ...] | StoreError]
"""The statements about one person after the other, decoded as they are asked for: what is done with
one person's while they are at hand takes two thirds of the time of doing all in steps."""


async def read_statements(store: Store, persons: Sequence[Subjects], horizon_ms: int) -> Found:
    """Return the statements about each person, in the order asked; an error at a failed place.

    Raises:
        StoreUnavailableError: Nothing at all could be read.
    """
    if not persons:
        return iter(())
    rows = await store.read([subject for subjects in persons for subject in subjects])
    found = _of_subjects(rows, horizon_ms)
    if len(rows) == len(persons):
        return found
    return (_merged([*islice(found, len(subjects))]) for subjects in persons)


def _of_subjects(rows: Sequence[tuple[Row, ...] | StoreError], horizon_ms: int) -> Found:
    """Decode what is kept under each subject and leave out what is past retention."""
    for kept in rows:
        if isinstance(kept, StoreError):
            yield kept
            continue
        statements: tuple[Statement, ...] = ()
        try:
            for issuer, via, value in kept:
                one = decode_value(issuer, via, value)
                if one.health_code.as_of_ms >= horizon_ms:
                    statements += (one,)  # Nearly all have one or two: less than a list and a copy.
        except ValueError:
            yield StoreError("A stored statement cannot be read.")
        else:
            yield statements


def _merged(
    found: Sequence[tuple[Statement, ...] | StoreError],
) -> tuple[Statement, ...] | StoreError:
    statements: list[Statement] = []
    for one in found:
        if isinstance(one, StoreError):
            return one
        statements += one
    return _newest(statements)


def _newest(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """Keep one statement of each issuer and source: a rotation leaves some under two subjects."""
    newest: dict[tuple[str, str], Statement] = {}
    for one in statements:
        old = newest.get((one.issuer, one.via))
        if old is None or _order(one) > _order(old):
            newest[one.issuer, one.via] = one
    return tuple(newest.values())


def _order(one: Statement) -> tuple[int, int, bytes]:
    health_code = one.health_code
    value = encode_value(health_code, one.receive_time_ms)
    return (health_code.as_of_ms, strictness(health_code), value)
