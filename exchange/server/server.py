"""The gRPC server of one process: services, health, reflection, port and limits."""

from collections.abc import Mapping, Sequence

import grpc
import grpc.aio
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from exchange.api.v1 import (
    health_code_service_pb2,
    member_service_pb2,
    recognition_service_pb2,
)
from exchange.core.errors import StartError
from exchange.server.calls import Method, UnaryCall
from exchange.server.identity import Identify

MESSAGE_BYTES_MAX = 5 * 1024 * 1024
"""4 MiB of payloads (the API's limit) and what stands around them."""

SERVICES: tuple[ServiceDescriptor, ...] = (
    health_code_service_pb2.DESCRIPTOR.services_by_name["HealthCodeService"],
    recognition_service_pb2.DESCRIPTOR.services_by_name["RecognitionService"],
    member_service_pb2.DESCRIPTOR.services_by_name["MemberService"],
)
"""Every service of the API, in the order of its files."""

_SAMPLED = frozenset({"CheckHealthCode"})


class ExchangeServer:
    """Serves the API on one port."""

    def __init__(
        self, servicers: Mapping[str, object], identify: Identify, check_log_sample: int
    ) -> None:
        """Take what is served.

        Args:
            servicers: By name of the service; each has a coroutine method per method.
            identify: Names the caller.
            check_log_sample: Of so many single checks one is logged.
        """
        self._server = grpc.aio.server(
            options=(
                # A second server on a taken port must fail, not take half of the calls.
                ("grpc.so_reuseport", 0),
                ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
                ("grpc.max_send_message_length", MESSAGE_BYTES_MAX * 4),
            )
        )
        for service in SERVICES:
            handlers = _handlers(service, servicers[service.name], identify, check_log_sample)
            generic = grpc.method_handlers_generic_handler(service.full_name, handlers)
            self._server.add_generic_rpc_handlers((generic,))
        self.health = health.aio.HealthServicer()  # type: ignore[attr-defined] # missing in the stubs
        health_pb2_grpc.add_HealthServicer_to_server(self.health, self._server)
        names = [service.full_name for service in SERVICES]
        reflection.enable_server_reflection(
            (*names, health.SERVICE_NAME, reflection.SERVICE_NAME), self._server
        )
        self._names: Sequence[str] = ("", *names)

    async def start(self, address: str) -> int:
        """Listen without transport security and return the port.

        Raises:
            StartError: The address cannot be taken.
        """
        try:
            port = self._server.add_insecure_port(address)
        except RuntimeError as error:
            raise StartError(
                f"The address {address} cannot be listened on: is it taken?"
            ) from error
        await self._server.start()
        return port

    async def set_serving(self, serving: bool) -> None:
        """Tell the truth about every service, to those who watch as well."""
        status = health_pb2.HealthCheckResponse
        for name in self._names:
            await self.health.set(name, status.SERVING if serving else status.NOT_SERVING)

    async def stop(self, grace_seconds: float) -> None:
        """Take no new calls, let those running finish within the grace."""
        await self._server.stop(grace_seconds)

    async def wait(self) -> None:
        """Wait until the server has stopped."""
        await self._server.wait_for_termination()


def _handlers(
    service: ServiceDescriptor, servicer: object, identify: Identify, check_log_sample: int
) -> dict[str, "grpc.RpcMethodHandler[bytes, bytes]"]:
    handlers = {}
    for descriptor in service.methods:
        method = Method(
            path=f"/{service.full_name}/{descriptor.name}",
            request=GetMessageClass(descriptor.input_type),
            behaviour=getattr(servicer, descriptor.name),
            log_sample=check_log_sample if descriptor.name in _SAMPLED else 1,
        )
        handlers[descriptor.name] = grpc.unary_unary_rpc_method_handler(
            UnaryCall(method, identify).serve
        )
    return handlers
