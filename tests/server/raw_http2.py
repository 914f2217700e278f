"""Just enough HTTP/2, by hand, to be a caller that misbehaves."""

import asyncio
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 0x0, 0x1, 0x3, 0x4, 0x6, 0x7
END_STREAM, END_HEADERS = 0x1, 0x4
INITIAL_WINDOW_SIZE = 0x4
ENHANCE_YOUR_CALM = 0xB


def frame(kind: int, payload: bytes = b"", flags: int = 0, stream: int = 0) -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def header(name: str, value: str) -> bytes:
    """A header as a literal that is neither indexed nor compressed."""
    parts = (name.encode(), value.encode())
    assert all(len(part) < 127 for part in parts)
    return b"\x00" + b"".join(bytes([len(part)]) + part for part in parts)


def call(stream: int, path: str, message: bytes, **metadata: str) -> bytes:
    """All the frames of a unary call."""
    names = {
        ":method": "POST",
        ":scheme": "http",
        ":path": path,
        ":authority": "localhost",
        "te": "trailers",
        "content-type": "application/grpc",
    } | {name.replace("_", "-"): value for name, value in metadata.items()}
    headers = b"".join(header(name, value) for name, value in names.items())
    body = b"\x00" + struct.pack(">I", len(message)) + message
    return frame(HEADERS, headers, END_HEADERS, stream) + frame(DATA, body, END_STREAM, stream)


def opening(initial_window_size: int = 65_535) -> bytes:
    """What a connection begins with."""
    return PREFACE + frame(SETTINGS, struct.pack(">HI", INITIAL_WINDOW_SIZE, initial_window_size))


async def connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port)


async def read_frame(reader: asyncio.StreamReader) -> tuple[int, int, bytes]:
    """Return kind, stream and payload of the next frame."""
    head = await reader.readexactly(9)
    length = int.from_bytes(head[:3], "big")
    kind, _, stream = struct.unpack(">BBI", head[3:])
    return kind, stream, await reader.readexactly(length)


async def read_until(reader: asyncio.StreamReader, wanted: int) -> bytes:
    """Return the payload of the next frame of a kind."""
    while True:
        kind, _, payload = await read_frame(reader)
        if kind == wanted:
            return payload


async def read_to_end(reader: asyncio.StreamReader) -> bytes:
    """Return all that comes until the peer closes."""
    found = b""
    try:
        while part := await reader.read(65_536):
            found += part
    except ConnectionResetError:
        pass
    return found
