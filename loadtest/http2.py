"""A lean gRPC client: constant headers, encoded bodies, answers counted and not parsed.

It speaks just enough of HTTP/2 (RFC 9113) to ask for far more than a server can give. A call costs
it about a tenth of what a gRPC library costs, so the server on its own core is what is measured.
The server is told to use no table of headers (RFC 7541, section 4.2) and to send binary metadata
as it is, so that trailers can be searched without keeping state.
"""

import asyncio
import ssl
import struct
from collections import deque
from collections.abc import Callable, Sequence
from typing import cast

import msgspec

_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _PING, _GOAWAY, _WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
_END_STREAM, _ACK, _END_HEADERS = 1, 1, 4
_FRAME = struct.Struct(">HBBBL")
_FRAME_BYTES = 9
_FRAME_BYTES_MAX = 16_384
_INITIAL_WINDOW = 65_535
_STREAMS_MAX = _WINDOW_MAX = 2**31 - 1
_WINDOW_RENEWED_AT = 2**30
_SETTING_STREAMS_MAX, _SETTING_INITIAL_WINDOW = 3, 4
_REFUSED_STREAM = 7
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
# No header table, no push, an unbounded window, binary metadata as it is.
_OUR_SETTINGS = ((1, 0), (2, 0), (_SETTING_INITIAL_WINDOW, _WINDOW_MAX), (0xFE03, 1))
_RETRY_INFO = b"google.rpc.RetryInfo"
_STATUS_OK = b"grpc-status\x010"
"""Without a table of headers, names and values stand as they are, after their lengths."""


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What came of one call.

    Attributes:
        ok: The stream ended in order, with the status OK.
        size: Bytes of the message, its five bytes of frame included.
        trailers: The last block of headers as it came; b"" where the connection went away.
        message: The message, where it was asked for.
    """

    ok: bool
    size: int
    trailers: bytes
    message: bytes = b""

    @property
    def status(self) -> str:
        """The status code as a number in text; ``""`` where there is none."""
        _, found, rest = self.trailers.partition(b"grpc-status")
        return rest[1 : 1 + rest[0]].decode("ascii") if found else ""

    @property
    def retry_seconds(self) -> float | None:
        """What RetryInfo asks to wait, or None."""
        _, found, rest = self.trailers.partition(_RETRY_INFO)
        return _any_duration(rest) if found else None


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[place]
        value |= (byte & 0x7F) << shift
        place += 1
        if byte < 0x80:  # noqa: PLR2004 - the last byte of a number has no high bit.
            return value, place
        shift += 7


def _any_duration(data: bytes) -> float:
    """Read the duration in RetryInfo in Any: value { retry_delay { seconds, nanos } }."""
    _, place = _varint(data, 1)
    if data[:1] != b"\x12" or data[place : place + 1] != b"\x0a":
        return 0.0
    size, place = _varint(data, place + 1)
    end, found = place + size, {1: 0, 2: 0}
    while place < end:
        found[data[place] >> 3], place = _varint(data, place + 1)
    return found[1] + found[2] / 1e9


class Target(msgspec.Struct, frozen=True):
    """Where calls go and as whom.

    Attributes:
        port: On 127.0.0.1.
        path: ``/package.Service/Method``.
        metadata: Names and values.
        tls: For mutual TLS; None for plaintext.
    """

    port: int
    path: str
    metadata: tuple[tuple[str, str], ...] = ()
    tls: ssl.SSLContext | None = None

    def headers(self) -> bytes:
        """Return the block of headers, the same for every call (RFC 7541, literals)."""
        block = b"\x83" + (b"\x86" if self.tls is None else b"\x87")
        block += b"\x04" + _text(self.path) + b"\x01" + _text("localhost")
        block += b"\x0f\x10" + _text("application/grpc") + b"\x00" + _text("te") + _text("trailers")
        for name, value in self.metadata:
            block += b"\x00" + _text(name) + _text(value)
        return block


def _text(value: str) -> bytes:
    data = value.encode("ascii")
    prefix = 0x7F
    if len(data) < prefix:
        return bytes((len(data),)) + data
    rest, out = len(data) - prefix, bytes((prefix,))
    while rest > prefix:
        out += bytes((rest & 0x7F | 0x80,))
        rest >>= 7
    return out + bytes((rest,)) + data


def message_of(body: bytes) -> bytes:
    """Return a message with the frame that gRPC puts around it."""
    return b"\x00" + len(body).to_bytes(4, "big") + body


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    size = len(payload)
    return _FRAME.pack(size >> 8, size & 0xFF, kind, flags, stream) + payload


Done = Callable[[Answer], None]


class _Open:
    """A call that waits for its answer."""

    __slots__ = ("data", "done", "keep", "message", "size")

    def __init__(self, message: bytes, done: Done, *, keep: bool) -> None:
        self.message = message
        self.done = done
        self.size = 0
        self.keep = keep
        self.data = b""


class Http2Connection(asyncio.Protocol):
    """One connection; calls are answered through callbacks on the event loop.

    As clients of gRPC do, it opens no more streams than the server allows, and opens a stream that
    was refused before anything of it was processed once more (RFC 9113, section 8.7): a server has
    let go of a stream a little later than its caller has.
    """

    def __init__(self, target: Target) -> None:
        self._headers = target.headers()
        self._open: dict[int, _Open] = {}
        self._queued: deque[_Open] = deque()
        self._streams_max = _STREAMS_MAX
        self._stream = -1
        self._buffer = bytearray()
        self._received = 0
        self._window = self._stream_window = _INITIAL_WINDOW
        self._waiting: deque[tuple[int, bytes, int]] = deque()
        self._transport: asyncio.Transport | None = None
        self.ready = asyncio.get_running_loop().create_future()
        self.closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Open HTTP/2."""
        # A cast: uvloop's transports are of no class of asyncio's.
        transport = cast("asyncio.Transport", transport)
        self._transport = transport
        settings = b"".join(struct.pack(">HL", *one) for one in _OUR_SETTINGS)
        window = struct.pack(">L", _WINDOW_MAX - _INITIAL_WINDOW)
        transport.write(
            _PREFACE + _frame(_SETTINGS, 0, 0, settings) + _frame(_WINDOW_UPDATE, 0, 0, window)
        )

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail what is open."""
        self.closed = True
        if not self.ready.done():
            self.ready.set_exception(exc or ConnectionError("closed before it was ready"))
        opened, self._open = [*self._open.values(), *self._queued], {}
        self._queued.clear()
        for one in opened:
            one.done(Answer(ok=False, size=one.size, trailers=b""))

    def call(self, message: bytes, done: Done, *, keep: bool = False) -> None:
        """Start a call; ``done`` is called later, never from here.

        Args:
            message: With its frame, see ``message_of``.
            done: Takes the answer.
            keep: Whether the answer is to hold the message.
        """
        if self.closed or self._transport is None:
            failed = Answer(ok=False, size=0, trailers=b"")
            asyncio.get_running_loop().call_soon(done, failed)
            return
        one = _Open(message, done, keep=keep)
        if len(self._open) < self._streams_max:
            self._begin(one)
        else:
            self._queued.append(one)

    def _begin(self, one: _Open) -> None:
        assert self._transport is not None  # noqa: S101 - a call begins only on an open one.
        self._stream += 2
        self._open[self._stream] = one
        message = one.message
        head = _frame(_HEADERS, _END_HEADERS, self._stream, self._headers)
        size = len(message)
        if not self._waiting and size <= min(self._window, self._stream_window, _FRAME_BYTES_MAX):
            self._window -= size
            self._transport.write(head + _frame(_DATA, _END_STREAM, self._stream, message))
            return
        self._transport.write(head)
        self._waiting.append((self._stream, message, self._stream_window))
        self._send_waiting()

    def _send_waiting(self) -> None:
        assert self._transport is not None  # noqa: S101 - a call waits only on an open one.
        while self._waiting and self._window > 0:
            stream, rest, window = self._waiting[0]
            part = rest[: min(self._window, window, _FRAME_BYTES_MAX)]
            if not part:
                return
            self._window -= len(part)
            rest = rest[len(part) :]
            flags = 0 if rest else _END_STREAM
            self._transport.write(_frame(_DATA, flags, stream, part))
            if rest:
                self._waiting[0] = (stream, rest, window - len(part))
            else:
                self._waiting.popleft()

    def data_received(self, data: bytes) -> None:
        """Take frames apart."""
        buffer = self._buffer
        buffer += data
        place, have = 0, len(buffer)
        while have - place >= _FRAME_BYTES:
            high, low, kind, flags, stream = _FRAME.unpack_from(buffer, place)
            end = place + _FRAME_BYTES + (high << 8 | low)
            if end > have:
                break
            self._take(kind, flags, stream, bytes(buffer[place + _FRAME_BYTES : end]))
            place = end
        del buffer[:place]

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind in (_DATA, _HEADERS):
            self._take_answer(kind, flags, stream, payload)
        elif kind == _WINDOW_UPDATE:
            self._widen(stream, int.from_bytes(payload, "big"))
        elif kind in (_SETTINGS, _PING):
            self._take_control(kind, flags, payload)
        elif kind == _RST_STREAM and stream in self._open:
            self._take_reset(self._open.pop(stream), int.from_bytes(payload, "big"))
        elif kind == _GOAWAY and not self._open and self._transport is not None:
            self.closed = True
            self._transport.close()
        elif kind == _GOAWAY:
            self.closed = True

    def _take_answer(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        one = self._open.get(stream)
        if kind == _DATA:
            self._count_received(len(payload))
        if one is None:
            return
        if kind == _DATA:
            one.size += len(payload)
            if one.keep:
                one.data += payload
        if flags & _END_STREAM:
            del self._open[stream]
            # An error may come with an empty message, or as a single block of headers without any.
            trailers = payload if kind == _HEADERS else b""
            one.done(Answer(_STATUS_OK in trailers, one.size, trailers, one.data))
            self._begin_queued()

    def _take_reset(self, one: _Open, code: int) -> None:
        if code == _REFUSED_STREAM and not self.closed:
            self._queued.append(one)
        else:
            one.done(Answer(ok=False, size=one.size, trailers=b""))
        self._begin_queued()

    def _begin_queued(self) -> None:
        while self._queued and len(self._open) < self._streams_max and not self.closed:
            self._begin(self._queued.popleft())

    def _count_received(self, size: int) -> None:
        self._received += size
        if self._received > _WINDOW_RENEWED_AT and self._transport is not None:
            update = struct.pack(">L", self._received)
            self._transport.write(_frame(_WINDOW_UPDATE, 0, 0, update))
            self._received = 0

    def _widen(self, stream: int, more: int) -> None:
        if not stream:
            self._window += more
        elif self._waiting and self._waiting[0][0] == stream:
            first, rest, window = self._waiting[0]
            self._waiting[0] = (first, rest, window + more)
        self._send_waiting()

    def _take_control(self, kind: int, flags: int, payload: bytes) -> None:
        if flags & _ACK or self._transport is None:
            return
        self._transport.write(_frame(kind, _ACK, 0, b"" if kind == _SETTINGS else payload))
        if kind == _SETTINGS:
            for name, value in struct.iter_unpack(">HL", payload):
                if name == _SETTING_INITIAL_WINDOW:
                    self._stream_window = value
                elif name == _SETTING_STREAMS_MAX:
                    self._streams_max = value
            if not self.ready.done():
                self.ready.set_result(None)

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.close()


async def connect(target: Target, count: int, seconds: float = 10.0) -> list[Http2Connection]:
    """Open connections that are ready for calls.

    Raises:
        OSError: The server cannot be reached.
        TimeoutError: It does not answer in time.
    """
    loop = asyncio.get_running_loop()
    opened = []
    for _ in range(count):
        _, connection = await loop.create_connection(
            lambda: Http2Connection(target),
            "127.0.0.1",
            target.port,
            ssl=target.tls,
            server_hostname="localhost" if target.tls else None,
        )
        await asyncio.wait_for(connection.ready, seconds)
        opened.append(connection)
    return opened


def close_all(connections: Sequence[Http2Connection]) -> None:
    """End connections."""
    for connection in connections:
        connection.close()
