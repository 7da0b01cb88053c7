"""The recorder that counts, with prometheus_client over all processes of a machine."""

import os
import time
from pathlib import Path
from typing import Any

from davdrive import __version__
from davdrive.observe.catalogue import CATALOGUE
from davdrive.observe.metric_files import ProcessNumber
from davdrive.observe.metrics import LoginOutcome, Recorder, TransactionOutcome

_CORE_METHODS = ("OPTIONS", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "REPORT", "SEARCH")
_DAV_METHODS = ("PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK")
_METHODS = frozenset(_CORE_METHODS + _DAV_METHODS)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class PrometheusRecorder(Recorder):
    """Counts into files in `folder`, which all workers and the supervisor share. Label children are looked up once."""

    def __init__(self, folder: Path) -> None:
        import prometheus_client
        from prometheus_client import values

        # The library reads where the files are from the environment, whenever it opens one.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
        self._number = ProcessNumber(folder)
        self._values: Any = values.MultiProcessValue(self._number)  # type: ignore[no-untyped-call]
        values.ValueClass = self._values
        registry = prometheus_client.CollectorRegistry()
        self._folder = folder
        self._metrics = {metric.name: _made(metric, registry, prometheus_client) for metric in CATALOGUE}
        self._children: dict[tuple[str, ...], Any] = {}
        self._of("build_info", __version__).set(1)
        # What every request needs is looked up once.
        self._counted: dict[tuple[str, int], tuple[Any, Any]] = {}
        self._received, self._sent = self._of("received_bytes").inc, self._of("sent_bytes").inc

    def exposition(self) -> bytes:
        """All metrics of all processes, in Prometheus' text format (`CONTENT_TYPE`)."""
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector

        registry = CollectorRegistry()
        MultiProcessCollector(registry, str(self._folder))  # type: ignore[no-untyped-call]
        return generate_latest(registry)

    def close(self) -> None:
        """Close the files and give the process's number back; nothing may be recorded afterwards."""
        self._values.close_all_files()
        self._number.close()

    def _of(self, name: str, *labels: str) -> Any:
        key = (name, *labels)
        child = self._children.get(key)
        if child is None:
            metric = self._metrics[name]
            child = self._children[key] = metric.labels(*labels) if labels else metric
        return child

    def request(self, method: str, status: int, seconds: float, received: int, sent: int) -> None:
        counted = self._counted.get((method, status))
        if counted is None:
            known = method if method in _METHODS else "OTHER"
            counted = self._of("requests", known, str(status)).inc, self._of("request_seconds", known).observe
            if known == method:
                self._counted[method, status] = counted
        counted[0]()
        counted[1](seconds)
        if received:
            self._received(received)
        self._sent(sent)

    def refused(self, reason: str) -> None:
        self._of("refused", reason).inc()

    def server_state(self, connections: int, queued: int, busy: int) -> None:
        self._of("connections").set(connections)
        self._of("queued_requests").set(queued)
        self._of("busy_threads").set(busy)

    def queue_wait(self, seconds: float) -> None:
        self._of("queue_seconds").observe(seconds)

    def login(self, outcome: LoginOutcome) -> None:
        self._of("logins", outcome).inc()

    def rate_limited(self, limit: str) -> None:
        self._of("rate_limited", limit).inc()

    def transaction(self, seconds: float, outcome: TransactionOutcome) -> None:
        self._of("transactions", outcome).inc()
        self._of("transaction_seconds").observe(seconds)

    def transaction_retry(self, reason: str) -> None:
        self._of("transaction_retries", reason).inc()

    def writer_wait(self, seconds: float) -> None:
        self._of("writer_wait_seconds").observe(seconds)

    def locks_held(self, count: int) -> None:
        self._of("locks_held").set(count)

    def object_call(self, call: str, seconds: float, failed: bool = False) -> None:
        self._of("object_calls", call).inc()
        self._of("object_seconds", call).observe(seconds)
        if failed:
            self._of("object_errors", call).inc()

    def object_bytes(self, direction: str, count: int) -> None:
        self._of("object_bytes", direction).inc(count)

    def upkeep(self, task: str, seconds: float, removed: int = 0, failed: bool = False) -> None:
        self._of("upkeep_runs", task, "failed" if failed else "done").inc()
        self._of("upkeep_seconds", task).inc(seconds)
        self._of("upkeep_removed", task).inc(removed)
        if not failed:
            self._of("upkeep_success_time_seconds", task).set(time.time())

    def worker_started(self) -> None:
        self._of("worker_starts").inc()

    def worker_ended(self, reason: str) -> None:
        self._of("worker_ends", reason).inc()


def _made(metric: Any, registry: Any, library: Any) -> Any:
    name = f"davdrive_{metric.name}"
    if metric.kind == "counter":
        return library.Counter(name, metric.help, metric.labels, registry=registry)
    if metric.kind == "histogram":
        return library.Histogram(name, metric.help, metric.labels, registry=registry, buckets=metric.buckets)
    return library.Gauge(name, metric.help, metric.labels, registry=registry, multiprocess_mode=metric.merge)
