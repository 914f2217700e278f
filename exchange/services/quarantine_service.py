"""QuarantineService: listing, counting, replaying and discarding what no adapter could read."""

import structlog

from exchange.api.v1 import quarantine_service_pb2 as pb
from exchange.core.caller import Caller
from exchange.core.quarantine import Entry
from exchange.operations.quarantine import Quarantine
from exchange.operations.replay import Replayer
from exchange.services.pages import page
from exchange.wire.names import entry_name, member_code, members_of
from exchange.wire.quarantine import (
    counts,
    fill_entry,
    fill_failure,
    keys_of,
    reason_of,
)

_log = structlog.get_logger("exchange.quarantine")


class QuarantineService:
    """Serves ``exchange.api.v1.QuarantineService``. Operators only: the access table sees to it."""

    def __init__(self, quarantine: Quarantine, replayer: Replayer) -> None:
        self._quarantine = quarantine
        self._replayer = replayer

    async def ListQuarantineEntries(
        self, request: pb.ListQuarantineEntriesRequest, caller: Caller
    ) -> pb.ListQuarantineEntriesResponse:
        """List entries."""
        reason = reason_of(request.reason)
        entries = [
            one
            for one in await self._entries(request.parent)
            if (not request.format or one.head.format_id == request.format)
            and (reason is None or one.head.failures[0].reason is reason)
        ]
        response = pb.ListQuarantineEntriesResponse()
        shown, response.next_page_token = page(entries, request.page_size, request.page_token)
        for entry in shown:
            fill_entry(response.quarantine_entries.add(), entry)
        _log.info("listed", caller=caller.urn, parent=request.parent, entries=len(shown))
        return response

    async def CountQuarantineEntries(
        self, request: pb.CountQuarantineEntriesRequest, caller: Caller
    ) -> pb.CountQuarantineEntriesResponse:
        """Count entries."""
        entries = await self._entries(request.parent)
        _log.info("counted", caller=caller.urn, parent=request.parent, entries=len(entries))
        return pb.CountQuarantineEntriesResponse(counts=counts(entries))

    async def _entries(self, parent: str) -> list[Entry]:
        members = members_of(parent)
        return [one for member in members for one in await self._quarantine.entries(member)]

    async def ReplayQuarantineEntries(
        self, request: pb.ReplayQuarantineEntriesRequest, caller: Caller
    ) -> pb.ReplayQuarantineEntriesResponse:
        """Replay entries."""
        member = member_code(request.parent, "parent")
        replayed = await self._replayer.replay(member, keys_of(request.names, member))
        _log.info(
            "replayed",
            caller=caller.urn,
            parent=request.parent,
            names=list(request.names),
            accepted=replayed.accepted_count,
            released=replayed.released_count,
        )
        response = pb.ReplayQuarantineEntriesResponse(
            accepted_count=replayed.accepted_count,
            released_count=replayed.released_count,
            missing_names=[entry_name(member, key.hex()) for key in replayed.missing],
        )
        for one in replayed.failures:
            message = response.failures.add(name=entry_name(member, one.key.hex()))
            if one.failure is not None:
                fill_failure(message.failure, one.failure)
        return response

    async def DiscardQuarantineEntries(
        self, request: pb.DiscardQuarantineEntriesRequest, caller: Caller
    ) -> pb.DiscardQuarantineEntriesResponse:
        """Discard entries."""
        member = member_code(request.parent, "parent")
        discarded = await self._quarantine.remove(member, keys_of(request.names, member))
        _log.info(
            "discarded",
            caller=caller.urn,
            parent=request.parent,
            names=list(request.names),
            discarded=discarded,
        )
        return pb.DiscardQuarantineEntriesResponse(discarded_count=discarded)
