"""HealthCodeService: publishing, listing, converting and erasing."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator

import msgspec

from exchange.api.v1 import health_code_service_pb2 as pb
from exchange.core.caller import Caller
from exchange.core.errors import InvalidRequestError, PermissionDeniedError
from exchange.core.health_code import Document
from exchange.core.members import NATIONAL
from exchange.core.publication import Publication
from exchange.core.traces import Person
from exchange.operations.convert import NATIONAL_FORMAT, Converter, Question
from exchange.operations.environment import Environment
from exchange.operations.intake import Intake, Resume
from exchange.operations.listing import Records
from exchange.operations.publish import RECORDS_MAX, Publisher
from exchange.services.pages import page
from exchange.services.publish_stream import PublishStream
from exchange.wire.checks import fill_used
from exchange.wire.conversions import document_to_convert, lost_fields, required_document
from exchange.wire.documents import subjects_of_parent
from exchange.wire.health_codes import fill_health_code, outcome_of
from exchange.wire.names import member_code, member_name
from exchange.wire.publications import fill_failure

REQUEST_ID_CHARACTERS_MAX = 100


class HealthCodeService:
    """Serves ``exchange.api.v1.HealthCodeService``."""

    def __init__(
        self,
        publisher: Publisher,
        records: Records,
        converter: Converter,
        environment: Environment,
    ) -> None:
        self._publisher = publisher
        self._records = records
        self._converter = converter
        self._keys = environment.keys
        self._clock = environment.clock

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
            _check_count("native_payloads.payloads", len(native.payloads))
            return await self._publisher.publish_native(member, native.format, native.payloads)
        if submission == "health_code_records":
            records = request.health_code_records.records
            _check_count("health_code_records.records", len(records))
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

    async def ListHealthCodes(
        self, request: pb.ListHealthCodesRequest, caller: Caller
    ) -> pb.ListHealthCodesResponse:
        """List a person's statements."""
        del caller  # Any member may ask; every look-up is counted per caller.
        document = request.document if request.HasField("document") else None
        subjects = subjects_of_parent(request.parent, document, self._keys, self._clock())
        statements = await self._records.list(subjects)
        response = pb.ListHealthCodesResponse()
        shown, response.next_page_token = page(statements, request.page_size, request.page_token)
        for statement in shown:
            fill_health_code(response.health_codes.add(), statement, subjects[0])
        return response

    async def ConvertHealthCode(
        self, request: pb.ConvertHealthCodeRequest, caller: Caller
    ) -> pb.ConvertHealthCodeResponse:
        """Convert the effective statement about a person."""
        destination = member_code(request.destination, "destination")
        if caller.member not in (destination, NATIONAL):
            # Some formats are signed or sealed with the destination's key: in other hands what the
            # exchange writes could be passed off as the destination's own. The national platform
            # converts for members that cannot call themselves.
            raise PermissionDeniedError(
                "A member asks for its own formats only.", member=caller.member
            )
        if not request.format:
            raise InvalidRequestError("format", "is required")
        question = self._question(document_to_convert(request, self._clock()))
        found = await self._converter.convert(question, destination, request.format)
        response = pb.ConvertHealthCodeResponse(
            payload=found.written.payload, lost_fields=lost_fields(found.written.losses)
        )
        fill_used(response.statement, found.statement, found.standing)
        return response

    async def GetNationalHealthCode(
        self, request: pb.GetNationalHealthCodeRequest, caller: Caller
    ) -> pb.GetNationalHealthCodeResponse:
        """Give the national answer about a person."""
        del caller  # Any member may ask; every look-up is counted per caller.
        message = request.document if request.HasField("document") else None
        question = self._question(required_document(message, self._clock()))
        answer = await self._converter.national_answer(question)
        response = pb.GetNationalHealthCodeResponse(payload=answer.payload, format=NATIONAL_FORMAT)
        for entry in answer.entries:
            report = response.reports.add(lost_fields=lost_fields(entry.losses))
            fill_used(report.statement, entry.statement, entry.standing)
            if entry.refusal is not None:
                report.refusal_reason = entry.refusal.reason
                report.refusal_field = entry.refusal.field
        return response

    def _question(self, document: Document) -> Question:
        return Question(document, self._keys.subjects(document))

    async def EraseHealthCodes(
        self, request: pb.EraseHealthCodesRequest, caller: Caller
    ) -> pb.EraseHealthCodesResponse:
        """Erase what is kept about a person."""
        del caller  # Operators only: the table of access has seen to it.
        message = request.document if request.HasField("document") else None
        now_ms = self._clock()
        subjects = subjects_of_parent(request.parent, message, self._keys, now_ms)
        document = None if message is None else required_document(message, now_ms)
        erased = await self._records.erase(Person(frozenset(subjects), document))
        return pb.EraseHealthCodesResponse(
            erased_count=erased.statement_count, discarded_entry_count=erased.entry_count
        )


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


def _check_count(field: str, count: int) -> None:
    if count > RECORDS_MAX:
        raise InvalidRequestError(field, f"has {count} elements, at most {RECORDS_MAX} are taken")


def _published(publication: Publication, member: str) -> pb.PublishHealthCodesResponse:
    response = pb.PublishHealthCodesResponse(accepted_count=publication.accepted_count)
    for failure in publication.failures:
        fill_failure(response.failures.add(), failure, member)
    return response
