"""A segment on its way into a bucket: gathered, then sent by one PutObject whose checksum the store verifies."""

import hashlib
from base64 import b64encode
from contextlib import suppress
from typing import IO, Any, Protocol

from davdrive.deadline import Deadline
from davdrive.errors import DriveError, Unavailable
from davdrive.objects.base import Bytes, ObjectWriter
from davdrive.objects.options import S3Options
from davdrive.objects.s3.errors import s3_errors
from davdrive.objects.spool import MemoryBudget, Spool, SpoolReader

# The hash, the argument of PutObject that carries it, and whether the answer repeats it.
CHECKSUMS = {
    "sha256": ("sha256", "ChecksumSHA256", True),
    "md5": ("md5", "ContentMD5", False),
}


class Bucket(Protocol):
    """What a writer needs of the store."""

    options: S3Options
    budget: MemoryBudget

    def put(self, key: str, body: IO[bytes] | Any, size: int, checksum: dict[str, str]) -> dict[str, Any]:
        """PutObject with `checksum`, the argument that the store verifies. Raises what boto3 raises."""

    def delete(self, key: str) -> None:
        """Remove an object, if it is there."""


class S3Writer(ObjectWriter):
    """Keeps its bytes until `finish` has succeeded, so `finish` may be tried again."""

    def __init__(self, store: Bucket, key: str, deadline: Deadline) -> None:
        self.key = key
        self.size = 0
        self._store = store
        self._deadline = deadline
        self._spool = Spool(store.budget)
        self._sent = False
        self._done = False
        algorithm, self._argument, self._repeated = CHECKSUMS[store.options.checksum]
        self._hash = hashlib.new(algorithm, usedforsecurity=False)

    def write(self, buffer: Bytes) -> None:
        self._spool.write(buffer)
        self._hash.update(buffer)
        self.size += len(buffer)

    def finish(self) -> None:
        self._deadline.check()
        checksum = b64encode(self._hash.digest()).decode()
        self._sent = True
        with SpoolReader(self._spool, self._deadline) as body, s3_errors(self._deadline):
            answer = self._store.put(self.key, body, self.size, {self._argument: checksum})
        self._check(answer, checksum)
        self._done = True
        self._spool.close()

    def _check(self, answer: dict[str, Any], checksum: str) -> None:
        # A proxy's or a broken store's 200 is no proof: S3 always names the ETag, and repeats the checksum if it knows.
        told = answer.get(self._argument, checksum) if self._repeated else checksum
        if not answer.get("ETag") or told != checksum:
            raise Unavailable("the object store did not confirm the bytes that it was sent")

    def abort(self) -> None:
        self._spool.close()
        if self._sent and not self._done:
            # The answer may have been lost after the object was stored.
            self._sent = False
            with suppress(DriveError):
                self._store.delete(self.key)
