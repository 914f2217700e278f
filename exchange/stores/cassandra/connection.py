"""A connection of the driver that the store's own event loop serves, without a thread between.

The driver's own connections are served by a thread of theirs. Each request then crosses to it and
each answer back, and both threads take turns with the loop for one interpreter: on a full core
that cost as much as the request itself.
"""

import asyncio
import ssl
import threading
from collections.abc import Callable
from typing import Any, ClassVar

from cassandra.connection import Connection, ConnectionShutdown

READ_BYTES_MAX = 64 * 1024
"""Of one call of the system. Over a TLS record (16 KiB), so that none is left half in the socket's
own buffer, where no loop would see it."""
READS_MAX = 16
"""Of one turn of the loop: a megabyte of rows, then others have their turn."""
_NOT_NOW = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class LoopTimer:
    """A timer of the loop that any thread may make and cancel."""

    __slots__ = ("_callback", "_handle", "_loop", "_thread", "_was_cancelled")

    def __init__(
        self, connection: "type[LoopConnection]", seconds: float, callback: Callable[[], object]
    ) -> None:
        self._loop, self._thread = connection.loop, connection.thread
        self._callback = callback
        self._handle: asyncio.TimerHandle | None = None
        self._was_cancelled = False
        if threading.get_ident() == self._thread:
            self._handle = self._loop.call_later(seconds, self._fire)
        else:
            self._loop.call_soon_threadsafe(self._start, seconds)

    def _start(self, seconds: float) -> None:
        if not self._was_cancelled:
            self._handle = self._loop.call_later(seconds, self._fire)

    def _fire(self) -> None:
        # Another thread may have cancelled it when it was due already.
        if not self._was_cancelled:
            self._callback()

    def cancel(self) -> None:
        """Let nothing happen; without effect where it has happened."""
        self._was_cancelled = True
        if threading.get_ident() == self._thread:
            self._stop()
        else:
            _on_loop(self._loop, self._stop)

    def _stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()


def _on_loop(loop: asyncio.AbstractEventLoop, work: Callable[[], object]) -> bool:
    """Let the loop do something soon; tell whether it still can."""
    try:
        loop.call_soon_threadsafe(work)
    except RuntimeError:
        return False  # It is closed.
    return True


class LoopConnection(Connection):  # type: ignore[misc]  # The driver has no types.
    """Reads and writes where the loop says so; made by other threads, as connecting blocks.

    Attributes:
        loop: That of the store; of a subclass that ``connection_class`` makes for it.
        thread: Which thread it runs in.
    """

    loop: ClassVar[asyncio.AbstractEventLoop]
    thread: ClassVar[int]
    is_closed: bool
    is_defunct: bool

    @classmethod
    def create_timer(cls, timeout: float, callback: Callable[[], object]) -> LoopTimer:
        """Return a timer, as the driver wants it."""
        return LoopTimer(cls, timeout, callback)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._unsent: list[bytes] = []
        self._sends_soon = False
        self._waits_for_room = False
        self._connect_socket()
        self._socket.setblocking(False)
        self._descriptor = self._socket.fileno()
        try:
            self.loop.call_soon_threadsafe(self._start_reading)
            self._send_options_message()
        except RuntimeError:
            # The driver was reaching for a node again when the store was let go, with its loop.
            self._socket.close()
            raise

    def close(self) -> None:
        """Close the socket and fail what waits for an answer. Any thread may do so."""
        with self.lock:
            if self.is_closed:
                return
            self.is_closed = True
        if threading.get_ident() == self.thread:
            self._close_socket()
        elif not _on_loop(self.loop, self._close_socket):
            self._socket.close()
        if not self.is_defunct:
            self.error_all_requests(ConnectionShutdown(f"Connection to {self.endpoint} was closed"))

    def push(self, data: bytes) -> None:
        """Send bytes soon. Any thread may do so.

        Never refused for a full socket, as the driver's own do: how much is under way is bounded by
        the store, and what it sends is better sent late than not at all.

        Raises:
            RuntimeError: The loop is closed.
        """
        if threading.get_ident() == self.thread:
            self._add(data)
        else:
            self.loop.call_soon_threadsafe(self._add, data)

    def _start_reading(self) -> None:
        if not self.is_closed:
            self.loop.add_reader(self._descriptor, self._read)

    def _close_socket(self) -> None:
        self._unsent.clear()
        self.loop.remove_reader(self._descriptor)
        self.loop.remove_writer(self._descriptor)
        self._socket.close()

    def _add(self, data: bytes) -> None:
        # What one turn of the loop asks leaves together.
        self._unsent.append(data)
        if not self._sends_soon:
            self._sends_soon = True
            self.loop.call_soon(self._send)

    def _send(self) -> None:
        if self.is_closed:
            return
        data = self._unsent[0] if len(self._unsent) == 1 else b"".join(self._unsent)
        sent = 0
        try:
            sent = self._socket.send(data)
        except _NOT_NOW:
            pass
        except OSError as error:
            self.defunct(error)
            return
        if sent == len(data):
            self._unsent.clear()
            self._sends_soon = False
            if self._waits_for_room:
                self._waits_for_room = False
                self.loop.remove_writer(self._descriptor)
        else:
            self._unsent = [data[sent:]]
            if not self._waits_for_room:
                self._waits_for_room = True
                self.loop.add_writer(self._descriptor, self._send)

    def _read(self) -> None:
        arrived = self._iobuf
        for _ in range(READS_MAX):
            try:
                data = self._socket.recv(READ_BYTES_MAX)
            except _NOT_NOW:
                break
            except OSError as error:
                self.defunct(error)
                return
            if not data:
                self.close()  # As the node did.
                return
            arrived.write(data)
            if len(data) < READ_BYTES_MAX:
                break
        if arrived.tell():
            self.process_io_buffer()


def connection_class(loop: asyncio.AbstractEventLoop) -> type[LoopConnection]:
    """Return the class of connections that a loop serves; to be called by its thread."""
    attributes = {"loop": loop, "thread": threading.get_ident()}
    return type("StoreConnection", (LoopConnection,), attributes)
