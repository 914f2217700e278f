"""What answers say is counted by destination and origin, however they were asked for."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from exchange.api.v1 import recognition_service_pb2 as pb
from exchange.metrics import DECISIONS, FAILED_LOOKUPS, NON_RECOGNITIONS
from exchange.metrics.kinds import Counter, Labels
from tests.people import resident
from tests.server_fixture import Client, RunningExchange, document, record, refused

Counted = dict[str, dict[Labels, float]]

LOW, NOBODY, HIGH = (resident(one) for one in (1, 2, 3))
FIGURES: Mapping[str, Counter] = {
    "decisions": DECISIONS,
    "against": NON_RECOGNITIONS,
    "failed": FAILED_LOOKUPS,
}
EXPECTED: Counted = {
    "decisions": {
        ("310000", "", "ADMIT"): 2,
        ("310000", "510000", "ADMIT"): 1,
        ("440000", "", "ADMIT"): 1,
        ("310000", "", "CROSS_CHECK"): 1,
        ("310000", "510000", "REFUSE"): 2,
    },
    "against": {
        ("310000", "", "NO_STATEMENT"): 1,
        ("310000", "510000", "LEVEL_HIGH"): 2,
    },
    "failed": {},
}


def asked(number: str, destination: str = "310000", **more: object) -> pb.CheckHealthCodeRequest:
    return pb.CheckHealthCodeRequest(
        document=document(number),
        destination=f"members/{destination}",
        **more,  # type: ignore[arg-type]
    )


CHECKS = [
    asked(LOW),
    asked(HIGH, origin="members/510000"),
    asked(NOBODY),
    asked(LOW, "440000"),
    asked(LOW, origin="members/510000"),
    asked(HIGH, origin="members/510000"),
    asked(LOW),
]
UNREADABLE = [
    asked(LOW[:-1]),
    asked(LOW, "999999"),
    asked(LOW, origin="members/999999"),
    asked(LOW, ""),
]


@contextmanager
def counted() -> Iterator[Counted]:
    """Give what was counted between entering and leaving."""
    before = {name: dict(figure.values) for name, figure in FIGURES.items()}
    found: Counted = {}
    yield found
    for name, figure in FIGURES.items():
        grown = {at: now - before[name].get(at, 0) for at, now in figure.values.items()}
        found[name] = {at: by for at, by in grown.items() if by}


async def publish(exchange: RunningExchange) -> Client:
    client = exchange.client()
    await client.publish_records("510000", record(LOW), record(HIGH, "HIGH"))
    return client


async def test_a_batch_is_counted_by_what_each_item_asked(exchange: RunningExchange) -> None:
    client = await publish(exchange)
    mixed = [*UNREADABLE[:2], *CHECKS, asked(LOW, explain=True), *UNREADABLE[2:]]
    batch = pb.BatchCheckHealthCodesRequest(requests=mixed)
    with counted() as found:
        await client.recognition.BatchCheckHealthCodes(batch, metadata=client.metadata)
    assert found == EXPECTED


async def test_single_checks_count_as_a_batch_does(exchange: RunningExchange) -> None:
    client = await publish(exchange)
    with counted() as found:
        for one in CHECKS:
            await client.recognition.CheckHealthCode(one, metadata=client.metadata)
        for one in UNREADABLE:
            with refused():
                await client.recognition.CheckHealthCode(one, metadata=client.metadata)
    assert found == EXPECTED


async def test_explained_checks_count_as_others_do(exchange: RunningExchange) -> None:
    client = await publish(exchange)
    with counted() as found:
        for one in CHECKS:
            explained = pb.CheckHealthCodeRequest(explain=True)
            explained.MergeFrom(one)
            await client.recognition.CheckHealthCode(explained, metadata=client.metadata)
    assert found == EXPECTED
