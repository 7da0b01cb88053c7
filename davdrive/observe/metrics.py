"""What the rooms tell the metrics. It costs nothing until `install` puts a recorder that counts in place.

from davdrive.observe.metrics import record
record().transaction(seconds, "committed")
"""

from typing import Literal

LoginOutcome = Literal["verified", "refused", "throttled", "malformed"]
TransactionOutcome = Literal["committed", "rolled_back", "failed"]


class Recorder:
    """Takes notice of everything and does nothing. All times are in seconds; every call takes under 5 µs."""

    def request(self, method: str, status: int, seconds: float, received: int, sent: int) -> None:
        """A request was answered; `received` are body bytes, `sent` all of its answer. An unknown method is OTHER."""

    def refused(self, reason: str) -> None:
        """The server refused by itself. `reason` is one of few: `queue_full`, `bad_framing`, `slow_body`, …"""

    def server_state(self, connections: int, queued: int, busy: int) -> None:
        """What this worker holds now; told every second or so."""

    def queue_wait(self, seconds: float) -> None:
        """A request waited this long for a thread."""

    def login(self, outcome: LoginOutcome) -> None:
        """Credentials were judged; those that are remembered are not judged again."""

    def rate_limited(self, limit: str) -> None:
        """A request was over a rate: `user_requests`, `address_transfers`, …"""

    def transaction(self, seconds: float, outcome: TransactionOutcome) -> None:
        """A writing transaction ended."""

    def transaction_retry(self, reason: str) -> None:
        """A transaction is tried again: `busy`, `serialization`, `deadlock`, `connection`."""

    def writer_wait(self, seconds: float) -> None:
        """A transaction waited this long for its drive's writer lock."""

    def locks_held(self, count: int) -> None:
        """So many WebDAV locks have not expired."""

    def object_call(self, call: str, seconds: float, failed: bool = False) -> None:
        """A call to the object store (`put`, `get`, `delete`, `list`, `head`) ended."""

    def object_bytes(self, direction: Literal["in", "out"], count: int) -> None:
        """Bytes went into the object store or came out of it."""

    def upkeep(self, task: str, seconds: float, removed: int = 0, failed: bool = False) -> None:
        """A run of an upkeep task ended."""

    def exposition(self) -> bytes:
        """All numbers of all processes in Prometheus' text format; nothing where none are kept."""
        return b""

    def worker_started(self) -> None:
        """The supervisor started a worker."""

    def worker_ended(self, reason: str) -> None:
        """A worker ended: `drained`, `crashed` or `watchdog`."""


_active = Recorder()


def record() -> Recorder:
    """The recorder of this process."""
    return _active


def install(recorder: Recorder) -> None:
    """Make `recorder` the one that `record` returns, in this process and those that it forks."""
    global _active
    _active = recorder
