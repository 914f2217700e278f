"""One attempt to hand in an upload: a stream, to its end or to where it breaks."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import cast

import grpc
import msgspec

from exchange.api.v1 import health_code_service_pb2 as pb
from exchange.cli.client import Client, Connection, connect
from exchange.cli.exits import CommandError
from exchange.cli.uploads import BEGINNING, Message, Position, Upload
from exchange.wire.names import member_name


class Source(msgspec.Struct, frozen=True):
    """Whose records are handed in, and in which format.

    Attributes:
        member: Six-digit code.
        format_id: Id of one of its formats.
        request_id: For tracing, or ``""``.
    """

    member: str
    format_id: str
    request_id: str = ""


class Stream:
    """One stream, from a position on until its end or until it breaks."""

    def __init__(
        self, connection: Connection, source: Source, upload: Upload, position: Position
    ) -> None:
        self._connection = connection
        self._source = source
        self._upload = upload
        self._position = position
        self._cancel: Callable[[], object] | None = None
        self._opened = threading.Event()
        self._error: CommandError | OSError | None = None
        self.stalled = False
        self._sent_count = 0

    @property
    def was_taken(self) -> bool:
        """Whether somebody took messages: gRPC asks for the next when the last one has gone."""
        return self._sent_count > 1

    def answers(self) -> Iterator[pb.StreamingPublishHealthCodesResponse]:
        """Send everything and give the acknowledgements as they come.

        gRPC takes the next message when the connection has room for it, and the exchange reads
        while earlier ones become durable: so no more than that is in memory here.
        """
        with connect(self._connection) as client:
            call = self._open(client)
            patience = Patience(self._connection.timeout_seconds, self._stall)
            try:
                for answer in call:
                    patience.renew()
                    yield answer
            except grpc.RpcError:
                if self._error is not None:
                    raise self._error from None
                raise
            finally:
                patience.end()
                self._stop()

    def _open(self, client: Client) -> "grpc.CallIterator[pb.StreamingPublishHealthCodesResponse]":
        call = client.open_stream(client.health_codes.StreamingPublishHealthCodes, self._messages())
        self._cancel = cast(grpc.Call, call).cancel
        self._opened.set()
        return call

    def _stall(self) -> None:
        self.stalled = True
        self._stop()

    def _stop(self) -> None:
        self._opened.wait()
        if self._cancel is not None:
            self._cancel()

    def _messages(self) -> Iterator[Message]:
        """Give all messages; runs on gRPC's thread, where nothing may be raised."""
        source, at = self._source, self._position
        start = Message.Start(
            member=member_name(source.member),
            request_id=source.request_id,
            format=source.format_id,
        )
        if at != BEGINNING:
            start.resume_position.byte_offset = at.byte_offset
            start.resume_position.record_count = at.record_count
            start.resume_position.payload_count = at.payload_count
        try:
            yield Message(start=start)
            for message in self._upload.messages(at):
                self._sent_count += 1
                yield message
        except (CommandError, OSError) as error:
            # To end here would say that the file ends here.
            self._error = error
            self._stop()


class Patience:
    """Calls something when nothing has come for too long."""

    def __init__(self, seconds: float, act: Callable[[], None]) -> None:
        self._seconds = seconds
        self._act = act
        self._changed = threading.Condition()
        self._until: float | None = time.monotonic() + seconds
        self._thread = threading.Thread(target=self._run, name="patience", daemon=True)
        self._thread.start()

    def renew(self) -> None:
        """Begin to wait anew."""
        # The thread looks when the old time has come; waking it up each time would cost more.
        self._until = time.monotonic() + self._seconds

    def end(self) -> None:
        """Wait no more."""
        with self._changed:
            self._until = None
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        with self._changed:
            while (until := self._until) is not None:
                left = until - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
        if self._until is not None:
            self._act()
