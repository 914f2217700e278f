"""Policies over a real channel: handed in, activated with notice, rolled back, tried, explained."""

import asyncio
import json
import sqlite3

import grpc
import msgspec
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc import code_pb2

from exchange.api.v1 import (
    policy_pb2,
    policy_service_pb2 as pb,
    recognition_service_pb2 as check_pb,
)
from exchange.api.v1.decision_pb2 import Decision
from exchange.core.members import MEMBERS
from exchange.core.policy import Policy, PolicyRule, RuleText
from exchange.core.receipt import InvalidReceiptError, read_receipt, replay
from exchange.metrics import FAILED_LOOKUPS
from exchange.operations.shipped import default_for, shipped_policies, shipped_policy
from exchange.wire.policies import fill_content, policy_of
from tests.people import resident
from tests.server_fixture import (
    BEIJING,
    CHECKPOINT,
    NOW_MS,
    OPERATOR,
    SHANGHAI,
    Client,
    RunningExchange,
    StartExchange,
    document,
    record,
    refused,
)
from tests.waiting import until

NAME = "members/310000/policies/entry"
HOUR_MS = 3_600_000
NEVER = PolicyRule(name="never", text=RuleText("一律核验", "Everybody is looked at"), logic=False)
STRICT = msgspec.structs.replace(default_for("310000"), rules=(NEVER,))
LOOSE = msgspec.structs.replace(default_for("310000"), accepts_not_unique=True)
PERSON = resident(41)


def content(policy: Policy) -> policy_pb2.PolicyContent:
    message = policy_pb2.PolicyContent()
    fill_content(message, policy)
    return message


async def created(client: Client, policy: Policy, **fields: object) -> int:
    request = pb.CreatePolicyRevisionRequest(
        parent=NAME,
        policy_revision=policy_pb2.PolicyRevision(content=content(policy)),
        **fields,  # type: ignore[arg-type]
    )
    made = await client.policies.CreatePolicyRevision(request, metadata=client.metadata)
    return int(made.name.rpartition("/")[2])


async def activated(client: Client, revision: int, **fields: object) -> policy_pb2.Policy:
    request = pb.ActivatePolicyRequest(name=NAME, revision=revision, **fields)  # type: ignore[arg-type]
    return await client.policies.ActivatePolicy(request, metadata=client.metadata)


async def rolled_back(client: Client, **fields: object) -> policy_pb2.Policy:
    request = pb.RollbackPolicyRequest(name=NAME, **fields)  # type: ignore[arg-type]
    return await client.policies.RollbackPolicy(request, metadata=client.metadata)


async def policy_now(client: Client) -> policy_pb2.Policy:
    return await client.policies.GetPolicy(pb.GetPolicyRequest(name=NAME), metadata=client.metadata)


async def asked(client: Client, **fields: object) -> check_pb.CheckHealthCodeResponse:
    request = check_pb.CheckHealthCodeRequest(
        document=document(PERSON),
        destination="members/310000",
        **fields,  # type: ignore[arg-type]
    )
    return await client.recognition.CheckHealthCode(request, metadata=client.metadata)


@pytest.fixture
async def client(exchange: RunningExchange) -> Client:
    sichuan = exchange.client()
    await sichuan.publish_records("510000", record(PERSON))
    return exchange.client(SHANGHAI)


async def test_before_anything_is_published_the_national_default_decides(client: Client) -> None:
    decision = (await asked(client)).decision
    assert (decision.policy, decision.policy_revision) == ("default", 1)
    policy = await policy_now(client)
    assert (policy.revision, policy.HasField("previous_revision")) == (0, False)


async def test_a_draft_changes_nothing_for_anybody(client: Client) -> None:
    assert await created(client, STRICT) == 1
    assert (await asked(client)).decision.verdict == Decision.ADMIT


async def test_what_needs_no_notice_is_in_force_at_once_and_answers_name_the_revision(
    client: Client,
) -> None:
    await activated(client, await created(client, LOOSE))
    decision = (await asked(client)).decision
    assert (decision.policy, decision.policy_revision) == ("310000", 1)


async def test_a_stricter_revision_is_in_force_after_its_notice_by_the_clock_alone(
    client: Client, exchange: RunningExchange
) -> None:
    policy = await activated(client, await created(client, STRICT))
    (made,) = policy.activations
    assert made.valid_from_time.ToMilliseconds() == NOW_MS + 48 * HOUR_MS
    exchange.clock.now_ms = NOW_MS + 48 * HOUR_MS - 1
    assert (await asked(client)).decision.verdict == Decision.ADMIT
    exchange.clock.now_ms += 1
    decision = (await asked(client)).decision
    assert decision.verdict == Decision.CROSS_CHECK
    assert (decision.findings[0].reason, decision.findings[0].detail) == ("RULE_FAILED", "never")
    assert decision.findings[0].chinese_text == "一律核验"


async def test_no_answer_is_relied_upon_beyond_the_policy_that_it_was_made_under(
    client: Client, exchange: RunningExchange
) -> None:
    comes_ms = NOW_MS + 48 * HOUR_MS
    await activated(client, await created(client, STRICT))
    for now_ms, end_ms in (
        (comes_ms - 2 * HOUR_MS, comes_ms - HOUR_MS),
        (comes_ms - HOUR_MS // 2, comes_ms - 1),
        (comes_ms - 1, comes_ms - 1),
        (comes_ms, comes_ms + HOUR_MS),
    ):
        exchange.clock.now_ms = now_ms
        answer = await asked(client, receipt=True)
        request = check_pb.BatchCheckHealthCodesRequest(
            requests=[
                check_pb.CheckHealthCodeRequest(
                    document=document(PERSON), destination="members/310000"
                )
            ]
        )
        batch = await client.recognition.BatchCheckHealthCodes(request, metadata=client.metadata)
        decisions = (
            answer.decision,
            (await asked(client)).decision,
            batch.results[0].decision,
        )
        assert [one.expire_time.ToMilliseconds() for one in decisions] == [end_ms] * 3
        policy = default_for("310000")
        if now_ms < comes_ms:
            assert replay(answer.receipt, policy).identical


async def test_a_case_is_decided_by_a_revision_at_any_instant_whatever_is_to_come(
    client: Client,
) -> None:
    await activated(client, await created(client, STRICT))
    later_ms = NOW_MS + 72 * HOUR_MS
    request = pb.EvaluatePolicyRequest(name=NAME)
    request.policy_case.instant_time.FromMilliseconds(later_ms)
    answer = await client.policies.EvaluatePolicy(request, metadata=client.metadata)
    assert answer.decision.expire_time.ToMilliseconds() == later_ms + HOUR_MS


async def test_a_time_before_the_end_of_the_notice_is_refused(client: Client) -> None:
    revision = await created(client, STRICT)
    early = policy_pb2.PolicyActivation()
    early.valid_from_time.FromMilliseconds(NOW_MS + HOUR_MS)
    with refused() as how:
        await activated(client, revision, valid_from_time=early.valid_from_time)
    assert (how().code, how().reason) == (grpc.StatusCode.FAILED_PRECONDITION, "NOTICE_REQUIRED")
    early.valid_from_time.FromMilliseconds(NOW_MS - 1)
    with refused() as past:
        await activated(client, revision, valid_from_time=early.valid_from_time)
    assert past().fields == ("valid_from_time",)


async def test_what_comes_in_force_in_between_is_not_taken_back_without_notice_either(
    client: Client,
) -> None:
    default = await created(client, default_for("310000"))
    loose = await created(client, LOOSE)
    soon, later = policy_pb2.PolicyActivation(), policy_pb2.PolicyActivation()
    soon.valid_from_time.FromMilliseconds(NOW_MS + HOUR_MS)
    later.valid_from_time.FromMilliseconds(NOW_MS + 2 * HOUR_MS)
    await activated(client, loose, valid_from_time=soon.valid_from_time)
    with refused() as how:
        await activated(client, default, valid_from_time=later.valid_from_time)
    assert how().reason == "NOTICE_REQUIRED"
    later.valid_from_time.FromMilliseconds(NOW_MS + 48 * HOUR_MS)
    await activated(client, default, valid_from_time=later.valid_from_time)


async def test_notice_is_waived_with_a_reason_for_what_only_lowers_the_risk(client: Client) -> None:
    policy = await activated(client, await created(client, STRICT), waiver_reason="outbreak")
    assert policy.revision == 1
    assert policy.activations[0].reason == "outbreak"
    assert (await asked(client)).decision.verdict == Decision.CROSS_CHECK


async def test_notice_is_not_waived_for_what_may_admit_somebody_more(client: Client) -> None:
    both = msgspec.structs.replace(STRICT, accepts_not_unique=True)
    revision = await created(client, both)
    with refused() as how:
        await activated(client, revision, waiver_reason="outbreak")
    assert how().reason == "WAIVER_NOT_ALLOWED"
    assert "accepts_not_unique" in how().text


async def test_a_rollback_goes_back_at_once_and_again_forward(client: Client) -> None:
    await activated(client, await created(client, STRICT), waiver_reason="outbreak")
    assert (await policy_now(client)).previous_revision == 0
    assert (await rolled_back(client, reason="mistake")).revision == 0
    assert (await asked(client)).decision.verdict == Decision.ADMIT
    assert (await rolled_back(client)).revision == 1
    assert (await asked(client)).decision.verdict == Decision.CROSS_CHECK


async def test_there_has_to_be_something_to_roll_back(client: Client) -> None:
    with refused() as how:
        await rolled_back(client)
    assert (how().code, how().reason) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "NOTHING_TO_ROLL_BACK",
    )


async def test_an_etag_of_yesterday_changes_nothing(client: Client) -> None:
    etag = (await policy_now(client)).etag
    await created(client, LOOSE, etag=etag)
    with refused() as how:
        await created(client, STRICT, etag=etag)
    assert (how().code, how().reason) == (grpc.StatusCode.ABORTED, "ETAG_MISMATCH")
    with refused() as activating:
        await activated(client, 1, etag=etag)
    assert activating().reason == "ETAG_MISMATCH"
    assert (await activated(client, 1, etag=(await policy_now(client)).etag)).revision == 1


async def test_of_several_changes_at_once_under_one_etag_one_succeeds(client: Client) -> None:
    await created(client, LOOSE)
    etag = (await policy_now(client)).etag
    tries = [activated(client, 1, etag=etag) for _ in range(4)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    won = [one for one in outcomes if isinstance(one, policy_pb2.Policy)]
    lost = [one for one in outcomes if isinstance(one, grpc.aio.AioRpcError)]
    assert (len(won), {one.code() for one in lost}) == (1, {grpc.StatusCode.ABORTED})
    assert len((await policy_now(client)).activations) == 1


async def test_validate_only_says_what_would_happen_and_changes_nothing(client: Client) -> None:
    before = await policy_now(client)
    assert await created(client, STRICT, validate_only=True) == 1
    await created(client, LOOSE)
    there = await policy_now(client)
    assert (await activated(client, 1, validate_only=True)).revision == 1
    assert await policy_now(client) == there
    assert before.etag != there.etag


async def test_the_same_content_again_is_the_same_revision(client: Client) -> None:
    assert [await created(client, one) for one in (STRICT, STRICT, LOOSE, STRICT)] == [1, 1, 2, 3]


@pytest.mark.parametrize("caller", [BEIJING, CHECKPOINT, OPERATOR])
async def test_only_the_destination_itself_changes_its_policy_and_sees_its_dry_runs(
    exchange: RunningExchange, client: Client, caller: str
) -> None:
    await created(client, LOOSE)
    other = exchange.client(caller)
    for call in (
        created(other, STRICT),
        activated(other, 1),
        rolled_back(other),
        other.policies.DryRunPolicy(pb.DryRunPolicyRequest(name=NAME), metadata=other.metadata),
    ):
        with refused() as how:
            await call
        assert how().code == grpc.StatusCode.PERMISSION_DENIED
    assert (await policy_now(other)).revision == 0


async def test_everything_that_is_wrong_is_reported_with_its_place(client: Client) -> None:
    wrong = msgspec.structs.replace(
        STRICT,
        rules=(
            msgspec.structs.replace(NEVER, logic={"or": [True, False]}),
            msgspec.structs.replace(NEVER, name="other", logic={"var": "payload.nobody"}),
        ),
    )
    with refused() as how:
        await created(client, wrong)
    assert (how().code, how().reason) == (grpc.StatusCode.INVALID_ARGUMENT, "POLICY_INVALID")
    prefix = "policy_revision.content.rules"
    assert how().fields == (f"{prefix}[0].logic", f"{prefix}[1].logic/var")


async def test_revisions_are_listed_the_newest_first_with_their_states(client: Client) -> None:
    for policy in (LOOSE, STRICT, default_for("310000")):
        await created(client, policy)
    await activated(client, 1)
    await activated(client, 3)
    request = pb.ListPolicyRevisionsRequest(parent=NAME, page_size=2)
    one = await client.policies.ListPolicyRevisions(request, metadata=client.metadata)
    request.page_token = one.next_page_token
    two = await client.policies.ListPolicyRevisions(request, metadata=client.metadata)
    found = [
        (item.name.rpartition("/")[2], policy_pb2.PolicyRevision.State.Name(item.state))
        for item in [*one.policy_revisions, *two.policy_revisions]
    ]
    # The default was activated after LOOSE: fewer may be admitted, so it comes after its notice.
    assert found == [("3", "ACTIVE"), ("2", "DRAFT"), ("1", "ACTIVE")]
    assert two.next_page_token == ""


async def test_all_policies_are_listed_by_code(client: Client) -> None:
    request = pb.ListPoliciesRequest(parent="members/-", page_size=200)
    answer = await client.policies.ListPolicies(request, metadata=client.metadata)
    assert [one.name for one in answer.policies] == [
        f"members/{member.code}/policies/entry" for member in MEMBERS
    ]


async def test_a_policy_a_revision_or_a_member_that_does_not_exist_is_not_found(
    client: Client,
) -> None:
    found = []
    for name in (
        "members/310000/policies/other/revisions/1",
        "members/310000/policies/entry/revisions/7",
        "members/990000/policies/entry/revisions/1",
    ):
        with refused() as how:
            request = pb.GetPolicyRevisionRequest(name=name)
            await client.policies.GetPolicyRevision(request, metadata=client.metadata)
        found.append(how().reason)
    assert found == ["POLICY_NOT_FOUND", "REVISION_NOT_FOUND", "MEMBER_NOT_FOUND"]


@pytest.mark.parametrize("code", sorted(shipped_policies()))
def test_every_shipped_policy_reads_back_from_its_message_as_it_was(code: str) -> None:
    policy = shipped_policy(code)
    assert policy_of(content(policy), code, 1, "content") == policy


async def test_another_server_uses_a_new_revision_within_two_seconds(
    start_exchange: StartExchange,
) -> None:
    one, two = await start_exchange(), await start_exchange()
    await one.client().publish_records("510000", record(PERSON))
    first, second = one.client(SHANGHAI), two.client(SHANGHAI)
    await activated(first, await created(first, STRICT), waiver_reason="outbreak")

    async def uses_the_first() -> bool:
        decision = (await asked(second)).decision
        return (decision.policy, decision.policy_revision) == ("310000", 1)

    await until(uses_the_first, seconds=2)
    await rolled_back(first)

    async def uses_the_default() -> bool:
        return (await asked(second)).decision.policy == "default"

    await until(uses_the_default, seconds=2)


async def test_a_restarted_server_goes_on_with_what_was_in_force(
    start_exchange: StartExchange,
) -> None:
    first = await start_exchange()
    client = first.client(SHANGHAI)
    await activated(client, await created(client, STRICT), waiver_reason="outbreak")
    await first.exchange.stop()
    again = (await start_exchange()).client(SHANGHAI)
    assert (await asked(again)).decision.policy == "310000"


def evaluated_case(level: str = "LOW") -> policy_pb2.PolicyCase:
    case = policy_pb2.PolicyCase(origin="members/510000")
    code = record(PERSON, level).health_code
    code.issuer = "members/510000"
    case.health_codes.append(code)
    return case


async def test_a_case_is_decided_by_a_policy_that_is_nowhere_stored(client: Client) -> None:
    request = pb.EvaluatePolicyRequest(
        name=NAME, content=content(STRICT), policy_case=evaluated_case()
    )
    answer = await client.policies.EvaluatePolicy(request, metadata=client.metadata)
    assert answer.decision.verdict == Decision.CROSS_CHECK
    (rule,) = answer.explanation.rules
    assert (rule.rule, rule.Outcome.Name(rule.outcome)) == ("never", "FAILED")
    roles = {one.role: json.loads(one.value) for one in answer.explanation.roles}
    assert roles["origin"]["level"] == "LOW"
    assert roles["local"] is None
    default = pb.EvaluatePolicyRequest(name=NAME, revision=0, policy_case=evaluated_case("HIGH"))
    answer = await client.policies.EvaluatePolicy(default, metadata=client.metadata)
    assert answer.decision.verdict == Decision.REFUSE


async def test_a_member_gets_an_explanation_with_the_values_that_rules_saw(client: Client) -> None:
    logic = {"===": [{"var": "payload.origin.level"}, "MEDIUM"]}
    rule = msgspec.structs.replace(NEVER, logic=logic)
    policy = msgspec.structs.replace(STRICT, rules=(rule,))
    await activated(client, await created(client, policy), waiver_reason="trial")
    answer = await asked(client, explain=True, origin="members/510000")
    (explained,) = answer.explanation.rules
    values = {one.path: one.value for one in explained.read_values}
    assert values == {"payload.origin.level": '"LOW"'}
    assert explained.verdict == Decision.CROSS_CHECK


async def test_a_checkpoint_gets_neither_explanation_nor_receipt(
    exchange: RunningExchange, client: Client
) -> None:
    del client
    checkpoint = exchange.client(CHECKPOINT)
    for wish in ({"explain": True}, {"receipt": True}):
        with refused() as how:
            await asked(checkpoint, **wish)
        assert how().code == grpc.StatusCode.PERMISSION_DENIED


async def test_a_receipt_is_decided_anew_bit_for_bit_and_names_nobody(client: Client) -> None:
    await activated(client, await created(client, STRICT), waiver_reason="trial")
    answer = await asked(client, receipt=True, origin="members/510000")
    facts = read_receipt(answer.receipt)
    assert (facts.policy, facts.revision, facts.destination) == ("310000", 1, "310000")
    request = pb.GetPolicyRevisionRequest(name=f"{NAME}/revisions/1")
    revision = await client.policies.GetPolicyRevision(request, metadata=client.metadata)
    policy = policy_of(revision.content, "310000", 1, "content")
    again = replay(answer.receipt, policy)
    assert again.identical
    assert int(again.decision.verdict) == int(answer.decision.verdict)
    assert PERSON.encode() not in answer.receipt
    with pytest.raises(InvalidReceiptError):
        replay(answer.receipt, msgspec.structs.replace(policy, basis="another"))


async def test_a_dry_run_counts_what_would_change_by_origin_and_by_rule(
    start_exchange: StartExchange,
) -> None:
    exchange = await start_exchange(decision_sample=1)
    await exchange.client().publish_records("510000", record(PERSON))
    client = exchange.client(SHANGHAI)
    for _ in range(3):
        await asked(client, origin="members/510000")
        exchange.clock.now_ms += 1
    request = pb.DryRunPolicyRequest(name=NAME, content=content(STRICT))

    async def report() -> pb.DryRunPolicyResponse:
        return await client.policies.DryRunPolicy(request, metadata=client.metadata)

    async def recorded() -> bool:
        return (await report()).case_count == 3

    await until(recorded, seconds=5)
    found = await report()
    assert found.changed_count == 3
    (origin,), (reason,) = found.changes_by_origin, found.changes_by_reason
    assert (origin.key, origin.before, origin.after, origin.count) == ("members/510000", 1, 2, 3)
    assert (reason.key, reason.count) == ("RULE_FAILED never", 3)
    assert len(found.examples) == 3
    exchange.clock.now_ms += 31 * 24 * HOUR_MS
    assert (await report()).case_count == 0


async def test_a_policy_that_cannot_be_read_costs_its_destination_answers_and_nobody_else(
    start_exchange: StartExchange,
) -> None:
    first = await start_exchange()
    await first.client().publish_records("510000", record(PERSON))
    client = first.client(SHANGHAI)
    await activated(client, await created(client, LOOSE))
    with sqlite3.connect(first.data_dir / "exchange.sqlite") as database:
        database.execute("UPDATE shelves SET value = x'7b7d' WHERE shelf = 'policies/310000'")
    database.close()

    # What was known stays in use; where nothing was known nobody is answered by a guess.
    assert (await asked(client)).decision.policy_revision == 1
    again = (await start_exchange()).client(SHANGHAI)
    for wish in ({}, {"explain": True}, {"max_age": Duration(seconds=60)}):
        with refused() as how:
            await asked(again, **wish)
        assert (how().code, how().reason) == (grpc.StatusCode.INTERNAL, "STORE_FAILED")
        assert how().text == "The policy of 310000 cannot be read by this release."
    request = check_pb.BatchCheckHealthCodesRequest(
        requests=[
            check_pb.CheckHealthCodeRequest(
                document=document(PERSON), destination=f"members/{destination}"
            )
            for destination in ("310000", "440000")
        ]
    )
    failed_before = FAILED_LOOKUPS.values.get(("310000",), 0)
    batch = await again.recognition.BatchCheckHealthCodes(request, metadata=again.metadata)
    assert [one.error.code for one in batch.results] == [code_pb2.INTERNAL, code_pb2.OK]
    assert FAILED_LOOKUPS.values[("310000",)] - failed_before == 1
    assert batch.results[1].decision.verdict == Decision.ADMIT

    await rolled_back(again)
    assert (await asked(again)).decision.policy == "default"
