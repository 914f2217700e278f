"""Handing in a policy, and bringing it in force."""

from exchange.api.v1 import policy_pb2, policy_service_pb2 as service_pb
from exchange.cli.client import Client
from exchange.cli.policies.sources import policy_of_member
from exchange.core.policy import Policy
from exchange.wire.policies import fill_content


def publish_policy(
    client: Client,
    code: str,
    policy: Policy,
    options: service_pb.ActivatePolicyRequest | None = None,
) -> policy_pb2.Policy:
    """Hand in a policy and activate it, unless that has been done and nothing else is wished."""
    revision = create_revision(client, code, policy)
    request = service_pb.ActivatePolicyRequest()
    if options is not None:
        request.CopyFrom(options)
    wished = bool(request.waiver_reason) or request.HasField("valid_from_time")
    name = policy_of_member(code)
    found = client.call(client.policies.GetPolicy, service_pb.GetPolicyRequest(name=name))
    last = any(one.revision == revision and not one.cancelled for one in found.activations[-1:])
    if last and (found.revision == revision or not wished):
        return found
    request.name, request.revision = name, revision
    return client.call(client.policies.ActivatePolicy, request)


def create_revision(client: Client, code: str, policy: Policy) -> int:
    """Hand in a revision as a draft, and return its number."""
    request = service_pb.CreatePolicyRevisionRequest(parent=policy_of_member(code))
    fill_content(request.policy_revision.content, policy)
    made = client.call(client.policies.CreatePolicyRevision, request)
    return int(made.name.rpartition("/")[2])
