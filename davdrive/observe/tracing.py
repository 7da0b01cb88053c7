"""Spans for OpenTelemetry where the extra `traces` is installed and configured; otherwise nothing, at no cost.

with span("commit", drive=name):
    …
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from davdrive.observe.context import request_id

Opener = Callable[[str, dict[str, Any]], AbstractContextManager[Any]]
_NOTHING: AbstractContextManager[None] = nullcontext()
_open: Opener | None = None


class TracingMissing(Exception):
    """Traces are configured, but the extra `traces` is not installed."""


def span(name: str, **attributes: str | int | float | bool) -> AbstractContextManager[Any]:
    """A span around a piece of work, with the request's id. An exception that passes is recorded on it."""
    if _open is None:
        return _NOTHING
    return _open(name, {**attributes, "davdrive.request": request_id()})


def tracing() -> bool:
    """Whether spans go anywhere."""
    return _open is not None


def start_tracing(endpoint_url: str, sampled_share: float = 0.1, service: str = "davdrive") -> Callable[[], None]:
    """Send spans to the OTLP/HTTP endpoint; call it in each worker, after the fork. Return what ends it and flushes.

    `sampled_share` of the traces that begin here are kept; 1.0 is all. Raises `TracingMissing`.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise TracingMissing("traces need OpenTelemetry: pip install 'davdrive[traces]'") from None
    return use_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint_url)), sampled_share, service)


def use_processor(processor: Any, sampled_share: float, service: str) -> Callable[[], None]:
    """As `start_tracing`, with an OpenTelemetry span processor of the caller's."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio

    provider = TracerProvider(
        resource=Resource.create({"service.name": service}), sampler=ParentBasedTraceIdRatio(sampled_share)
    )
    provider.add_span_processor(processor)
    tracer = provider.get_tracer("davdrive")

    def open_span(name: str, attributes: dict[str, Any]) -> AbstractContextManager[Any]:
        opened: AbstractContextManager[Any] = tracer.start_as_current_span(name, attributes=attributes)
        return opened

    def stop() -> None:
        _use(None)
        provider.shutdown()

    _use(open_span)
    return stop


def _use(opener: Opener | None) -> None:
    global _open
    _open = opener
