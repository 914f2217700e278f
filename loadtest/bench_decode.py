"""Measure decoding on one core: records a second and microseconds a record, per format.

Run as ``python -m loadtest.bench_decode [FORMAT ...]``. Payloads are made by the formats' own
writers. Each format is measured with one record a payload, and where a payload holds many also with
all of them in one; relays are about one person and so have no such batch. Time is processor time,
the best of many short rounds, because it moves by half with what else the machine does.
"""

import contextlib
import json
import random
import re
import sys
import time
from collections.abc import Iterator
from typing import Any

from adapters.__main__ import TEST_KEYS
from adapters.base import NO_KEYS, Format, Keys
from adapters.families.sealed import seal, unseal
from adapters.families.xml_text import DECLARATION
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
from exchange.core.outcome import NotRepresentableError, Rejected, Translated

RECORDS = 1_000
ROUNDS = 25
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


TARGETS = {
    ("json", "one"): 40_000,
    ("json", "batch"): 60_000,
    ("lines", "batch"): 100_000,
    ("xml", "one"): 25_000,
    ("xml", "batch"): 25_000,
    ("sealed", "one"): 8_000,
    ("sealed", "batch"): 20_000,
}
"""Records a second that are wanted, by what the bytes are and how many records a payload has."""


class NoBatchError(ValueError):
    """Payloads differ in more than their records."""


def kind(format_: Format, payload: bytes) -> str:
    """Tell what the bytes of a format are, as the targets see it."""
    if format_.keys:
        return "sealed" if "sm4" in format_.keys else "line"
    if payload.startswith((b"{", b"[")):
        return "json"
    if payload.startswith(b"<"):
        return "xml"
    return "lines" if format_.transport == "lines" else "form"


def batch(format_: Format, single: list[bytes]) -> bytes:
    """Make one payload of many.

    Raises:
        NoBatchError: The format cannot hold them in one.
    """
    if not format_.many:
        raise NoBatchError
    if format_.transport == "lines":
        return merge_lines(format_, single)
    what = kind(format_, single[0])
    if what == "sealed":
        return merge_sealed(single, TEST_KEYS[format_.id])
    return merge_xml(single) if what == "xml" else merge_json_texts(single)


def merge_lines(format_: Format, single: list[bytes]) -> bytes:
    """Put record lines below one another, and their number into header and trailer."""
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


def merge_xml(single: list[bytes]) -> bytes:
    """Put elements beside each other in one root."""
    texts = [payload.decode().removeprefix(DECLARATION) for payload in single]
    root, closing = texts[0].index(">") + 1, texts[0].rindex("<")
    inner = "".join(text[root : text.rindex("<")] for text in texts)
    return (DECLARATION + texts[0][:root] + inner + texts[0][closing:]).encode()


def merge_sealed(single: list[bytes], keys: Keys) -> bytes:
    """Put what is sealed into one envelope."""
    service = json.loads(single[0])["Service-Id"]
    inside = [unseal(payload, service, keys) for payload in single]
    opened = [text for text in inside if not isinstance(text, Rejected)]
    return seal(merge_json_texts(opened), service, RECEIVED_MS, keys)


def merge_json_texts(single: list[bytes]) -> bytes:
    """Put the lists of JSON texts, or of the texts in them, together."""
    return json.dumps(
        merge_json([json.loads(one) for one in single]), ensure_ascii=False, separators=(",", ":")
    ).encode()


def merge_json(values: list[Any]) -> Any:
    """Put lists together; all else must be the same in all values."""
    first = values[0]
    if isinstance(first, list):
        return [element for value in values for element in value]
    if isinstance(first, dict):
        return {key: merge_json([value[key] for value in values]) for key in first}
    if all(value == first for value in values):
        return first
    if isinstance(first, str) and first.startswith("{"):
        return merge_json_texts([value.encode() for value in values]).decode()
    raise NoBatchError


def measure(format_: Format, payloads: list[bytes]) -> float:
    """Give microseconds a record, the best of some rounds."""
    keys, best = TEST_KEYS.get(format_.id, NO_KEYS), float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        outcomes = [
            outcome
            for payload in payloads
            for outcome in format_.decode(payload, RECEIVED_MS, keys)
        ]
        best = min(best, time.process_time() - start)
        assert len(outcomes) == RECORDS  # noqa: S101 - the measurement is void otherwise
        assert all(isinstance(outcome, Translated) for outcome in outcomes)  # noqa: S101
    return best / RECORDS * 1e6


def report(format_: Format) -> Iterator[str]:
    """Give the lines of a format: one for payloads of one record, one for a batch."""
    keys = TEST_KEYS.get(format_.id, NO_KEYS)
    single = [
        format_.encode("000000", document, code, keys) for document, code in statements(RECORDS)
    ]
    ways = {"one": single}
    with contextlib.suppress(NoBatchError):
        ways["batch"] = [batch(format_, single)]
    what = kind(format_, single[0])
    for way, payloads in ways.items():
        if format_.transport == "lines" and way == "one":
            continue  # Nobody sends a file of one line.
        cost_us = measure(format_, payloads)
        target = TARGETS.get((what, way), 0)
        verdict = "-" if not target else "met" if 1e6 / cost_us >= target else "BELOW"
        yield (
            f"{format_.id:<18} {what:<7} {way:<6} {1e6 / cost_us:>10,.0f} {cost_us:>9.2f} "
            f"{target or '-':>8} {verdict}"
        )


def main() -> None:
    """Print a table: format, kind, records a payload, records a second, and what is wanted."""
    header = (
        f"{'format':<18} {'kind':<7} {'way':<6} {'records/s':>10} {'us/record':>9} {'target':>8}"
    )
    sys.stdout.write(header + "\n")
    for format_id in sys.argv[1:] or FORMATS:
        try:
            for line in report(FORMATS[format_id]):
                sys.stdout.write(line + "\n")
                sys.stdout.flush()
        except NotRepresentableError as error:
            sys.stdout.write(f"{format_id:<18} cannot hold the sample: {error.field}\n")


if __name__ == "__main__":
    main()
