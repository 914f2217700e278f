"""The part of HealthCodeService that takes in what members hand in, by call and by stream."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator

import msgspec

from exchange.api.v1 import health_code_service_pb2 as pb
from exchange.core.caller import Caller
from exchange.core.errors import InvalidRequestError, PermissionDeniedError
from exchange.core.publication import Publication
from exchange.operations.clock import Clock
from exchange.operations.intake import Intake, Resume
from exchange.operations.publish import RECORDS_MAX, Publisher
from exchange.services.publish_stream import PublishStream
from exchange.wire.health_codes import outcome_of
from exchange.wire.limits import check_count
from exchange.wire.names import member_code, member_name
from exchange.wire.publications import fill_failure

REQUEST_ID_CHARACTERS_MAX = 100


class Publications:
    """Serves the methods that publish; alone in a process of its own, or beside the others."""

    def __init__(self, publisher: Publisher, clock: Clock) -> None:
        self._publisher = publisher
        self._clock = clock

    async def PublishHealthCodes(
        self, request: pb.PublishHealthCodesRequest, caller: Caller
    ) -> pb.PublishHealthCodesResponse:
        """Take in a submission of the caller itself."""
        member = _own_member(request.member, "member", caller)
        _check_request_id("request_id", request.request_id)
        return _published(await self._publish(request, member), member)

    async def _publish(self, request: pb.PublishHealthCodesRequest, member: str) -> Publication:
        submission = request.WhichOneof("submission")
        if submission == "native_payloads":
            native = request.native_payloads
            if not native.format:
                raise InvalidRequestError("native_payloads.format", "is required")
            check_count("native_payloads.payloads", len(native.payloads), RECORDS_MAX)
            return await self._publisher.publish_native(member, native.format, native.payloads)
        if submission == "health_code_records":
            records = request.health_code_records.records
            check_count("health_code_records.records", len(records), RECORDS_MAX)
            received_ms = self._clock()
            return await self._publisher.publish_outcomes(
                member, [outcome_of(record, member, received_ms) for record in records]
            )
        raise InvalidRequestError("submission", "is required: native payloads or records")

    async def StreamingPublishHealthCodes(
        self,
        requests: AsyncIterator[pb.StreamingPublishHealthCodesRequest],
        caller: Caller,
    ) -> AsyncGenerator[pb.StreamingPublishHealthCodesResponse, None]:
        """Take in a stream of the caller itself."""
        first = await anext(aiter(requests), None)
        if first is None or first.WhichOneof("part") != "start":
            raise InvalidRequestError("start", "is required in the first message")
        member = _own_member(first.start.member, "start.member", caller)
        _check_request_id("start.request_id", first.start.request_id)
        resume = _resume(first.start.resume_position)
        format_id = first.start.format
        found = self._publisher.formats.of(member, format_id) if format_id else None
        intake = Intake(self._publisher, member, found, resume)
        stream = PublishStream(self._publisher, intake, member)
        async with contextlib.aclosing(stream.serve(requests)) as responses:
            async for response in responses:
                yield response


def _own_member(name: str, field: str, caller: Caller) -> str:
    if name and name != member_name(caller.member):
        raise PermissionDeniedError("A member publishes for itself only.", member=caller.member)
    return member_code(name, field)


def _check_request_id(field: str, request_id: str) -> None:
    if len(request_id) > REQUEST_ID_CHARACTERS_MAX:
        raise InvalidRequestError(field, f"is longer than {REQUEST_ID_CHARACTERS_MAX} characters")


def _resume(position: pb.StreamPosition) -> Resume:
    resume = Resume(position.byte_offset, position.record_count, position.payload_count)
    if min(msgspec.structs.astuple(resume)) < 0:
        raise InvalidRequestError("start.resume_position", "is negative")
    return resume


def _published(publication: Publication, member: str) -> pb.PublishHealthCodesResponse:
    response = pb.PublishHealthCodesResponse(accepted_count=publication.accepted_count)
    for failure in publication.failures:
        fill_failure(response.failures.add(), failure, member)
    return response
