"""The ladder of degradation over a real channel: each answer says on which rung it stands."""

import grpc
import msgspec
from google.protobuf.duration_pb2 import Duration

from exchange.api.v1 import (
    policy_pb2,
    policy_service_pb2 as pb,
    recognition_service_pb2 as check_pb,
)
from exchange.api.v1.decision_pb2 import Decision
from exchange.operations.shipped import default_for
from exchange.wire.policies import fill_content
from tests.people import resident
from tests.server_fixture import (
    NOW_MS,
    SHANGHAI,
    Client,
    RunningExchange,
    document,
    record,
    refused,
)

POLICY = "members/310000/policies/entry"
PERSON = resident(41)


async def asked(client: Client, seconds: int | None = None) -> Decision:
    request = check_pb.CheckHealthCodeRequest(
        document=document(PERSON), destination="members/310000"
    )
    if seconds is not None:
        request.max_age.CopyFrom(Duration(seconds=seconds))
    answer = await client.recognition.CheckHealthCode(request, metadata=client.metadata)
    batch = check_pb.BatchCheckHealthCodesRequest(requests=[request])
    answers = await client.recognition.BatchCheckHealthCodes(batch, metadata=client.metadata)
    assert answers.results[0].decision.rung == answer.decision.rung
    return answer.decision


async def test_answers_say_whether_something_was_older_than_asked(
    exchange: RunningExchange,
) -> None:
    client = exchange.client()
    await client.publish_records("510000", record(PERSON, as_of_ms=NOW_MS - 60_000))
    assert (await asked(client)).rung == Decision.LIVE
    assert (await asked(client, 61)).rung == Decision.LIVE
    older = await asked(client, 59)
    assert (older.rung, older.verdict) == (Decision.OLDER_THAN_ASKED, Decision.CROSS_CHECK)


async def test_a_destination_has_its_checkpoints_go_by_documents_at_once(
    exchange: RunningExchange,
) -> None:
    await exchange.client().publish_records("510000", record(PERSON))
    client = exchange.client(SHANGHAI)
    content = policy_pb2.PolicyContent()
    fill_content(content, msgspec.structs.replace(default_for("310000"), document_only=True))
    made = await client.policies.CreatePolicyRevision(
        pb.CreatePolicyRevisionRequest(
            parent=POLICY, policy_revision=policy_pb2.PolicyRevision(content=content)
        ),
        metadata=client.metadata,
    )
    revision = int(made.name.rpartition("/")[2])
    assert made.content.document_only
    await client.policies.ActivatePolicy(
        pb.ActivatePolicyRequest(name=POLICY, revision=revision, waiver_reason="outage"),
        metadata=client.metadata,
    )
    decision = await asked(client)
    assert (decision.rung, decision.verdict) == (Decision.DOCUMENT_ONLY, Decision.CROSS_CHECK)


async def test_where_the_store_does_not_answer_there_is_an_error_and_no_guess(
    exchange: RunningExchange,
) -> None:
    client = exchange.client()
    await client.publish_records("510000", record(PERSON))
    await exchange.exchange._store.close()
    with refused() as how:
        await asked(client)
    assert how().code in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL}
