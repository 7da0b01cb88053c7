"""Every metric that davdrive exports. The dashboard and the alert rules in config/ may name these and no others."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]
# How one number is made of the workers' numbers; `live…` forgets workers that ended.
Merge = Literal["livesum", "max", "mostrecent"]

# From a cached answer to a transfer that takes minutes.
REQUEST_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 600.0)
# From an idle SQLite to a lock whose holder is lost.
SHORT_BUCKETS_S = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0)
# From a local file to a bucket on another continent.
OBJECT_BUCKETS_S = (0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. `name` is without the prefix `davdrive_` and, for a counter, without `_total`."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    merge: Merge = "livesum"


CATALOGUE = (
    Metric("requests", "counter", "Requests answered.", ("method", "status")),
    Metric("request_seconds", "histogram", "First byte to last byte.", ("method",), REQUEST_BUCKETS_S),
    Metric("received_bytes", "counter", "Body bytes that came in."),
    Metric("sent_bytes", "counter", "Bytes of answers that went out, heads included."),
    Metric("refused", "counter", "Requests and connections refused by the server itself.", ("reason",)),
    Metric("connections", "gauge", "Open connections."),
    Metric("queued_requests", "gauge", "Requests that wait for a thread."),
    Metric("busy_threads", "gauge", "Threads that work on a request."),
    Metric("queue_seconds", "histogram", "Wait for a thread.", (), SHORT_BUCKETS_S),
    Metric("logins", "counter", "Credentials judged anew.", ("outcome",)),
    Metric("rate_limited", "counter", "Requests over a rate.", ("limit",)),
    Metric("transactions", "counter", "Writing transactions.", ("outcome",)),
    Metric("transaction_seconds", "histogram", "Begin to commit.", (), SHORT_BUCKETS_S),
    Metric("transaction_retries", "counter", "Transactions tried again.", ("reason",)),
    Metric("writer_wait_seconds", "histogram", "Wait for a writer lock.", (), SHORT_BUCKETS_S),
    Metric("locks_held", "gauge", "WebDAV locks that have not expired.", merge="mostrecent"),
    Metric("object_calls", "counter", "Calls to the object store.", ("call",)),
    Metric("object_errors", "counter", "Calls to the object store that failed.", ("call",)),
    Metric("object_seconds", "histogram", "A call to the object store.", ("call",), OBJECT_BUCKETS_S),
    Metric("object_bytes", "counter", "Bytes to and from the object store.", ("direction",)),
    Metric("upkeep_runs", "counter", "Runs of an upkeep task.", ("task", "outcome")),
    Metric("upkeep_removed", "counter", "Rows and objects that upkeep removed.", ("task",)),
    Metric("upkeep_success_time_seconds", "gauge", "Unix time of the last success.", ("task",), merge="max"),
    Metric("upkeep_seconds", "counter", "Time spent on an upkeep task.", ("task",)),
    Metric("worker_starts", "counter", "Worker processes started."),
    Metric("worker_ends", "counter", "Worker processes that ended.", ("reason",)),
    Metric("build_info", "gauge", "1 for the version that runs.", ("version",), merge="max"),
)
