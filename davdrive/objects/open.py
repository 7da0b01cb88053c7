"""From a URL to a store with its decorators: the only place that puts them together."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from davdrive.errors import Misconfigured
from davdrive.objects.base import ObjectStore
from davdrive.objects.decorators.checksum import ReadBackStore
from davdrive.objects.decorators.limit import LimitedStore
from davdrive.objects.decorators.observed import Observation, ObservedStore, Observer
from davdrive.objects.decorators.retry import Retry, RetryingStore
from davdrive.objects.local import LocalStore
from davdrive.objects.memory import MemoryStore
from davdrive.objects.options import ObjectOptions


def open_objects(url: str, options: ObjectOptions | None = None, observe: Observer | None = None) -> ObjectStore:
    """Open the store at `url`: a folder's path, `file:///folder`, `memory:`, or `s3://bucket/prefix`.

    `observe` hears of every call, and of every repetition as operation `retry`. Call `check` before serving, and
    `close` at the end. Make it after any fork. Raises Misconfigured with a sentence for a URL that cannot be used, or
    if S3 is asked for and boto3 is missing.
    """
    options = options or ObjectOptions()
    store = _bare_store(url, options)
    if observe is not None:
        store = ObservedStore(store, observe)
    if options.read_back:
        store = ReadBackStore(store)
    return _patient(store, options, observe) if store.remote else store


def _bare_store(url: str, options: ObjectOptions) -> ObjectStore:
    if url == "memory:":
        return MemoryStore()
    if "://" not in url:
        return LocalStore(Path(url))
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path:
        return LocalStore(Path(unquote(parts.path)))
    if parts.scheme == "s3" and parts.netloc:
        return _s3_store(parts.netloc, unquote(parts.path).strip("/"), options)
    raise Misconfigured("objects.url names no store; write a folder, file:///folder or s3://bucket/prefix")


def _s3_store(bucket: str, prefix: str, options: ObjectOptions) -> ObjectStore:
    try:
        from davdrive.objects.s3 import S3Store
    except ImportError as error:
        raise Misconfigured("objects in S3 need boto3; install it with `pip install davdrive[s3]`") from error
    return S3Store(bucket, prefix, options.s3)


def _patient(store: ObjectStore, options: ObjectOptions, observe: Observer | None) -> ObjectStore:
    """A remote store's tries and turns: each try waits for its own turn, so a pause does not hold one."""

    def notice(operation: str) -> None:
        if observe is not None:
            observe(Observation("retry", 0.0, 0, operation))

    return RetryingStore(LimitedStore(store, options.limit), Retry(options.retry, notice=notice))
