"""S3 behaving badly: each fault on the wire to a real store ends as the right DriveError, or is ridden out."""

import os
import socket
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from davdrive.deadline import Deadline, unlimited
from davdrive.errors import Cancelled, Damaged, Misconfigured, StorageFull, Unavailable
from davdrive.objects.base import ObjectStore, Shown
from davdrive.objects.content import ContentStore
from davdrive.objects.decorators.retry import RetryingStore
from davdrive.objects.keys import new_key
from davdrive.objects.open import open_objects
from davdrive.objects.options import ObjectOptions, RetryOptions, S3Options
from davdrive.objects.s3 import S3Store
from davdrive.objects.s3.client import make_client
from davdrive.objects.spool import SpoolReader
from tests.support.s3_proxy import Faults, s3_proxy
from tests.support.seaweed import DOMAIN, Seaweed

BODY = os.urandom(300_000)
QUICK = RetryOptions(tries=4, wait_s=0.001, wait_max_s=0.002)
ON_THE_WAY_IN = ["answer-503", "error-in-200", "empty-200", "reset", "lost-reply", "stall", "flip-a-byte"]
ON_THE_WAY_OUT = ["answer-503", "error-in-200", "empty-200", "reset", "cut-answer", "stall"]


@pytest.fixture
def proxied(seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[S3Store, Faults]]:
    """A bare S3 store behind a proxy, impatient so that a stall is noticed soon."""
    for name, value in seaweed.environment().items():
        monkeypatch.setenv(name, value)
    with s3_proxy(seaweed.endpoint_url) as (url, faults):
        options = S3Options(endpoint_url=url, addressing="path", read_timeout_s=0.5, connect_timeout_s=1)
        store = S3Store(seaweed.bucket, seaweed.url().rpartition("/")[2], options)
        yield store, faults
        store.close()


@contextmanager
def patient(store: ObjectStore) -> Iterator[ContentStore]:
    from davdrive.objects.decorators.retry import Retry

    with ContentStore(RetryingStore(store, Retry(QUICK)), segment_bytes=100_000) as contents:
        yield contents


def write(store: ObjectStore, deadline: Deadline | None = None) -> str:
    writer = store.create(new_key(), len(BODY), deadline or unlimited())
    try:
        writer.write(BODY)
        writer.finish()
    finally:
        writer.abort()
    return writer.key


@pytest.mark.parametrize("fault", ON_THE_WAY_IN)
def test_a_fault_on_the_way_in_is_unavailable_and_leaves_no_object(proxied: tuple[S3Store, Faults], fault: str) -> None:
    store, faults = proxied
    faults.plan(fault, "PUT")
    with pytest.raises(Unavailable):
        write(store)
    assert list(store.list()) == []


@pytest.mark.parametrize("fault", ON_THE_WAY_IN)
def test_a_fault_on_the_way_in_is_ridden_out_for_its_segment_alone(proxied: tuple[S3Store, Faults], fault: str) -> None:
    store, faults = proxied
    faults.plan(fault, "PUT")
    with patient(store) as contents:
        stored = contents.write([BODY], unlimited())
        with contents.read(stored.segments, 0, stored.size, unlimited()) as stream:
            assert b"".join(stream) == BODY
    assert faults.count("PUT") == 4
    assert [info.key for info in store.list()] == sorted(segment.key for segment in stored.segments)


@pytest.mark.parametrize("fault", ON_THE_WAY_OUT)
def test_a_fault_on_the_way_out_is_unavailable_and_never_other_bytes(
    proxied: tuple[S3Store, Faults], fault: str
) -> None:
    store, faults = proxied
    key = write(store)
    faults.plan(fault, "GET")
    came: list[bytes] = []
    with pytest.raises(Unavailable):
        came.extend(store.read(key, 0, len(BODY), unlimited()))
    assert BODY.startswith(b"".join(came))


@pytest.mark.parametrize("fault", ON_THE_WAY_OUT)
def test_a_fault_on_the_way_out_is_ridden_out(proxied: tuple[S3Store, Faults], fault: str) -> None:
    store, faults = proxied
    with patient(store) as contents:
        stored = contents.write([BODY], unlimited())
        faults.plan(fault, "GET", 2)
        with contents.read(stored.segments, 5, stored.size, unlimited()) as stream:
            assert b"".join(stream) == BODY[5:]


def test_a_store_without_room_is_full_and_is_not_asked_again(proxied: tuple[S3Store, Faults]) -> None:
    store, faults = proxied
    faults.plan("answer-507", "PUT", 100)
    with patient(store) as contents, pytest.raises(StorageFull):
        contents.write([BODY[:90_000]], unlimited())
    assert faults.count("PUT") == 1


def test_a_store_that_stays_away_is_given_up_after_the_last_try(proxied: tuple[S3Store, Faults]) -> None:
    store, faults = proxied
    faults.plan("answer-503", "PUT", 100)
    with patient(store) as contents, pytest.raises(Unavailable):
        contents.write([BODY[:90_000]], unlimited())
    assert faults.count("PUT") == QUICK.tries


def test_a_cancelled_request_stops_an_upload_that_is_under_way(proxied: tuple[S3Store, Faults]) -> None:
    store, faults = proxied
    deadline = Deadline(None)
    faults.plan("stall", "PUT", 100)
    threading.Timer(0.1, deadline.cancel, ["the client went away"]).start()
    began = time.monotonic()
    with patient(store) as contents, pytest.raises(Cancelled):
        contents.write([BODY], deadline)
    assert time.monotonic() - began < 3
    assert list(store.list()) == []


def test_the_store_itself_verifies_the_checksum(s3_store: S3Store) -> None:
    writer: Any = s3_store.create(new_key(), 5, unlimited())
    writer.write(b"12345")
    wrong = b64encode(sha256(b"54321").digest()).decode()
    with pytest.raises(Exception, match="BadDigest"):
        s3_store.put(writer.key, SpoolReader(writer._spool, unlimited()), 5, {"ChecksumSHA256": wrong})
    writer.abort()
    assert list(s3_store.list()) == []


def test_an_object_can_be_verified_by_md5_as_well(
    seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch, s3_store: S3Store
) -> None:
    store = S3Store(seaweed.bucket, "md5", S3Options(endpoint_url=seaweed.endpoint_url, checksum="md5"))
    key = write(store)
    assert b"".join(store.read(key, 0, len(BODY), unlimited())) == BODY
    store.delete(key)
    store.close()


def test_objects_of_other_prefixes_and_other_programs_are_not_listed(seaweed: Seaweed, s3_store: S3Store) -> None:
    client = seaweed.client()
    prefix = s3_store._prefix
    for name in (f"{prefix}readme.txt", f"{prefix}ab/cd/x", f"{new_key()}"):
        client.put_object(Bucket=seaweed.bucket, Key=name, Body=b"x")
    client.close()
    assert list(s3_store.list()) == []


def test_a_body_that_vanished_from_the_bucket_is_damage(s3_store: S3Store) -> None:
    with pytest.raises(Damaged):
        next(s3_store.read(new_key(), 0, 1, unlimited()))


@pytest.mark.parametrize(
    ("change", "bucket", "sentence"),
    [
        ({}, "no-such-bucket", "bucket does not exist"),
        ({"AWS_ACCESS_KEY_ID": "nobody"}, "", "does not know the access key"),
        ({"AWS_SECRET_ACCESS_KEY": "wrong"}, "", "refuses the secret key"),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "", "no credentials"),
    ],
)
def test_check_says_in_a_sentence_what_is_wrong(
    seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch, change: dict[str, str], bucket: str, sentence: str
) -> None:
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    for name, value in (seaweed.environment() | change).items():
        if value:
            monkeypatch.setenv(name, value)
        else:
            monkeypatch.delenv(name, raising=False)
    store = S3Store(bucket or seaweed.bucket, "", S3Options(endpoint_url=seaweed.endpoint_url, addressing="path"))
    with pytest.raises(Unavailable, match=sentence):
        store.check()
    store.close()


def test_check_says_so_when_nobody_listens(seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in seaweed.environment().items():
        monkeypatch.setenv(name, value)
    options = ObjectOptions(s3=S3Options(endpoint_url="http://127.0.0.1:1"), retry=RetryOptions(tries=1))
    store = open_objects("s3://some-bucket/prefix", options)
    with pytest.raises(Unavailable, match="does not answer"):
        store.check()
    store.close()


@pytest.mark.parametrize(("addressing", "address"), [("path", "s3.test/photos/x"), ("virtual", "photos.s3.test/x")])
def test_the_bucket_stands_in_the_path_or_in_the_host_as_asked(
    monkeypatch: pytest.MonkeyPatch, addressing: Any, address: str
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    client = make_client(S3Options(endpoint_url="http://s3.test", addressing=addressing))
    url = client.generate_presigned_url("get_object", Params={"Bucket": "photos", "Key": "x"})
    client.close()
    assert url.startswith(f"http://{address}?")


def test_an_address_gives_out_the_object_alone_and_only_if_it_is_as_long_as_its_content(
    seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in seaweed.environment().items():
        monkeypatch.setenv(name, value)
    options = ObjectOptions(s3=S3Options(endpoint_url=seaweed.endpoint_url, addressing="path", address_s=2))
    store = open_objects(seaweed.url(), options)
    key, shown = write(store), Shown("image/png", 'a"; b.png')
    address = store.address(key, len(BODY), shown)
    assert address is not None
    with urlopen(address, timeout=10) as came:
        assert came.read() == BODY
        assert came.headers["Content-Disposition"] == "attachment; filename*=UTF-8''a%22%3B%20b.png"
    assert store.address(key, len(BODY) - 1, shown) is None
    with pytest.raises(Damaged):
        store.address(new_key(), 1, shown)
    time.sleep(3)
    with pytest.raises(HTTPError, match="403"):
        urlopen(address, timeout=10)
    store.close()


def test_the_bucket_in_the_host_works_against_a_real_store(seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch) -> None:
    look_up = socket.getaddrinfo
    asked: list[str] = []

    def by_test_name(host: Any, *arguments: Any, **options: Any) -> Any:
        asked.append(str(host))
        return look_up("127.0.0.1" if str(host).endswith(f".{DOMAIN}") else host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", by_test_name)
    for name, value in seaweed.environment().items():
        monkeypatch.setenv(name, value)
    endpoint = f"http://{DOMAIN}:{seaweed.endpoint_url.rpartition(':')[2]}"
    store = S3Store(seaweed.bucket, "virtual", S3Options(endpoint_url=endpoint, addressing="virtual"))
    store.check()
    key = write(store)
    assert b"".join(store.read(key, 0, len(BODY), unlimited())) == BODY
    assert [info.key for info in store.list()] == [key]
    store.delete(key)
    store.close()
    assert set(asked) == {f"{seaweed.bucket}.{DOMAIN}"}


def test_a_clock_that_is_far_off_is_told_from_a_wrong_key(s3_store: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda **options: hour_ago.replace(tzinfo=None))
    with pytest.raises(Misconfigured, match="clock differs"):
        s3_store.check()


def test_credentials_of_a_profile_in_a_file_are_found(
    seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "credentials"
    file.write_text(
        f"[drive]\naws_access_key_id = {seaweed.access_key}\naws_secret_access_key = {seaweed.secret_key}\n"
    )
    for name in seaweed.environment():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("AWS_PROFILE", "drive")
    store = S3Store(seaweed.bucket, "profile", S3Options(endpoint_url=seaweed.endpoint_url, addressing="path"))
    store.check()
    store.close()


def test_a_range_asks_for_nothing_but_the_segments_that_hold_it(proxied: tuple[S3Store, Faults]) -> None:
    store, faults = proxied
    with ContentStore(store, segment_bytes=50_000) as contents:
        stored = contents.write([BODY], unlimited())
        for start, stop, segments in ((0, 10, 1), (49_999, 50_001, 2), (120_000, 130_000, 1), (0, len(BODY), 6)):
            del faults.seen[:], faults.heads[:]
            with contents.read(stored.segments, start, stop, unlimited()) as stream:
                assert b"".join(stream) == BODY[start:stop]
            assert faults.count("GET") == segments
            asked = [map(int, head["range"].removeprefix("bytes=").split("-")) for head in faults.heads]
            assert sum(last - first + 1 for first, last in asked) == stop - start


def test_encryption_storage_class_and_checksum_reach_the_store(
    seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in seaweed.environment().items():
        monkeypatch.setenv(name, value)
    with s3_proxy(seaweed.endpoint_url) as (url, faults):
        options = S3Options(endpoint_url=url, sse="aws:kms", sse_key_id="key", storage_class="STANDARD_IA")
        store = S3Store(seaweed.bucket, "encrypted", options)
        faults.plan("lost-reply", "PUT", 100)  # this store has no keys to encrypt with: only what it is sent counts
        with pytest.raises(Unavailable):
            write(store)
        store.close()
    sent = next(head for head, (method, _) in zip(faults.heads, faults.seen, strict=True) if method == "PUT")
    assert sent["x-amz-server-side-encryption"] == "aws:kms"
    assert sent["x-amz-server-side-encryption-aws-kms-key-id"] == "key"
    assert sent["x-amz-storage-class"] == "STANDARD_IA"
    assert sent["x-amz-checksum-sha256"] == b64encode(sha256(BODY).digest()).decode()


def test_unusable_settings_are_a_clear_message() -> None:
    with pytest.raises(Unavailable, match="S3 settings"):
        S3Store("bucket", "", S3Options(endpoint_url="not a url"))
