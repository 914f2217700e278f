"""Encoded requests of load tests: checks, batches, native files and their streams."""

import random
from collections.abc import Iterator

from adapters.registry import FORMATS
from exchange.api.v1 import (
    health_code_pb2,
    health_code_service_pb2 as publish_pb,
    recognition_service_pb2 as pb,
)
from exchange.core.health_code import HealthCode, Level, State
from loadtest.population import SEED, document, number

FILE_FORMAT = "310000-ry-v1"
"""A line file of red and yellow codes: what arrives as a daily burst."""
FILE_MEMBER = "310000"
CHUNK_BYTES = 256 * 1024


def check(index: int, destination: str) -> pb.CheckHealthCodeRequest:
    """Return a question about a person."""
    asked = health_code_pb2.Document(
        type=health_code_pb2.Document.RESIDENT_ID, number=number(index)
    )
    return pb.CheckHealthCodeRequest(document=asked, destination=f"members/{destination}")


def checks(people: int, count: int, destination: str) -> list[bytes]:
    """Return encoded questions about people drawn by the seed."""
    chance = random.Random(SEED)
    return [check(chance.randrange(people), destination).SerializeToString() for _ in range(count)]


def batches(people: int, size: int, count: int, destination: str) -> list[bytes]:
    """Return encoded batches, each about other people."""
    chance = random.Random(SEED)
    return [
        pb.BatchCheckHealthCodesRequest(
            requests=[check(chance.randrange(people), destination) for _ in range(size)]
        ).SerializeToString()
        for _ in range(count)
    ]


def native_file(people: int, records: int, as_of_ms: int, first: int = 0) -> bytes:
    """Return a line file of yellow and red codes of one instant.

    Args:
        people: Whom it is about, again and again if it has more records.
        records: How many.
        as_of_ms: The instant.
        first: Number of the first of these people.
    """
    found = FORMATS[FILE_FORMAT]
    codes = [
        HealthCode(as_of_ms=as_of_ms, level=level, state=State.ACTIVE, region="310101")
        for level in (Level.MEDIUM, Level.HIGH)
    ]
    samples = [found.encode(FILE_MEMBER, document(0), code, {}).split(b"\r\n", 1) for code in codes]
    lines, shown = [sample[1] for sample in samples], number(0).encode("ascii")
    # The format writes one record; the others differ in nothing but the document.
    parts = [samples[0][0] + b"\r\n"]
    parts += [
        lines[index % 10 == 0].replace(shown, number(first + index % people).encode("ascii"))
        for index in range(records)
    ]
    return b"".join(parts)


def stream_of(file: bytes, chunk_bytes: int = CHUNK_BYTES) -> Iterator[bytes]:
    """Give the encoded messages of a stream that hands in a file, cut into chunks of a size."""
    start = publish_pb.StreamingPublishHealthCodesRequest.Start(
        member=f"members/{FILE_MEMBER}", format=FILE_FORMAT
    )
    yield publish_pb.StreamingPublishHealthCodesRequest(start=start).SerializeToString()
    for place in range(0, len(file), chunk_bytes):
        chunk = file[place : place + chunk_bytes]
        yield publish_pb.StreamingPublishHealthCodesRequest(chunk=chunk).SerializeToString()
