"""Options of the two stores: metadata (a database) and objects (a folder or a bucket)."""

from typing import Annotated, Literal

from pydantic import Field

from davdrive.settings.kinds import ByteCount, Count, PositiveCount, PositiveSeconds, Seconds, Section

MIB = 1 << 20


class MetadataSettings(Section):
    """The database of names, versions, locks and users."""

    # A SQLAlchemy URL. Empty: a SQLite file in the data directory.
    url: Annotated[str, Field(repr=False)] = ""
    # One connection serves one request at a time; more than the threads of a worker would never be used. `pool_size` of
    # them stay open, `pool_overflow` more may be for a moment.
    pool_size: PositiveCount = 8
    pool_overflow: Count = 8
    # Waiting longer for a connection than a client's patience helps nobody: 503 with Retry-After instead.
    pool_timeout_s: PositiveSeconds = 5
    # Firewalls forget quiet connections after an hour or less.
    pool_recycle_s: PositiveSeconds = 1800
    connect_timeout_s: PositiveSeconds = 5
    # Only a COPY of some hundred thousand files takes seconds on a healthy database; what takes longer is stuck
    # (PostgreSQL).
    statement_timeout_s: PositiveSeconds = 30
    # The writer lock is held for milliseconds; ten seconds of waiting means that its holder is lost (PostgreSQL). It is
    # under `statement_timeout_s`, which would end the waiting as a failure that nobody tries again.
    lock_timeout_s: PositiveSeconds = 10
    # How long a writer waits for its turn at a SQLite file.
    busy_timeout_s: PositiveSeconds = 10
    # Tries of a transaction after a serialization failure, a deadlock or a lost connection: with their pauses some two
    # seconds, in which a PostgreSQL that crashed is back mostly.
    tries: PositiveCount = 8
    # Page cache of one SQLite connection; there is one a thread, and the system caches the file for all of them.
    cache_bytes: ByteCount = 1 * MIB


class ObjectSettings(Section):
    """The store of file bytes."""

    # `s3://bucket/prefix` or a folder. Empty: a folder in the data directory.
    url: Annotated[str, Field(repr=False)] = ""
    # The S3 service, where it is not Amazon's own.
    endpoint_url: Annotated[str, Field(repr=False)] = ""
    region: str = ""
    # `auto` lets boto3 choose; services other than Amazon's mostly need `path`.
    addressing: Literal["auto", "path", "virtual"] = "auto"
    sse: Literal["", "AES256", "aws:kms"] = ""
    sse_key_id: str = ""
    storage_class: str = ""
    # Large enough that a request's fixed cost vanishes, small enough that several fit in memory.
    segment_bytes: Annotated[ByteCount, Field(ge=64 << 10)] = 16 * MIB
    # At this size a row in the database is faster than a file, for reading and writing.
    inline_bytes: ByteCount = 64 << 10
    # Segments of one upload that travel at the same time; each costs a segment of memory on S3.
    uploads_in_flight: PositiveCount = 4
    # Segments fetched before the client asks for them.
    reads_ahead: Count = 1
    # A client that asks for it (`Prefer: redirect`) is sent to the store itself for a file that is one object there, by
    # an address that anybody may use for so many seconds. 0: never. Such a download passes by rates and logs of ours.
    redirect_s: Annotated[Count, Field(le=3600)] = 0
    # The store's address as clients reach it, where it is another than `endpoint_url`.
    redirect_endpoint_url: Annotated[str, Field(repr=False)] = ""
    connect_timeout_s: PositiveSeconds = 5
    # Time without a byte from the store, not the time of a whole transfer.
    read_timeout_s: PositiveSeconds = 30
    # Tries of one object call, with a wait that doubles from `retry_wait_s` to `retry_wait_max_s`, jittered.
    tries: PositiveCount = 5
    retry_wait_s: Seconds = 0.2
    retry_wait_max_s: Seconds = 5
