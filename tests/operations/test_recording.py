"""Decisions are recorded for dry runs, shown for their time and swept after it."""

from exchange.core.compiled_policy import CompiledPolicy
from exchange.core.recognition import Question, decide_question
from exchange.operations.recording import (
    SAMPLE_DAYS,
    SAMPLES_MAX,
    Recorder,
    recorded_questions,
    samples_shelf,
    sweep_samples,
)
from exchange.stores.base import Store
from tests.core.policies import DAY, DEFAULT, DESTINATION, said
from tests.server_fixture import NOW_MS, SetClock

POLICY = CompiledPolicy(DEFAULT, DESTINATION)


def question(now_ms: int) -> Question:
    return Question((said(as_of=now_ms - 1000),), now_ms, "510000")


async def record(store: Store, *times_ms: int, places: int = SAMPLES_MAX) -> None:
    """Record a decision at each time, each in the next of so many places."""
    taken = iter(range(len(times_ms)))
    recorder = Recorder(store, lambda _: next(taken) % places, every=1)
    for now_ms in times_ms:
        recorder.offer(question(now_ms), POLICY, decide_question(question(now_ms), POLICY))
    await recorder.flush()


async def test_what_is_recorded_is_the_question_the_oldest_first(store: Store) -> None:
    await record(store, NOW_MS, NOW_MS - 5)
    found = await recorded_questions(store, DESTINATION, SetClock())
    assert found == (question(NOW_MS - 5), question(NOW_MS))
    assert await recorded_questions(store, "510000", SetClock()) == ()


async def test_a_newer_decision_pushes_an_older_one_out_of_its_place(store: Store) -> None:
    await record(store, NOW_MS - 2, NOW_MS - 1, NOW_MS, places=2)
    found = await recorded_questions(store, DESTINATION, SetClock())
    assert found == (question(NOW_MS - 1), question(NOW_MS))


async def test_a_decision_past_its_time_is_hidden_at_once_and_swept(store: Store) -> None:
    last_ms = NOW_MS - SAMPLE_DAYS * DAY
    await record(store, last_ms - 1, last_ms)
    await store.set_shelf_item(
        samples_shelf(DESTINATION), "0499", b"of another release", expected=0
    )
    assert await recorded_questions(store, DESTINATION, SetClock()) == (question(last_ms),)
    assert len(await store.shelf(samples_shelf(DESTINATION))) == 3
    assert await sweep_samples(store, ("510000", DESTINATION), SetClock()) == 1
    assert [item.key for item in await store.shelf(samples_shelf(DESTINATION))] == ["0001", "0499"]
    assert await sweep_samples(store, ("510000", DESTINATION), SetClock()) == 0
