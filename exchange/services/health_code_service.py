"""HealthCodeService: publishing, listing, converting and erasing."""

from exchange.api.v1 import health_code_service_pb2 as pb
from exchange.core.caller import Caller
from exchange.core.errors import InvalidRequestError, PermissionDeniedError
from exchange.core.health_code import Document
from exchange.core.members import NATIONAL
from exchange.core.traces import Person
from exchange.operations.convert import NATIONAL_FORMAT, Converter, Question
from exchange.operations.environment import Environment
from exchange.operations.listing import Records
from exchange.operations.publish import Publisher
from exchange.services.pages import page
from exchange.services.publications import Publications
from exchange.wire.checks import fill_used
from exchange.wire.conversions import document_to_convert, lost_fields, required_document
from exchange.wire.documents import subjects_of_parent
from exchange.wire.health_codes import fill_health_code
from exchange.wire.names import member_code


class HealthCodeService(Publications):
    """Serves ``exchange.api.v1.HealthCodeService``."""

    def __init__(
        self,
        publisher: Publisher,
        records: Records,
        converter: Converter,
        environment: Environment,
    ) -> None:
        super().__init__(publisher, environment.clock)
        self._records = records
        self._converter = converter
        self._keys = environment.keys

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
