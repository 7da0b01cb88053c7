"""From settings to the object store."""

from davdrive.objects.options import LimitOptions, ObjectOptions, RetryOptions, S3Options
from davdrive.settings import Settings


def object_options(settings: Settings) -> ObjectOptions:
    """How to reach the objects."""
    chosen = settings.objects
    return ObjectOptions(
        s3=S3Options(
            endpoint_url=chosen.endpoint_url,
            region=chosen.region,
            addressing=chosen.addressing,
            sse=chosen.sse,
            sse_key_id=chosen.sse_key_id,
            storage_class=chosen.storage_class,
            connect_timeout_s=chosen.connect_timeout_s,
            read_timeout_s=chosen.read_timeout_s,
            address_s=chosen.redirect_s,
            public_url=chosen.redirect_endpoint_url,
        ),
        retry=RetryOptions(chosen.tries, chosen.retry_wait_s, chosen.retry_wait_max_s),
        limit=LimitOptions(),
    )
