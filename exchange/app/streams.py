"""A publisher: what takes in streams that workers pass on, put together."""

import asyncio
from pathlib import Path
from typing import cast

from exchange.api.v1 import health_code_service_pb2 as pb
from exchange.app.keys import load_subject_keys
from exchange.app.stores import open_environment
from exchange.app.taking_in import TakingIn
from exchange.operations.clock import Clock, system_clock
from exchange.server.observe_process import Observation
from exchange.server.publisher import PublisherServer
from exchange.server.relay import (
    CALL_PATH,
    STREAM_PATH,
    CallBehaviour,
    StreamBehaviour,
    call_in_process,
    in_process,
)
from exchange.services.publications import Publications
from exchange.settings import Settings
from exchange.stores.base import Store
from exchange.stores.observed import ObservedStore


class StreamsExchange:
    """A publisher: takes in streams that workers pass on, behind them; from start to stop."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        address: str,
        figures_dir: Path | None = None,
        clock: Clock = system_clock,
    ) -> None:
        """Take what is served with what.

        Args:
            settings: All of them.
            store: Not yet connected, or connected.
            address: Of the socket that workers know.
            figures_dir: Where to leave figures for the parent; None: nobody asks for them.
            clock: The instant now.
        """
        self._settings = settings
        self._store = ObservedStore(store, clock)
        self._address = address
        self._figures_dir = figures_dir
        self._clock = clock
        self._taking_in = TakingIn(settings, self._store, clock)
        self._server: PublisherServer | None = None
        self._following: asyncio.Task[None] | None = None
        self._observation: Observation | None = None

    async def start(self) -> None:
        """Check everything, then listen.

        Raises:
            StartError: A setting, a key or the address is wrong.
            StoreError: The store does not answer or its schema cannot be used.
        """
        settings = self._settings
        keys = load_subject_keys(settings)
        environment = await open_environment(settings, keys, self._store, self._clock)
        taking = Publications(self._taking_in.publisher(environment), self._clock)
        stream = cast("StreamBehaviour", taking.StreamingPublishHealthCodes)
        call = cast("CallBehaviour", taking.PublishHealthCodes)
        self._server = PublisherServer(
            {
                STREAM_PATH: in_process(stream, pb.StreamingPublishHealthCodesRequest),
                CALL_PATH: call_in_process(call, pb.PublishHealthCodesRequest),
            }
        )
        await self._server.start(self._address)
        self._following = asyncio.create_task(self._taking_in.drift.follow())
        self._observation = Observation(
            self._store.name, None, self._figures_dir, None, settings.trace_endpoint
        )

    async def stop(self) -> None:
        """Drain: no new streams, those running finish, then the store is closed."""
        if self._server is not None:
            await self._server.stop(self._settings.drain_seconds)
        if self._following is not None:
            self._following.cancel()
        await self._taking_in.close(flush=self._server is not None)
        await self._store.close()
        if self._observation is not None:
            await self._observation.close()
