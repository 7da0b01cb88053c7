"""Traces of a real server reach a collector: a request's span holds its transactions and object calls."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.support.serving import running_server


class Collector(BaseHTTPRequestHandler):
    """Takes spans by OTLP/HTTP."""

    def do_POST(self) -> None:
        message = ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["Content-Length"])))
        for resource in message.resource_spans:
            for scope in resource.scope_spans:
                self.server.spans.extend(scope.spans)  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing to say."""


@contextmanager
def collecting() -> Iterator[tuple[str, list[Any]]]:
    """A collector's URL, and what it got."""
    server = HTTPServer(("127.0.0.1", 0), Collector)
    server.spans = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/traces", server.spans  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_requests_span_holds_its_transaction_and_its_object(data_dir: Path) -> None:
    with collecting() as (url, spans):
        settings = {
            "DAVDRIVE_TRACES__ENDPOINT_URL": url,
            "DAVDRIVE_TRACES__SAMPLED_SHARE": "1",
            "DAVDRIVE_OBJECTS__INLINE_BYTES": "10",
        }
        with running_server(data_dir, workers=2, settings=settings) as server:
            number = server.client().put("f", b"more than ten bytes").get("X-Request-Id")
            assert server.client().get("missing").status == 404
        request = next(span for span in spans if span.name == "PUT")
        inside = [span for span in spans if span.parent_span_id == request.span_id]
        assert {"transaction", "object finish"} <= {span.name for span in inside}
        assert all(span.trace_id == request.trace_id for span in inside)
        assert attributes(request) >= {("davdrive.request", number), ("path", "/bob/f")}
        assert any(span.name == "GET" for span in spans)


def attributes(span: Any) -> set[tuple[str, str]]:
    return {(item.key, item.value.string_value) for item in span.attributes}
