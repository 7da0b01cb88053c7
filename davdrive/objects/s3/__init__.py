"""Objects in an S3-compatible bucket. The only place that knows boto3, which a drive on local files never loads."""

from davdrive.objects.s3.store import S3Store

__all__ = ["S3Store"]
