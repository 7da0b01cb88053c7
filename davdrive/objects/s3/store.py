"""Objects in an S3-compatible bucket, one PutObject a segment, one GetObject a range."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast
from urllib.parse import quote

from davdrive.deadline import Deadline
from davdrive.errors import Damaged, Unavailable
from davdrive.objects.base import BLOCK_BYTES, MARK, Blocks, ObjectInfo, ObjectStore, ObjectWriter, Shown, check_range
from davdrive.objects.keys import check_key, is_key
from davdrive.objects.options import S3Options
from davdrive.objects.probe import probe
from davdrive.objects.s3.client import make_client, put_arguments
from davdrive.objects.s3.errors import s3_errors
from davdrive.objects.s3.mark import mark_checksum, read_mark
from davdrive.objects.s3.writer import S3Writer
from davdrive.objects.spool import MemoryBudget

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef


class S3Store(ObjectStore):
    """The objects below `prefix` (empty, or folders without a leading slash) of `bucket`.

    Make it after any fork: it holds connections. Memory: `options.spool_bytes` for all segments that wait to be sent
    (the rest wait in temporary files), and one block of BLOCK_BYTES a reader.
    """

    remote = True

    def __init__(self, bucket: str, prefix: str = "", options: S3Options | None = None) -> None:
        self.options = options or S3Options()
        self.budget = MemoryBudget(self.options.spool_bytes)
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._client: S3Client = make_client(self.options)
        self._signing = make_client(self.options, self.options.public_url) if self.options.public_url else self._client
        self._put_arguments = put_arguments(self.options)

    def create(self, key: str, size_hint: int, deadline: Deadline) -> ObjectWriter:
        deadline.check()
        return S3Writer(self, check_key(key), deadline)

    def put(self, key: str, body: IO[bytes] | Any, size: int, checksum: dict[str, str]) -> dict[str, Any]:
        """PutObject with `checksum`, the argument that the store verifies. Raises what boto3 raises."""
        arguments = self._put_arguments | checksum
        answer = self._client.put_object(
            Bucket=self._bucket, Key=self._prefix + key, Body=body, ContentLength=size, **arguments
        )
        return cast(dict[str, Any], answer)

    def read(self, key: str, offset: int, length: int, deadline: Deadline) -> Blocks:
        check_range(offset, length)
        return self._blocks(check_key(key), offset, length, deadline)

    def _blocks(self, key: str, offset: int, length: int, deadline: Deadline) -> Blocks:
        if not length:
            return
        deadline.check()
        with s3_errors(deadline):
            answer = self._client.get_object(
                Bucket=self._bucket, Key=self._prefix + key, Range=f"bytes={offset}-{offset + length - 1}"
            )
        with closing(answer["Body"]) as body:
            _check_range_answer(answer, offset, length)
            while length:
                deadline.check()
                with s3_errors(deadline):
                    block = body.read(min(BLOCK_BYTES, length))
                if not block:
                    raise Unavailable("the object store ended an object early")
                length -= len(block)
                yield block

    def delete(self, key: str) -> None:
        check_key(key)
        with s3_errors():
            self._client.delete_object(Bucket=self._bucket, Key=self._prefix + key)

    def list(self, prefix: str = "", after: str = "") -> Iterator[ObjectInfo]:
        pages = iter(self._client.get_paginator("list_objects_v2").paginate(**self._listing(prefix, after)))
        while True:
            with s3_errors():
                page = next(pages, None)
            if page is None:
                return
            for item in page.get("Contents", ()):
                key = item["Key"].removeprefix(self._prefix)
                if is_key(key):
                    yield ObjectInfo(key, item["Size"], item["LastModified"].timestamp())

    def _listing(self, prefix: str, after: str) -> Any:
        start = {"StartAfter": self._prefix + after} if after else {}
        return {"Bucket": self._bucket, "Prefix": self._prefix + prefix} | start

    def local_path(self, key: str) -> Path | None:
        check_key(key)
        return None

    def address(self, key: str, length: int, shown: Shown) -> str | None:
        check_key(key)
        if not self.options.address_s:
            return None
        with s3_errors():
            found = self._client.head_object(Bucket=self._bucket, Key=self._prefix + key)
            if found["ContentLength"] != length:
                return None  # bytes of an older version may lie around those of this one
            parameters = {"Bucket": self._bucket, "Key": self._prefix + key, **_told(shown)}
            return self._signing.generate_presigned_url(
                "get_object", Params=parameters, ExpiresIn=self.options.address_s
            )

    def read_mark(self) -> bytes | None:
        return read_mark(self._client, self._bucket, self._prefix + MARK)

    def write_mark(self, mark: bytes) -> None:
        with s3_errors():
            self.put(MARK, mark, len(mark), mark_checksum(mark, self.options))

    def check(self) -> None:
        # A listing first: unlike HEAD, its answer says what is wrong with a bucket or a key.
        with s3_errors():
            self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix, MaxKeys=1)
        probe(self)

    def free_bytes(self) -> int | None:
        return None

    def close(self) -> None:
        self._client.close()
        self._signing.close()


def _told(shown: Shown) -> dict[str, str]:
    """What the store's answer says of an object, in the place of our own headers. Always an attachment: the store sends
    neither a content security policy nor nosniff."""
    return {
        "ResponseContentType": shown.media_type,
        "ResponseContentDisposition": f"attachment; filename*=UTF-8''{quote(shown.name, safe='')}",
        "ResponseCacheControl": "private, no-store",
    }


def _check_range_answer(answer: "GetObjectOutputTypeDef", offset: int, length: int) -> None:
    """A store that knows what a range is says which bytes come. Fewer than asked for: the object is too short."""
    span, _, _ = answer.get("ContentRange", "").partition("/")
    if span == f"bytes {offset}-{offset + length - 1}":
        return
    if span.startswith(f"bytes {offset}-"):
        raise Damaged("an object is shorter than its rows say; run `davdrive check`")
    raise Unavailable("the object store answered a range with something else")
