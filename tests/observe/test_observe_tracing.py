"""Traces: nothing without configuration, real spans with it."""

from collections.abc import Iterator

import pytest

from davdrive.observe import tracing
from davdrive.observe.context import begin_request, end_request


@pytest.fixture(autouse=True)
def _no_tracing() -> Iterator[None]:
    yield
    tracing._use(None)


def test_without_configuration_a_span_is_nothing_and_passes_exceptions() -> None:
    with tracing.span("work", drive="d"):
        pass
    with pytest.raises(ValueError, match="x"), tracing.span("work"):
        raise ValueError("x")


def test_spans_nest_carry_the_request_and_record_exceptions() -> None:
    export = pytest.importorskip("opentelemetry.sdk.trace.export", reason="needs the extra davdrive[traces]")
    memory = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
    exporter = memory.InMemorySpanExporter()
    stop = tracing.use_processor(export.SimpleSpanProcessor(exporter), 1.0, "davdrive")
    begin_request({"davdrive.request_id": "r1"})
    with tracing.span("request"), pytest.raises(OSError, match="away"), tracing.span("commit", drive="d"):
        raise OSError("away")
    end_request()
    spans = {span.name: span for span in exporter.get_finished_spans()}
    assert spans["commit"].parent.span_id == spans["request"].context.span_id
    assert dict(spans["commit"].attributes) == {"drive": "d", "davdrive.request": "r1"}
    assert spans["commit"].events[0].name == "exception"
    stop()
    with tracing.span("after"):
        pass
    assert len(exporter.get_finished_spans()) == 2
