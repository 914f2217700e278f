"""The gRPC server of one process: services, health, reflection, port and limits."""

import asyncio
from collections.abc import Callable, Mapping
from typing import cast

import grpc
import grpc.aio
import msgspec
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha import reflection

from exchange.api.v1 import (
    health_code_service_pb2,
    member_service_pb2,
    policy_service_pb2,
    quarantine_service_pb2,
    recognition_service_pb2,
)
from exchange.core.errors import StartError
from exchange.server import health
from exchange.server.account import LOOKUPS, Account
from exchange.server.admission import PRIORITIES, UPDATE_SECONDS, Priority
from exchange.server.calls import Method, Transport, UnaryCall
from exchange.server.charges import CHARGES
from exchange.server.doorway import DELAY_SECONDS, Doorway
from exchange.server.gate import HOLD_SECONDS, Gate
from exchange.server.gathered_calls import GatheredCall
from exchange.server.identity import Identify
from exchange.server.limits import ConnectionLimits
from exchange.server.observe_calls import OBSERVE, OBSERVE_GROUP
from exchange.server.probe import Probe
from exchange.server.quotas import Quotas
from exchange.server.relay import (
    CALL_PATH,
    CallBehaviour,
    RelayTo,
    StreamBehaviour,
    in_process,
    large_ones_to,
)
from exchange.server.stream_calls import StreamCall

SERVICES: tuple[ServiceDescriptor, ...] = (
    health_code_service_pb2.DESCRIPTOR.services_by_name["HealthCodeService"],
    recognition_service_pb2.DESCRIPTOR.services_by_name["RecognitionService"],
    member_service_pb2.DESCRIPTOR.services_by_name["MemberService"],
    policy_service_pb2.DESCRIPTOR.services_by_name["PolicyService"],
    quarantine_service_pb2.DESCRIPTOR.services_by_name["QuarantineService"],
)
"""Every service of the API, in the order of its files."""

_SAMPLED = frozenset({"CheckHealthCode"})


class ServerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a server serves.

    Attributes:
        identify: Names the caller of a call.
        clock: Gives the instant now in ms.
        limits: Of connections.
        check_log_sample: Of so many successful single checks one is logged.
        shared_port: Other processes listen on the same port.
        quotas: Of members; None: there are none.
        overload_delay_seconds: Delay on the way to a handler that is borne for long.
        relay_to: What serves streams and large submissions once they were let in; None: this
            process itself.
    """

    identify: Identify
    clock: Callable[[], int]
    limits: ConnectionLimits = ConnectionLimits()
    check_log_sample: int = 1_000
    shared_port: bool = False
    quotas: Quotas | None = None
    overload_delay_seconds: float = DELAY_SECONDS
    relay_to: RelayTo | None = None


class ExchangeServer:
    """Serves the API on one port."""

    def __init__(self, servicers: Mapping[str, object], options: ServerOptions) -> None:
        """Take what is served.

        Args:
            servicers: By name of the service; each has a coroutine method per method.
            options: How it is served.
        """
        self.account = Account()
        self._gate = Gate()
        self._door = Doorway(options.quotas or Quotas(), options.overload_delay_seconds)
        self._probe = Probe(self._door.tell, UPDATE_SECONDS)
        self._transport = Transport(
            identify=options.identify,
            account=self.account,
            clock=options.clock,
            gate=self._gate,
            door=self._door,
            stream_seconds_max=options.limits.stream_seconds_max,
        )
        self._server = grpc.aio.server(
            options=options.limits.options(shared_port=options.shared_port)
        )
        for service in SERVICES:
            handlers = self._handlers(service, servicers[service.name], options)
            generic = grpc.method_handlers_generic_handler(service.full_name, handlers)
            self._server.add_generic_rpc_handlers((generic,))
        names = [service.full_name for service in SERVICES]
        self.health = health.Health(("", *names))
        self._server.add_generic_rpc_handlers((self.health.handler(),))
        reflection.enable_server_reflection(
            (*names, health.SERVICE, reflection.SERVICE_NAME), self._server
        )

    def _handlers(
        self, service: ServiceDescriptor, servicer: object, options: ServerOptions
    ) -> dict[str, "grpc.RpcMethodHandler[bytes, bytes]"]:
        handlers = {}
        for descriptor in service.methods:
            path = f"/{service.full_name}/{descriptor.name}"
            method = Method(
                path=path,
                request=GetMessageClass(descriptor.input_type),
                behaviour=_behaviour(servicer, descriptor, path, options.relay_to),
                log_sample=options.check_log_sample if descriptor.name in _SAMPLED else 1,
                lookups=LOOKUPS.get(path),
                observe=OBSERVE.get(path),
                priority=PRIORITIES.get(path, Priority.REST),
                charge=CHARGES.get(path),
                group=getattr(servicer, f"{descriptor.name}Group", None),
                observe_group=OBSERVE_GROUP.get(path),
            )
            handlers[descriptor.name] = self._handler(
                method, streams=descriptor.client_streaming, relay_to=options.relay_to
            )
        return handlers

    def _handler(
        self, method: Method, *, streams: bool, relay_to: RelayTo | None
    ) -> "grpc.RpcMethodHandler[bytes, bytes]":
        if streams:
            own = in_process(cast("StreamBehaviour", method.behaviour), method.request)
            relay = own if relay_to is None else relay_to(method.path)
            serve = StreamCall(method, self._transport, relay).serve
            return grpc.stream_stream_rpc_method_handler(serve)
        if method.group is not None:
            gathered = GatheredCall(method, self._transport, method.group)
            return grpc.stream_unary_rpc_method_handler(gathered.serve)
        return grpc.unary_unary_rpc_method_handler(UnaryCall(method, self._transport).serve)

    async def start(self, address: str, credentials: grpc.ServerCredentials | None = None) -> int:
        """Listen, without transport security where there are no credentials; return the port.

        Raises:
            StartError: The address cannot be taken.
        """
        try:
            port = (
                self._server.add_insecure_port(address)
                if credentials is None
                else self._server.add_secure_port(address, credentials)
            )
            self._server.add_insecure_port(self._probe.address)
        except RuntimeError as error:
            raise StartError(
                f"The address {address} cannot be listened on: is it taken?"
            ) from error
        await self._server.start()
        self._probe.start()
        return port

    async def stop(self, grace_seconds: float) -> None:
        """Take no new calls, let those running finish within the grace."""
        self.health.close()
        await self._probe.stop()
        self._gate.hold()
        await asyncio.sleep(HOLD_SECONDS)
        stop = asyncio.ensure_future(self._server.stop(grace_seconds))
        # One round of the loop, in which the door is shut; then those that waited may go on.
        await asyncio.sleep(0)
        self._gate.release()
        await stop

    async def wait(self) -> None:
        """Wait until the server has stopped."""
        await self._server.wait_for_termination()


def _behaviour(
    servicer: object, method: MethodDescriptor, path: str, relay_to: RelayTo | None
) -> "CallBehaviour | StreamBehaviour":
    own: CallBehaviour | StreamBehaviour = getattr(servicer, method.name)
    if relay_to is None or path != CALL_PATH:
        return own
    response = GetMessageClass(method.output_type)
    return large_ones_to(relay_to(path), cast("CallBehaviour", own), response)
