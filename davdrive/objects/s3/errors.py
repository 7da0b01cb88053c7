"""One table from what S3 and boto3 say to DriveError kinds."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError
from urllib3.exceptions import HTTPError

from davdrive.deadline import Deadline
from davdrive.errors import Damaged, DriveError, StorageFull, Unavailable

_FULL = frozenset(
    {"InsufficientStorage", "QuotaExceeded", "StorageFull", "XMinioStorageFull", "XAmzQuotaExceeded", "507"}
)
_GONE = frozenset({"NoSuchKey", "InvalidRange"})
_WRONG_SETTINGS = {
    "NoSuchBucket": "the bucket does not exist; make it, or correct objects.url",
    "InvalidBucketName": "the bucket's name is not valid; correct objects.url",
    "InvalidAccessKeyId": "the object store does not know the access key; correct the credentials",
    "SignatureDoesNotMatch": "the object store refuses the secret key; correct the credentials",
    "ExpiredToken": "the credentials for the object store have expired; renew them",
    "InvalidToken": "the session token for the object store is not valid; renew the credentials",
    "AccessDenied": "the credentials do not permit this on the bucket; grant reading, writing, listing and deleting",
    "403": "the credentials do not permit this on the bucket; grant reading, writing, listing and deleting",
    "PermanentRedirect": "the bucket lives in another region; set objects.region",
    "AuthorizationHeaderMalformed": "the bucket lives in another region; set objects.region",
    "RequestTimeTooSkewed": "this machine's clock differs too much from the object store's; synchronise it",
}


@contextmanager
def s3_errors(deadline: Deadline | None = None) -> Iterator[None]:
    """Turn every error of boto3 inside into its DriveError; into Cancelled if `deadline` was why a body ended."""
    try:
        yield
    except ClientError as error:
        raise from_answer(error) from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise Unavailable(
            "no credentials for the object store were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        ) from error
    except (BotoCoreError, HTTPError, OSError) as error:
        if deadline is not None:
            deadline.check()
        raise Unavailable(f"the object store does not answer ({type(error).__name__})") from error


def from_answer(error: ClientError) -> DriveError:
    """The kind of an error that the store itself answered with."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _FULL or status == 507:
        return StorageFull("the object store has no room left; free some space or raise its quota")
    if code in _GONE:
        return Damaged("stored bytes are missing from the object store; run `davdrive check`")
    return Unavailable(_WRONG_SETTINGS.get(code) or f"the object store answered {code or status}")
