"""MemberService: who takes part, with which formats, and how these do."""

from collections.abc import Mapping

from adapters.base import Format
from exchange.api.v1 import member_pb2, member_service_pb2 as pb
from exchange.core.caller import Caller, CallerKind
from exchange.core.errors import PermissionDeniedError
from exchange.core.members import BY_CODE, MEMBERS, Member
from exchange.operations.drift import Drift
from exchange.services.pages import page
from exchange.wire.format_health import fill_format_health
from exchange.wire.names import member_code, member_name, members_of


class MemberService:
    """Serves ``exchange.api.v1.MemberService``."""

    def __init__(self, formats: Mapping[str, Format], drift: Drift) -> None:
        self._formats = formats
        self._drift = drift

    async def GetMember(self, request: pb.GetMemberRequest, caller: Caller) -> member_pb2.Member:
        """Show one member."""
        del caller  # Who takes part is no secret.
        response = member_pb2.Member()
        self._fill(response, BY_CODE[member_code(request.name, "name")])
        return response

    async def ListMembers(
        self, request: pb.ListMembersRequest, caller: Caller
    ) -> pb.ListMembersResponse:
        """Show all members by code."""
        del caller  # Who takes part is no secret.
        response = pb.ListMembersResponse()
        shown, response.next_page_token = page(MEMBERS, request.page_size, request.page_token)
        for member in shown:
            self._fill(response.members.add(), member)
        return response

    async def ListFormatHealth(
        self, request: pb.ListFormatHealthRequest, caller: Caller
    ) -> pb.ListFormatHealthResponse:
        """Show how formats do."""
        members = members_of(request.parent)
        if caller.kind is CallerKind.MEMBER and members != (caller.member,):
            raise PermissionDeniedError(
                "A member asks for its own formats only.", member=caller.member
            )
        response = pb.ListFormatHealthResponse()
        for one in await self._drift.health(members):
            if one.recent.records or one.usual.records:
                fill_format_health(response.format_health.add(), one)
        return response

    def _fill(self, message: member_pb2.Member, member: Member) -> None:
        message.name = member_name(member.code)
        message.display_name = member.name
        message.chinese_name = member.chinese_name
        message.code_name = member.code_name
        for format_id in member.formats:
            found = self._formats.get(format_id)
            message.formats.add(
                id=format_id,
                description=found.content if found else "",
                supported=found is not None,
            )
        message.recognition_modes.extend(member.recognition_modes)  # type: ignore[arg-type] # as in the API
