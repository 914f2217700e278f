"""Hand in one payload as a member: python publish.py FILE MEMBER FORMAT [ADDRESS]."""

import sys
from pathlib import Path

import grpc

from exchange.api.v1 import health_code_service_pb2 as pb, health_code_service_pb2_grpc as services

CONFIG = Path("exchange/client_service_config.json")

file, member, format_id, address = [*sys.argv[1:], "127.0.0.1:7443"][:4]
certs = Path("var/exchange/certs")
pem = [certs / name for name in ("authority.pem", f"member-{member}.key", f"member-{member}.pem")]
credentials = grpc.ssl_channel_credentials(*[path.read_bytes() for path in pem])
options = [("grpc.service_config", CONFIG.read_text()), ("grpc.use_local_subchannel_pool", 1)]
with grpc.secure_channel(address, credentials, options) as channel:
    payloads = pb.NativePayloads(format=format_id, payloads=[Path(file).read_bytes()])
    request = pb.PublishHealthCodesRequest(member=f"members/{member}", native_payloads=payloads)
    answer = services.HealthCodeServiceStub(channel).PublishHealthCodes(request, timeout=30)
print(answer.accepted_count, "accepted")
for one in answer.failures:
    print(one.payload_index, one.index, pb.RecordFailure.Reason.Name(one.reason), one.field)
