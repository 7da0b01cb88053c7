"""A boto3 client as this store needs it: one try a call, time-outs everywhere, credentials by boto3's own chain."""

from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from davdrive.errors import Misconfigured
from davdrive.objects.options import S3Options

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

DEFAULT_REGION = "us-east-1"
"""Signatures name a region; stores other than Amazon's do not care which."""


def make_client(options: S3Options, endpoint_url: str = "") -> "S3Client":
    """Build a thread-safe client. `endpoint_url`: another than that of the options.

    Misconfigured if the options or boto3's configuration are unusable.
    """
    try:
        session = boto3.session.Session()
        return session.client(
            "s3",
            endpoint_url=endpoint_url or options.endpoint_url or None,
            region_name=options.region or session.region_name or DEFAULT_REGION,
            config=_config(options),
        )
    except (BotoCoreError, ValueError) as error:
        raise Misconfigured(f"the S3 settings cannot be used: {error}") from error


def _config(options: S3Options) -> Config:
    return Config(
        connect_timeout=options.connect_timeout_s,
        read_timeout=options.read_timeout_s,
        max_pool_connections=options.pool_connections,
        # Retrying is the retry decorator's business: with jitter, bounded by the deadline, seen in the metrics.
        retries={"total_max_attempts": 1, "mode": "standard"},
        # We send the checksum of every object ourselves; trailing checksums confuse stores other than Amazon's.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        tcp_keepalive=True,
        signature_version="s3v4",  # addresses would be signed the old way otherwise, which newer stores refuse
        s3={"addressing_style": options.addressing},
    )


def put_arguments(options: S3Options) -> dict[str, Any]:
    """The encryption and storage class arguments of PutObject; nothing for what is left to the bucket."""
    wanted = {
        "ServerSideEncryption": options.sse,
        "SSEKMSKeyId": options.sse_key_id,
        "StorageClass": options.storage_class,
    }
    return {name: value for name, value in wanted.items() if value}
