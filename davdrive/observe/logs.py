"""Structured logs on one stream, one line an event: JSON for collectors, text for people.

Lines of davdrive and of the libraries (WsgiDAV, cheroot, SQLAlchemy, boto3, through the standard library's logging) go
the same way: they carry the request's id, and no secret leaves.
"""

import logging
import sys
from collections.abc import MutableMapping, Sequence
from typing import Any, Literal, TextIO, cast

import structlog

from davdrive.observe.context import bound_fields
from davdrive.observe.redact import redact_event

LogFormat = Literal["text", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]
Event = MutableMapping[str, Any]
KEEP_TO_THEMSELVES = ("wsgidav",)
"""Libraries that, when they are imported, see to it that nobody hears them."""


def get_logger(name: str) -> Any:
    """A logger for a module: `log.info("what happened", key=value)`. It may be made before `configure_logging`."""
    return structlog.get_logger(source=name)


def configure_logging(
    format: LogFormat = "text",
    level: LogLevel = "info",
    libraries: LogLevel = "warning",
    stream: TextIO | None = None,
) -> None:
    """Send all logs of this process to `stream` (standard error); call it again after a change of the settings.

    `level` is the least that davdrive's own lines need, `libraries` that of all others.
    """
    out = sys.stderr if stream is None else stream
    processors = _processors(format, out)
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(_number(level)),
        logger_factory=structlog.WriteLoggerFactory(file=out),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _Routed)]:
        root.removeHandler(handler)
    root.addHandler(_Routed(processors, out))
    root.setLevel(_number(libraries))
    logging.getLogger("davdrive").setLevel(_number(level))
    for name in KEEP_TO_THEMSELVES:
        logging.getLogger(name).propagate = True
        logging.getLogger(name).setLevel(_number(libraries))
    # SQLAlchemy gives its own logger a level when it is imported, unless there is one.
    logging.getLogger("sqlalchemy").setLevel(_number(libraries))
    logging.captureWarnings(True)


class _Routed(logging.Handler):
    """Renders records of the standard library's logging like our own events."""

    def __init__(self, processors: Sequence[Any], stream: TextIO) -> None:
        super().__init__()
        self._processors = processors
        self._stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._stream.write(self._line(record) + "\n")
            self._stream.flush()
        except Exception:
            # Standard logging's own rule: a line that cannot be written never breaks the work it tells of.
            self.handleError(record)

    def _line(self, record: logging.LogRecord) -> str:
        event: Any = {"event": record.getMessage(), "source": record.name}
        if record.exc_info:
            event["exc_info"] = record.exc_info
        for processor in self._processors:
            event = processor(None, record.levelname.lower(), event)
        return cast(str, event)


def _number(level: LogLevel) -> int:
    return logging.getLevelNamesMapping()[level.upper()]


def _processors(format: LogFormat, stream: TextIO) -> list[Any]:
    common = [
        _with_request,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact_event,
    ]
    if format == "json":
        return [*common, structlog.processors.JSONRenderer()]
    colors = stream.isatty()
    return [*common, structlog.dev.ConsoleRenderer(colors=colors, pad_event_to=0, pad_level=False)]


def _with_request(_logger: Any, _method: str, event: Event) -> Event:
    return {**bound_fields(), **event}
