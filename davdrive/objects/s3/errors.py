"""One table from what S3 and boto3 say to DriveError kinds."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError
from urllib3.exceptions import HTTPError

from davdrive.deadline import Deadline
from davdrive.errors import Damaged, DriveError, Misconfigured, StorageFull, Unavailable

_FULL = frozenset(
    {"InsufficientStorage", "QuotaExceeded", "StorageFull", "XMinioStorageFull", "XAmzQuotaExceeded", "507"}
)
_GONE = frozenset({"NoSuchKey", "InvalidRange", "404"})  # HEAD has no body that could say more than 404
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

_BEFORE_AN_ANSWER = {
    "CERTIFICATE_VERIFY_FAILED": "the object store's certificate is not trusted; correct it, or set AWS_CA_BUNDLE",
    "WRONG_VERSION_NUMBER": "the object store does not speak TLS there; correct objects.endpoint_url",
    "ProfileNotFound": "there is no such profile of credentials; correct AWS_PROFILE",
    "ParamValidationError": "the bucket's name is not valid; correct objects.url",
}


@contextmanager
def s3_errors(deadline: Deadline | None = None) -> Iterator[None]:
    """Turn every error of boto3 inside into its DriveError; into Cancelled if `deadline` was why a body ended."""
    try:
        yield
    except ClientError as error:
        raise from_answer(error) from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise Misconfigured(
            "no credentials for the object store were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        ) from error
    except (BotoCoreError, HTTPError, OSError) as error:
        if deadline is not None:
            deadline.check()
        raise from_silence(error) from error


def from_silence(error: Exception) -> DriveError:
    """The kind of an error that came before any answer."""
    name = type(error).__name__
    for words, sentence in _BEFORE_AN_ANSWER.items():
        if words in f"{name}: {error}":
            return Misconfigured(sentence)
    return Unavailable(f"the object store does not answer ({name})")


def from_answer(error: ClientError) -> DriveError:
    """The kind of an error that the store itself answered with."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _FULL or status == 507:
        return StorageFull("the object store has no room left; free some space or raise its quota")
    if code in _GONE:
        return Damaged("stored bytes are missing from the object store; run `davdrive check`")
    if code in _WRONG_SETTINGS:
        return Misconfigured(_WRONG_SETTINGS[code])
    return Unavailable(f"the object store answered {code or status}")
