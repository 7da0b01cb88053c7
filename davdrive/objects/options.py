"""How a store is reached: what `open_objects` needs beyond the URL."""

from dataclasses import dataclass, field
from typing import Literal

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class S3Options:
    """Options of an S3-compatible store. Empty strings leave a choice to boto3 or to the bucket."""

    endpoint_url: str = ""
    region: str = ""
    addressing: Literal["auto", "path", "virtual"] = "auto"
    sse: Literal["", "AES256", "aws:kms"] = ""
    sse_key_id: str = ""
    storage_class: str = ""
    # What the store verifies each object by. MD5 is for stores that predate x-amz-checksum-sha256.
    checksum: Literal["sha256", "md5"] = "sha256"
    connect_timeout_s: float = 5.0
    # Time without a byte, not of a whole transfer.
    read_timeout_s: float = 30.0
    # How long an address for a download straight from the store holds; 0: there are none.
    address_s: int = 0
    # The store's address as clients reach it, where it is another than `endpoint_url`.
    public_url: str = ""
    # Connections kept open. More can be open for a moment; they are not kept.
    pool_connections: int = 32
    # Memory for all segments that wait to be sent: two of 16 MiB. Those beyond it wait in temporary files.
    spool_bytes: int = 32 * MIB


@dataclass(frozen=True, slots=True)
class RetryOptions:
    """Tries of one object call, with a wait that doubles from `wait_s` to `wait_max_s`, jittered."""

    tries: int = 5
    wait_s: float = 0.2
    wait_max_s: float = 5.0


@dataclass(frozen=True, slots=True)
class LimitOptions:
    """Transfers at once in one process, and how long one waits for its turn.

    More uploads than a store's disks have heads only wait there. A download holds its place as long as its client
    reads, so there are as many as a process has threads, and some for opening ahead.
    """

    uploads: int = 16
    downloads: int = 96
    wait_s: float = 30.0


@dataclass(frozen=True, slots=True)
class ObjectOptions:
    """Everything about a store but where it is. `read_back`: read every object once after it was written, for a store
    that is suspected of not verifying checksums."""

    s3: S3Options = field(default_factory=S3Options)
    retry: RetryOptions = field(default_factory=RetryOptions)
    limit: LimitOptions = field(default_factory=LimitOptions)
    read_back: bool = False
