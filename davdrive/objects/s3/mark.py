"""The mark of a store in a bucket: a small object at the top of its prefix."""

import hashlib
from base64 import b64encode
from contextlib import closing
from typing import TYPE_CHECKING

from davdrive.errors import Damaged
from davdrive.objects.base import MARK_BYTES
from davdrive.objects.options import S3Options
from davdrive.objects.s3.errors import s3_errors
from davdrive.objects.s3.writer import CHECKSUMS

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


def read_mark(client: "S3Client", bucket: str, name: str) -> bytes | None:
    """The bytes, None without an object of that name. Errors: Unavailable."""
    try:
        with s3_errors():
            answer = client.get_object(Bucket=bucket, Key=name)
            with closing(answer["Body"]) as body:
                # To its end: only then is an answer that was cut short seen to be one.
                return body.read() if answer["ContentLength"] <= MARK_BYTES else b""
    except Damaged:
        return None


def mark_checksum(mark: bytes, options: S3Options) -> dict[str, str]:
    """The argument of PutObject by which the store verifies it."""
    algorithm, argument, _ = CHECKSUMS[options.checksum]
    digest = hashlib.new(algorithm, mark, usedforsecurity=False).digest()
    return {argument: b64encode(digest).decode()}
