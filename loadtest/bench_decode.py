"""Measure decoding on one core: records a second and microseconds a record, per format.

Run as ``python -m loadtest.bench_decode [FORMAT ...]``. Payloads are made by the formats' own
writers; formats of one record a payload are measured payload by payload.
"""

import random
import re
import sys
import time
from collections.abc import Iterator

from adapters.__main__ import TEST_KEYS
from adapters.base import NO_KEYS, Format
from adapters.registry import FORMATS
from exchange.core.documents import check_character
from exchange.core.health_code import (
    Document,
    DocumentType,
    HealthCode,
    Level,
    State,
    Test,
    TestKind,
    TestResult,
)  # fmt: skip
from exchange.core.outcome import NotRepresentableError, Translated

RECORDS = 5_000
ROUNDS = 5
RECEIVED_MS = 1_648_857_600_000
SEED = 20220401


def statements(count: int) -> Iterator[tuple[Document, HealthCode]]:
    """Make synthetic statements about people who were born before 1910."""
    chance = random.Random(SEED)
    for _ in range(count):
        digits = (
            f"{chance.choice((11, 51))}0102{chance.randrange(1880, 1910)}"
            f"{chance.randrange(1, 13):02d}{chance.randrange(1, 29):02d}"
            f"{chance.randrange(1000):03d}"
        )
        as_of_ms = RECEIVED_MS - chance.randrange(86_400) * 1000
        test = Test(TestKind.NUCLEIC_ACID, TestResult.NEGATIVE, as_of_ms - 86_400_000)
        yield (
            Document(DocumentType.RESIDENT_ID, digits + check_character(digits)),
            HealthCode(
                as_of_ms=as_of_ms,
                level=chance.choice((Level.MEDIUM, Level.HIGH)),
                state=State.ACTIVE,
                valid_until_ms=as_of_ms + 7 * 86_400_000,
                region="510100",
                tests=(test,),
            ),
        )


def payloads(format_: Format) -> list[bytes]:
    """Give one payload with all records where a format holds many, else one for each."""
    keys = TEST_KEYS.get(format_.id, NO_KEYS)
    single = [
        format_.encode("000000", document, code, keys) for document, code in statements(RECORDS)
    ]
    return [merged] if format_.many and (merged := merge(format_, single)) else single


def merge(format_: Format, single: list[bytes]) -> bytes | None:
    """Make one payload of many where that is a matter of putting their records side by side."""
    if format_.transport == "lines":
        first = single[0].splitlines(keepends=True)
        if not format_.has_header:
            return b"".join(single)
        records = b"".join(one.splitlines(keepends=True)[1] for one in single)
        # A count of one record stands at the end of header and trailer.
        frame = [
            re.sub(rb"0*1(?=\r?\n$)", lambda one: b"%0*d" % (len(one[0]), len(single)), line)
            for line in (first[0], *first[2:])
        ]
        return frame[0] + records + b"".join(frame[1:])
    return None


def measure(format_: Format) -> float:
    """Give microseconds a record, the best of some rounds."""
    prepared, keys = payloads(format_), TEST_KEYS.get(format_.id, NO_KEYS)
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        outcomes = [
            outcome
            for payload in prepared
            for outcome in format_.decode(payload, RECEIVED_MS, keys)
        ]
        best = min(best, time.process_time() - start)
        assert len(outcomes) == RECORDS  # noqa: S101 - the measurement is void otherwise
        assert all(isinstance(outcome, Translated) for outcome in outcomes)  # noqa: S101
    return best / RECORDS * 1e6


def main() -> None:
    """Print a table: format, records a payload, records a second, microseconds a record."""
    print(f"{'format':<20} {'payload':>8} {'records/s':>10} {'us/record':>10}")  # noqa: T201
    for format_id in sys.argv[1:] or FORMATS:
        format_ = FORMATS[format_id]
        try:
            cost_us = measure(format_)
        except NotRepresentableError as error:
            print(f"{format_id:<20} cannot hold the sample: {error.field}")  # noqa: T201
            continue
        kind = "many" if len(payloads(format_)) == 1 else "one"
        print(f"{format_id:<20} {kind:>8} {1e6 / cost_us:>10,.0f} {cost_us:>10.2f}")  # noqa: T201


if __name__ == "__main__":
    main()
