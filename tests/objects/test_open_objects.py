"""From a URL to a store."""

import subprocess
import sys
from pathlib import Path

import pytest

from davdrive.errors import Unavailable
from davdrive.objects.decorators.checksum import ReadBackStore
from davdrive.objects.decorators.observed import Observation, ObservedStore
from davdrive.objects.decorators.retry import RetryingStore
from davdrive.objects.local import LocalStore
from davdrive.objects.memory import MemoryStore
from davdrive.objects.open import open_objects
from davdrive.objects.options import ObjectOptions, RetryOptions, S3Options


def test_a_path_and_a_file_url_are_local_folders(tmp_path: Path) -> None:
    for url, folder in ((str(tmp_path / "a b"), "a b"), (f"file://{tmp_path}/c%20d", "c d")):
        store = open_objects(url)
        assert isinstance(store, LocalStore)
        store.check()
        store.close()
        assert (tmp_path / folder / "tmp").is_dir()


def test_memory_is_for_tests() -> None:
    assert isinstance(open_objects("memory:"), MemoryStore)


def test_an_s3_url_is_a_bucket_and_a_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    from davdrive.objects.s3 import S3Store

    for url, prefix in (("s3://photos", ""), ("s3://photos/", ""), ("s3://photos/a/b%20c/", "a/b c/")):
        store = open_objects(url, ObjectOptions(s3=S3Options(region="eu-west-1")))
        assert isinstance(store, RetryingStore)
        bare = store.inner.inner  # type: ignore[attr-defined]
        assert isinstance(bare, S3Store)
        assert (bare._bucket, bare._prefix) == ("photos", prefix)
        store.close()


@pytest.mark.parametrize("url", ["ftp://host/x", "s3://", "file://otherhost/x", "https://bucket.example/x"])
def test_a_url_that_names_no_store_is_a_clear_message(url: str) -> None:
    with pytest.raises(Unavailable, match=r"objects\.url"):
        open_objects(url)


def test_decorators_are_put_on_as_asked() -> None:
    store = open_objects("memory:", ObjectOptions(read_back=True), observe=lambda observation: None)
    assert isinstance(store, ReadBackStore)
    assert isinstance(store.inner, ObservedStore)


def test_repetitions_are_observed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    seen: list[Observation] = []
    options = ObjectOptions(S3Options(endpoint_url="http://127.0.0.1:1"), RetryOptions(tries=2, wait_s=0.001))
    store = open_objects("s3://some-bucket", options, seen.append)
    with pytest.raises(Unavailable):
        store.delete("ab/cd/abcd" + "0" * 28)
    store.close()
    assert [(each.operation, each.error) for each in seen] == [
        ("delete", "Unavailable"),
        ("retry", "delete"),
        ("delete", "Unavailable"),
    ]


def test_a_drive_on_local_files_never_loads_boto3(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "import davdrive.objects.content\n"
        "from davdrive.objects.open import open_objects\n"
        "open_objects(sys.argv[1]).check()\n"
        "assert not {'boto3', 'botocore', 'urllib3'} & set(sys.modules), sorted(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True, timeout=30)
