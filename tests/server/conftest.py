"""Fixtures of the transport's tests: an authority, and an exchange that asks for certificates."""

from collections.abc import AsyncIterator
from pathlib import Path

import grpc.aio
import msgspec
import pytest

from tests.server_fixture import RunningExchange, StartExchange
from tests.tls_fixture import Authority, Pair


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An authority, with a server's certificate, where an exchange looks for it."""
    return Authority(tmp_path / "certs")


class SecureExchange(msgspec.Struct, frozen=True):
    """An exchange behind mutual TLS and ways to reach it."""

    running: RunningExchange
    authority: Authority
    channels: list[grpc.aio.Channel]

    @property
    def port(self) -> int:
        return self.running.exchange.port

    def channel(self, caller: Pair | str | None) -> grpc.aio.Channel:
        """A new connection with a certificate, with one for a URN, or without any."""
        pair = self.authority.caller(caller) if isinstance(caller, str) else caller
        channel = self.authority.channel(self.port, pair)
        self.channels.append(channel)
        return channel


@pytest.fixture
async def secure(
    start_exchange: StartExchange, authority: Authority
) -> AsyncIterator[SecureExchange]:
    running = await start_exchange(insecure_loopback=False)
    exchange = SecureExchange(running, authority, [])
    yield exchange
    for channel in exchange.channels:
        await channel.close(None)
