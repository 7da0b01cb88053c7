"""From settings to logs, metrics and traces."""

from collections.abc import Callable
from typing import Any

from davdrive.auth.authenticator import client_address
from davdrive.cli.wiring.auth import auth_options
from davdrive.metadata.observer import Outcome
from davdrive.objects.decorators.observed import Observation
from davdrive.observe.access import AccessLog
from davdrive.observe.logs import configure_logging, get_logger
from davdrive.observe.metrics import Recorder, install, record
from davdrive.observe.profiling import FOLDER, Desk
from davdrive.observe.requests import RequestWatch
from davdrive.observe.tracing import TracingMissing, start_tracing
from davdrive.server.hooks import Gauges
from davdrive.settings import Settings

LOG = get_logger("davdrive.stores")
METRICS_FOLDER = "metrics"


def start_logging(settings: Settings) -> None:
    """All logs of this process to standard error, as the settings say."""
    log = settings.log
    configure_logging(log.format, log.level, log.libraries)


def install_metrics(settings: Settings) -> None:
    """Count from now on, in this process and those that it forks; with metrics off, nothing is imported."""
    if not settings.metrics.enabled:
        install(Recorder())
        return
    from davdrive.observe.prometheus import PrometheusRecorder

    install(PrometheusRecorder(settings.run_dir / METRICS_FOLDER))


def begin_traces(settings: Settings) -> Callable[[], None]:
    """Send spans where the settings say; call it after a fork. What ends it and flushes."""
    traces = settings.traces
    if not traces.endpoint_url:
        return lambda: None
    try:
        return start_tracing(traces.endpoint_url, traces.sampled_share)
    except TracingMissing as error:
        LOG.error("there are no traces", reason=str(error))
        return lambda: None


def request_watch(settings: Settings) -> RequestWatch:
    """What is seen of each request."""
    options = auth_options(settings)

    def client_of(environ: dict[str, Any]) -> str:
        return client_address(environ, options)

    log = settings.log
    return RequestWatch(client_of, AccessLog(log.format) if log.access else None, log.slow_s)


def tick(settings: Settings) -> Callable[[Gauges], None]:
    """The server's hook, four times a second."""
    profiling = settings.profiling
    desk = Desk(settings.run_dir / FOLDER, profiling.longest_s, profiling.samples_per_s)
    look = desk.look if profiling.enabled else lambda: None

    def on_gauges(gauges: Gauges) -> None:
        record().server_state(gauges.connections, gauges.queue, gauges.busy_threads)
        look()

    return on_gauges


class StoreWatch:
    """Hears of transactions and object calls: numbers, and lines that carry the request's id.

    With `log.level` at debug there is a line for each; what is tried again or failed is always told.
    """

    def __init__(self, settings: Settings) -> None:
        self._each = settings.log.level == "debug"

    def transaction(self, seconds: float, outcome: Outcome) -> None:
        record().transaction(seconds, outcome)
        if self._each:
            LOG.debug("transaction", outcome=outcome, seconds=round(seconds, 4))

    def waited(self, seconds: float) -> None:
        record().writer_wait(seconds)

    def retried(self, reason: str) -> None:
        record().transaction_retry(reason)
        LOG.warning("a transaction is tried again", reason=reason)

    def object_call(self, call: Observation) -> None:
        """The observer of `open_objects`."""
        if call.operation == "retry":
            LOG.warning("an object call is tried again", call=call.error)
            return
        record().object_call(call.operation, call.seconds, bool(call.error))
        if call.size:
            record().object_bytes("in" if call.operation == "finish" else "out", call.size)
        if call.error:
            LOG.warning("an object call failed", call=call.operation, error=call.error)
        elif self._each:
            LOG.debug("object call", call=call.operation, bytes=call.size, seconds=round(call.seconds, 4))
