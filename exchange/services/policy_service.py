"""PolicyService: publishing what a destination accepts, and trying it before it binds."""

import asyncio
import re

import msgspec

from exchange.api.v1 import policy_pb2, policy_service_pb2 as pb
from exchange.core.caller import Caller
from exchange.core.compiled_policy import FOREVER_MS, CompiledPolicy
from exchange.core.dry_run import dry_run
from exchange.core.errors import (
    InvalidPolicyError,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
)
from exchange.core.explanation import explain
from exchange.core.members import BY_CODE, MEMBERS
from exchange.core.policy import Policy
from exchange.core.policy_check import check_policy
from exchange.core.policy_ledger import REVISIONS_MAX
from exchange.core.recognition import decide_question
from exchange.operations.clock import Clock
from exchange.operations.policies import PoliciesInForce
from exchange.operations.policy_desk import PolicyDesk, Revision, Wish, etag_of
from exchange.operations.policy_shelf import StoredLedger
from exchange.operations.recording import recorded_questions
from exchange.services.pages import page
from exchange.stores.base import Store
from exchange.wire.checks import fill_decision
from exchange.wire.dry_runs import dry_run_message
from exchange.wire.names import POLICY_ID, member_code, policy_name
from exchange.wire.policies import fill_content, fill_explanation, policy_of
from exchange.wire.policy_cases import question_of
from exchange.wire.times import fill, to_ms

_POLICY = re.compile(r"(members/[0-9]{6})/policies/([a-z][a-z0-9-]{0,62})")
_REVISION = re.compile(r"(members/[0-9]{6}/policies/[a-z][a-z0-9-]{0,62})/revisions/([0-9]{1,9})")


class PolicyService:
    """Serves ``exchange.api.v1.PolicyService``."""

    def __init__(
        self, desk: PolicyDesk, policies: PoliciesInForce, store: Store, clock: Clock
    ) -> None:
        self._desk = desk
        self._policies = policies
        self._store = store
        self._clock = clock

    async def GetPolicy(self, request: pb.GetPolicyRequest, caller: Caller) -> policy_pb2.Policy:
        """Show the policy of a destination."""
        del caller  # What a destination accepts is public.
        destination = _destination(request.name, "name")
        return self._policy(destination, await self._desk.get(destination))

    async def ListPolicies(
        self, request: pb.ListPoliciesRequest, caller: Caller
    ) -> pb.ListPoliciesResponse:
        """Show the policies of all destinations, or of one."""
        del caller
        codes = [member.code for member in MEMBERS]
        if request.parent != "members/-":
            codes = [member_code(request.parent, "parent")]
        stored = await self._desk.ledgers()
        response = pb.ListPoliciesResponse()
        shown, response.next_page_token = page(codes, request.page_size, request.page_token)
        for code in shown:
            ledger = stored.get(code) or await self._desk.get(code)
            response.policies.append(self._policy(code, ledger))
        return response

    async def GetPolicyRevision(
        self, request: pb.GetPolicyRevisionRequest, caller: Caller
    ) -> policy_pb2.PolicyRevision:
        """Show one revision."""
        del caller
        if not request.name:
            raise InvalidRequestError("name", "is required")
        match = _REVISION.fullmatch(request.name)
        if match is None:
            raise InvalidRequestError("name", f"is not .../policies/{POLICY_ID}/revisions/3")
        destination = _destination(match[1], "name")
        return _revision(destination, await self._desk.revision(destination, int(match[2])))

    async def ListPolicyRevisions(
        self, request: pb.ListPolicyRevisionsRequest, caller: Caller
    ) -> pb.ListPolicyRevisionsResponse:
        """Show the revisions of a policy, the newest first."""
        del caller
        destination = _destination(request.parent, "parent")
        count = (await self._desk.get(destination)).ledger.next_revision - 1
        response = pb.ListPolicyRevisionsResponse()
        numbers, response.next_page_token = page(
            range(count, 0, -1), request.page_size, request.page_token
        )
        for one in await self._desk.revisions(destination, list(numbers)):
            response.policy_revisions.append(_revision(destination, one))
        return response

    async def CreatePolicyRevision(
        self, request: pb.CreatePolicyRevisionRequest, caller: Caller
    ) -> policy_pb2.PolicyRevision:
        """Take in a revision as a draft."""
        destination = _own(request.parent, "parent", caller)
        if not request.HasField("policy_revision"):
            raise InvalidRequestError("policy_revision", "is required")
        if not request.policy_revision.HasField("content"):
            raise InvalidRequestError("policy_revision.content", "is required")
        content = request.policy_revision.content
        policy = policy_of(content, destination, 0, "policy_revision.content")
        wish = Wish(request.etag, request.validate_only)
        return _revision(destination, await self._desk.create(destination, policy, wish))

    async def ActivatePolicy(
        self, request: pb.ActivatePolicyRequest, caller: Caller
    ) -> policy_pb2.Policy:
        """Bring a revision in force from a time on."""
        destination = _own(request.name, "name", caller)
        if not 0 < request.revision <= REVISIONS_MAX:
            raise InvalidRequestError("revision", f"is required, 1 to {REVISIONS_MAX}")
        has_time = request.HasField("valid_from_time")
        stored = await self._desk.activate(
            destination,
            request.revision,
            to_ms(request.valid_from_time) if has_time else None,
            request.waiver_reason,
            Wish(request.etag, request.validate_only),
        )
        return self._policy(destination, stored)

    async def RollbackPolicy(
        self, request: pb.RollbackPolicyRequest, caller: Caller
    ) -> policy_pb2.Policy:
        """Go back to the revision in force just before."""
        destination = _own(request.name, "name", caller)
        wish = Wish(request.etag, request.validate_only)
        return self._policy(
            destination, await self._desk.rollback(destination, request.reason, wish)
        )

    async def EvaluatePolicy(
        self, request: pb.EvaluatePolicyRequest, caller: Caller
    ) -> pb.EvaluatePolicyResponse:
        """Decide a case that is given, and explain it."""
        del caller  # Nothing is read but policies, which are public.
        destination = _destination(request.name, "name")
        policy = await self._candidate(request, destination)
        question = question_of(request.policy_case, "policy_case", self._clock())
        response = pb.EvaluatePolicyResponse()
        fill_decision(response.decision, decide_question(question, policy))
        fill_explanation(response.explanation, explain(question, policy))
        return response

    async def DryRunPolicy(
        self, request: pb.DryRunPolicyRequest, caller: Caller
    ) -> pb.DryRunPolicyResponse:
        """Decide recorded decisions anew and count what would change."""
        destination = _own(request.name, "name", caller)
        candidate = await self._candidate(request, destination)
        in_force = self._in_force(destination)
        questions = await recorded_questions(self._store, destination, self._clock)
        # Up to a second of deciding, by rules that may be slow: other calls go on beside it.
        return dry_run_message(await asyncio.to_thread(dry_run, questions, in_force, candidate))

    async def _candidate(
        self, request: pb.EvaluatePolicyRequest | pb.DryRunPolicyRequest, destination: str
    ) -> CompiledPolicy:
        kind = request.WhichOneof("candidate")
        if kind == "content":
            policy = policy_of(request.content, destination, 0, "content")
            _check(policy)
        elif kind == "revision":
            if request.revision < 0:
                raise InvalidRequestError("revision", "is negative")
            policy = (await self._desk.revision(destination, request.revision)).policy
        else:
            return self._in_force(destination)
        # The largest policy takes some tenths of a second.
        return await asyncio.to_thread(CompiledPolicy, policy, destination)

    def _in_force(self, destination: str) -> CompiledPolicy:
        """Return the revision in force now, for cases of any instant."""
        return self._policies.of(destination, self._clock()).until(FOREVER_MS)

    def _policy(self, destination: str, stored: StoredLedger) -> policy_pb2.Policy:
        ledger, now_ms = stored.ledger, self._clock()
        message = policy_pb2.Policy(
            name=policy_name(destination),
            etag=etag_of(stored),
            revision=ledger.in_force(now_ms),
        )
        before = ledger.before(now_ms)
        if before is not None:
            message.previous_revision = before
        for one in ledger.activations:
            made = message.activations.add(
                revision=one.revision,
                rollback=one.rollback,
                reason=one.reason,
                cancelled=one.cancelled,
            )
            fill(made.valid_from_time, one.valid_from_ms)
            fill(made.decide_time, one.made_ms)
        return message


def _destination(name: str, field: str) -> str:
    """Return the destination in the name of a policy.

    Raises:
        InvalidRequestError: It is no name of a policy.
        NotFoundError: There is no such member or policy.
    """
    if not name:
        raise InvalidRequestError(field, f"is required, as members/510000/policies/{POLICY_ID}")
    match = _POLICY.fullmatch(name)
    if match is None:
        raise InvalidRequestError(field, f"is not of the form members/510000/policies/{POLICY_ID}")
    destination = member_code(match[1], field)
    if match[2] != POLICY_ID:
        raise NotFoundError("policy", match[2])
    return destination


def _own(name: str, field: str, caller: Caller) -> str:
    """Return the destination in the name of the caller's own policy.

    Raises:
        PermissionDeniedError: It is another member's.
    """
    destination = _destination(name, field)
    if destination != caller.member:
        raise PermissionDeniedError(
            "A member changes its own policy only.", member=caller.member, policy=destination
        )
    return destination


def _check(policy: Policy) -> None:
    problems = check_policy(msgspec.structs.replace(policy, revision=1))
    if problems:
        raise InvalidPolicyError([(f"content.{one.place}", one.message) for one in problems])


def _revision(destination: str, revision: Revision) -> policy_pb2.PolicyRevision:
    message = policy_pb2.PolicyRevision(
        name=f"{policy_name(destination)}/revisions/{_number(revision.policy)}",
        state=policy_pb2.PolicyRevision.State.Value(revision.state.value),
    )
    fill_content(message.content, revision.policy)
    if revision.created_ms:
        fill(message.create_time, revision.created_ms)
    return message


def _number(policy: Policy) -> int:
    return policy.revision if policy.name in BY_CODE else 0
