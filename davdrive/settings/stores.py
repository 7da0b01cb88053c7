"""Options of the two stores: metadata (a database) and objects (a folder or a bucket)."""

from dataclasses import dataclass
from typing import Literal

from davdrive.settings.kinds import choice, count, duration, seconds, size, switch, text

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class MetadataSettings:
    """The database of names, versions, locks and users."""

    # A SQLAlchemy URL. Empty: a SQLite file in the data directory.
    url: str = text(shown=False)
    # One connection serves one request at a time; more than the threads of a worker would never be used.
    pool_size: int = count(8, least=1)
    pool_overflow: int = count(8)
    # Waiting longer for a connection than a client's patience helps nobody: 503 with Retry-After instead.
    pool_timeout_s: float = duration(5)
    # Firewalls forget quiet connections after an hour or less.
    pool_recycle_s: float = duration(1800)
    connect_timeout_s: float = duration(5)
    # No statement of davdrive takes seconds on a healthy database; one that does is stuck (PostgreSQL).
    statement_timeout_s: float = duration(30)
    # The writer lock is held for milliseconds; ten seconds of waiting means that its holder is lost (PostgreSQL).
    lock_timeout_s: float = duration(10)
    # How long a writer waits for its turn at a SQLite file.
    busy_timeout_s: float = duration(10)
    # Tries of a transaction after a serialization failure, a deadlock or a lost connection.
    tries: int = count(5, least=1)
    # Page cache of one SQLite connection.
    cache_bytes: int = size(4 * MIB)


@dataclass(frozen=True, slots=True)
class ObjectSettings:
    """The store of file bytes."""

    # `s3://bucket/prefix` or a folder. Empty: a folder in the data directory.
    url: str = text(shown=False)
    # The S3 service, where it is not Amazon's own.
    endpoint_url: str = text(shown=False)
    region: str = text()
    # `auto` lets boto3 choose; services other than Amazon's mostly need `path`.
    addressing: Literal["auto", "path", "virtual"] = choice("auto", "path", "virtual")
    sse: Literal["", "AES256", "aws:kms"] = choice("", "AES256", "aws:kms")
    sse_key_id: str = text()
    storage_class: str = text()
    # Large enough that a request's fixed cost vanishes, small enough that several fit in memory.
    segment_bytes: int = size(16 * MIB, least=64 << 10)
    # At this size a row in the database is faster than a file, for reading and writing.
    inline_bytes: int = size(64 << 10)
    # Segments of one upload that travel at the same time; each costs a segment of memory on S3.
    uploads_in_flight: int = count(4, least=1)
    # Segments fetched before the client asks for them.
    reads_ahead: int = count(1)
    connect_timeout_s: float = duration(5)
    # Time without a byte from the store, not the time of a whole transfer.
    read_timeout_s: float = duration(30)
    # Tries of one object call, with a wait that doubles from `retry_wait_s` to `retry_wait_max_s`, jittered.
    tries: int = count(5, least=1)
    retry_wait_s: float = seconds(0.2)
    retry_wait_max_s: float = seconds(5)
    # Answer a download of one object with a redirect to the store, for clients that ask for it.
    redirects: bool = switch(False)
    redirect_s: float = duration(300)
