"""A caller's trace is found in log lines, in spans and nowhere else."""

import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import grpc.aio
import pytest

from exchange.api.v1 import member_service_pb2, recognition_service_pb2
from exchange.api.v1.recognition_service_pb2_grpc import RecognitionServiceStub
from exchange.metrics.trace import CURRENT, export_to, part, trace_of
from exchange.server.logs import configure_logs
from exchange.server.observe_spans import SpanSender
from exchange.settings import Settings
from tests.people import resident
from tests.server_fixture import StartExchange, document

TRACE_ID, PARENT_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE_ID}-{PARENT_ID}-01"


def test_a_well_formed_trace_is_taken_and_gets_a_span_of_ours() -> None:
    trace = trace_of({"traceparent": TRACEPARENT, "x-request-id": "r-1"})
    assert trace is not None
    assert (trace.trace_id, trace.parent_id, trace.sampled) == (TRACE_ID, PARENT_ID, True)
    assert trace.request_id == "r-1"
    assert trace.span_id != PARENT_ID
    assert len(trace.span_id) == 16


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00-abc-def-01",
        f"ff-{TRACE_ID}-{PARENT_ID}-01",
        f"00-{'0' * 32}-{PARENT_ID}-01",
        f"00-{TRACE_ID}-{'0' * 16}-01",
        TRACEPARENT.upper(),
    ],
)
def test_what_is_no_trace_is_ignored(text: str) -> None:
    assert trace_of({"traceparent": text}) is None


def test_a_request_id_never_shows_a_number_of_a_person() -> None:
    trace = trace_of({"x-request-id": f"for-{resident(3)}"})
    assert trace is not None
    assert resident(3)[:6] not in trace.request_id
    assert trace_of({"x-request-id": "two words"}) is None


def test_nothing_is_exported_for_callers_who_do_not_record() -> None:
    spans: list[object] = []
    export_to(spans.append)
    token = CURRENT.set(trace_of({"traceparent": f"{TRACEPARENT[:-2]}00"}))
    try:
        with part("store read"):
            pass
    finally:
        CURRENT.reset(token)
        export_to(None)
    assert spans == []


class Collector:
    """A collector of OpenTelemetry, as far as a test needs one."""

    def __init__(self) -> None:
        self.received: list[dict[str, object]] = []
        received = self.received

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                for resource in json.loads(body)["resourceSpans"]:
                    for scope in resource["scopeSpans"]:
                        received.extend(scope["spans"])
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def collector() -> Iterator[Collector]:
    found = Collector()
    yield found
    found.close()


async def test_a_call_and_its_store_operation_reach_the_collector_under_the_callers_trace(
    start_exchange: StartExchange, collector: Collector
) -> None:
    running = await start_exchange(trace_endpoint=collector.endpoint)
    client = running.client()
    request = recognition_service_pb2.CheckHealthCodeRequest(
        document=document(resident(4)), destination="members/310000"
    )
    metadata = (*client.metadata, ("traceparent", TRACEPARENT))
    await RecognitionServiceStub(client.channel).CheckHealthCode(request, metadata=metadata)
    await running.exchange.stop()
    spans = {str(span["name"]): span for span in collector.received}
    assert set(spans) == {"CheckHealthCode", "store read"}
    assert {span["traceId"] for span in spans.values()} == {TRACE_ID}
    assert spans["CheckHealthCode"]["parentSpanId"] == PARENT_ID
    assert spans["store read"]["parentSpanId"] == spans["CheckHealthCode"]["spanId"]


async def test_log_lines_of_a_call_name_its_trace_and_request(
    start_exchange: StartExchange,
) -> None:
    client = (await start_exchange()).client()
    stream = io.StringIO()
    configure_logs(Settings(log_format="json"), stream)
    for sent in ((("traceparent", TRACEPARENT), ("x-request-id", "r-7")), ()):
        metadata = grpc.aio.Metadata(*client.metadata, *sent)
        await client.members.ListMembers(member_service_pb2.ListMembersRequest(), metadata=metadata)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    traced, untraced = [line for line in lines if line["event"] == "call"]
    assert (traced["trace_id"], traced["request_id"]) == (TRACE_ID, "r-7")
    assert not {"trace_id", "request_id"} & set(untraced)


def test_a_collector_that_is_away_is_no_matter() -> None:
    sender = SpanSender("http://127.0.0.1:1")
    trace = trace_of({"traceparent": TRACEPARENT})
    assert trace is not None
    export_to(sender)
    token = CURRENT.set(trace)
    try:
        with part("store read"):
            pass
    finally:
        CURRENT.reset(token)
        export_to(None)
        sender.close()
