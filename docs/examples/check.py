"""Ask as a checkpoint: python check.py DOCUMENT_FILE DESTINATION CHECKPOINT [ADDRESS]."""

import sys
from pathlib import Path

import grpc
from google.protobuf import json_format

from exchange.api.v1 import recognition_service_pb2 as pb, recognition_service_pb2_grpc as services

CONFIG = Path("exchange/client_service_config.json")

file, destination, name, address = [*sys.argv[1:], "127.0.0.1:7443"][:4]
stem = f"var/exchange/certs/checkpoint-{destination}-{name}"
pem = [Path("var/exchange/certs/authority.pem"), Path(f"{stem}.key"), Path(f"{stem}.pem")]
credentials = grpc.ssl_channel_credentials(*[path.read_bytes() for path in pem])
options = [("grpc.service_config", CONFIG.read_text()), ("grpc.use_local_subchannel_pool", 1)]
request = json_format.Parse(Path(file).read_bytes(), pb.CheckHealthCodeRequest())
request.destination = f"members/{destination}"
with grpc.secure_channel(address, credentials, options) as channel:
    answer = services.RecognitionServiceStub(channel).CheckHealthCode(request, timeout=2)
decision = answer.decision
print(decision.rendering.chinese_text, decision.Verdict.Name(decision.verdict))
for finding in decision.findings:
    print(finding.reason, finding.detail, finding.chinese_text)
