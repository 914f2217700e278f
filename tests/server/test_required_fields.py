"""Every field that the API calls REQUIRED is: the list comes from the descriptors."""

from collections.abc import Iterator

import grpc
import pytest
from google.api import annotations_pb2, field_behavior_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from exchange.api.v1 import (
    health_code_service_pb2 as publish_pb,
    member_service_pb2 as member_pb,
    policy_pb2,
    policy_service_pb2 as policy_pb,
    quarantine_service_pb2 as quarantine_pb,
    recognition_service_pb2 as check_pb,
)
from exchange.operations.shipped import default_for
from exchange.server.server import SERVICES
from exchange.wire.policies import fill_content
from tests.people import resident
from tests.server_fixture import (
    OPERATOR,
    SICHUAN,
    Client,
    RunningExchange,
    document,
    record,
    refused,
)

assert annotations_pb2  # The annotations must be loaded for options to be readable.

PERSON = resident(1)


def _full_record() -> publish_pb.HealthCodeRecord:
    message = record(PERSON)
    message.health_code.holds.add(code="POPUP_3")
    message.health_code.tests.add(kind=1, result=1)
    message.health_code.vaccination.dose_count = 2
    message.health_code.vaccination.last_dose_date = "2021-06-01"
    return message


def _complete(service: str, method: str) -> Message:
    """Return a request in which every field is right."""
    parent = {"parent": "subjects/-", "document": document(PERSON)}
    check = check_pb.CheckHealthCodeRequest(document=document(PERSON), destination="members/310000")
    requests: dict[str, Message] = {
        "ListHealthCodes": publish_pb.ListHealthCodesRequest(**parent),  # type: ignore[arg-type]
        "EraseHealthCodes": publish_pb.EraseHealthCodesRequest(**parent),  # type: ignore[arg-type]
        "ConvertHealthCode": publish_pb.ConvertHealthCodeRequest(
            document=document(PERSON), destination="members/510000", format="510000-status-v1"
        ),
        "GetNationalHealthCode": publish_pb.GetNationalHealthCodeRequest(document=document(PERSON)),
        "CheckHealthCode": check,
        "BatchCheckHealthCodes": check_pb.BatchCheckHealthCodesRequest(requests=[check]),
        "StreamingPublishHealthCodes": publish_pb.StreamingPublishHealthCodesRequest(
            start=publish_pb.StreamingPublishHealthCodesRequest.Start(
                member="members/510000", format="510000-status-v1"
            )
        ),
        "PublishHealthCodes": publish_pb.PublishHealthCodesRequest(
            member="members/510000",
            native_payloads=publish_pb.NativePayloads(format="510000-status-v1"),
        ),
    }
    requests |= _of_policies() | _of_quarantine()
    if method in requests:
        return requests[method]
    (found,) = (one.methods_by_name[method] for one in SERVICES if one.name == service)
    message = GetMessageClass(found.input_type)()
    if "name" in found.input_type.fields_by_name:
        message.name = "members/510000"  # type: ignore[attr-defined]
    return message


def _of_quarantine() -> dict[str, Message]:
    parent, names = "members/510000", [f"members/510000/quarantineEntries/{'0' * 32}"]
    return {
        "ListFormatHealth": member_pb.ListFormatHealthRequest(parent=parent),
        "ListQuarantineEntries": quarantine_pb.ListQuarantineEntriesRequest(parent=parent),
        "CountQuarantineEntries": quarantine_pb.CountQuarantineEntriesRequest(parent=parent),
        "ReplayQuarantineEntries": quarantine_pb.ReplayQuarantineEntriesRequest(
            parent=parent, names=names
        ),
        "DiscardQuarantineEntries": quarantine_pb.DiscardQuarantineEntriesRequest(
            parent=parent, names=names
        ),
    }


def _of_policies() -> dict[str, Message]:
    name = "members/510000/policies/entry"
    content = policy_pb2.PolicyContent()
    fill_content(content, default_for("510000"))
    revision = policy_pb2.PolicyRevision(content=content)
    return {
        "GetPolicy": policy_pb.GetPolicyRequest(name=name),
        "ListPolicies": policy_pb.ListPoliciesRequest(parent="members/-"),
        "GetPolicyRevision": policy_pb.GetPolicyRevisionRequest(name=f"{name}/revisions/0"),
        "ListPolicyRevisions": policy_pb.ListPolicyRevisionsRequest(parent=name),
        "CreatePolicyRevision": policy_pb.CreatePolicyRevisionRequest(
            parent=name, policy_revision=revision
        ),
        "ActivatePolicy": policy_pb.ActivatePolicyRequest(name=name, revision=1),
        "RollbackPolicy": policy_pb.RollbackPolicyRequest(name=name, validate_only=True),
        "EvaluatePolicy": policy_pb.EvaluatePolicyRequest(name=name, content=content),
        "DryRunPolicy": policy_pb.DryRunPolicyRequest(name=name, content=content),
    }


async def _make_ready(client: Client, service: str) -> None:
    """Bring a revision in force, so that every method has something to work on."""
    if service == "PolicyService":
        requests = _of_policies()
        for method in ("CreatePolicyRevision", "ActivatePolicy"):
            path = f"/exchange.api.v1.PolicyService/{method}"
            await client.raw(path, requests[method].SerializeToString())


def _required(descriptor: Descriptor, prefix: str = "") -> Iterator[tuple[str, FieldDescriptor]]:
    for field in descriptor.fields:
        behaviours = field.GetOptions().Extensions[field_behavior_pb2.field_behavior]
        if field_behavior_pb2.REQUIRED in behaviours:
            yield f"{prefix}{field.name}", field
        # Records and batch items are judged alone, their own tests are below.
        if field.message_type is not None and not field.is_repeated:
            if (
                field.message_type.full_name.startswith("google.")
                or field.name == "health_code_records"
            ):
                continue
            yield from _required(field.message_type, f"{prefix}{field.name}.")


REQUIRED = [
    (service.name, method.name, path)
    for service in SERVICES
    for method in service.methods
    for path, _ in _required(method.input_type)
    if (method.name, path) != ("BatchCheckHealthCodes", "requests")  # An empty batch is valid.
]
RECORD_FIELDS = [path for path, _ in _required(publish_pb.HealthCodeRecord.DESCRIPTOR)] + [
    "health_code.holds.code",
    "health_code.tests.kind",
    "health_code.tests.result",
]


def _clear(message: Message, path: str) -> None:
    *parents, last = path.split(".")
    for parent in parents:
        inner = getattr(message, parent)
        message = inner if isinstance(inner, Message) else inner[0]
    message.ClearField(last)


@pytest.mark.parametrize(("service", "method", "path"), REQUIRED)
async def test_a_request_without_a_required_field_is_refused_by_its_path(
    exchange: RunningExchange, service: str, method: str, path: str
) -> None:
    operators = method == "EraseHealthCodes" or service == "QuarantineService"
    caller = OPERATOR if operators else SICHUAN
    request = _complete(service, method)
    await exchange.client().publish_records("510000", record(PERSON))  # There is one to convert.
    client = exchange.client(caller)
    (found,) = (one.methods_by_name[method] for one in SERVICES if one.name == service)
    path_of = f"/{found.containing_service.full_name}/{method}"
    await _make_ready(client, service)
    call = client.raw_stream if found.client_streaming else client.raw
    await call(path_of, request.SerializeToString())
    _clear(request, path)
    with refused() as how:
        await call(path_of, request.SerializeToString())
    assert (how().code, how().reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    assert how().fields == (path,)


@pytest.mark.parametrize("path", RECORD_FIELDS)
async def test_a_record_without_a_required_field_is_missing_field_and_costs_itself_only(
    exchange: RunningExchange, path: str
) -> None:
    client = exchange.client()
    lacking = _full_record()
    _clear(lacking, path)
    answer = await client.publish_records("510000", _full_record(), lacking, _full_record())
    assert answer.accepted_count == 2
    (failure,) = answer.failures
    assert (failure.index, failure.Reason.Name(failure.reason)) == (1, "MISSING_FIELD")
    assert failure.field == path


@pytest.mark.parametrize("path", ["destination", "document.type", "document.number", "document"])
async def test_a_batch_item_without_a_required_field_has_its_error_at_its_place(
    exchange: RunningExchange, path: str
) -> None:
    client = exchange.client()
    good = check_pb.CheckHealthCodeRequest(document=document(PERSON), destination="members/310000")
    lacking = check_pb.CheckHealthCodeRequest()
    lacking.CopyFrom(good)
    _clear(lacking, path)
    request = check_pb.BatchCheckHealthCodesRequest(requests=[good, lacking, good])
    answer = await client.recognition.BatchCheckHealthCodes(request, metadata=client.metadata)
    outcomes = [result.WhichOneof("outcome") for result in answer.results]
    assert outcomes == ["decision", "error", "decision"]
    named = "person" if path == "document" else path
    assert f"requests[1].{named}" in answer.results[1].error.message
