"""Local objects: the order of what reaches the disk, links, full and failing disks, crashes, leftovers."""

import errno
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from davdrive import folders as durable
from davdrive.deadline import unlimited
from davdrive.errors import Damaged, StorageFull, Unavailable
from davdrive.objects.base import ObjectStore
from davdrive.objects.keys import check_key, is_key, new_key
from davdrive.objects.local import LocalStore, folders, writer

OBJECT = b"some bytes"


def put(store: ObjectStore, key: str = "") -> str:
    made = store.create(key or new_key(), len(OBJECT), unlimited())
    made.write(OBJECT)
    made.finish()
    return made.key


def keys(store: ObjectStore) -> list[str]:
    return [info.key for info in store.list()]


def temporary(root: Path) -> list[str]:
    return os.listdir(root / "tmp")


def failing(code: int) -> Callable[..., int]:
    def fail(*arguments: object, **options: object) -> int:
        raise OSError(code, os.strerror(code))

    return fail


def test_keys_are_random_and_recognised() -> None:
    made = {new_key() for _ in range(1000)}
    assert len(made) == 1000
    assert all(is_key(key) and check_key(key) == key for key in made)


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What reaches the disk, in order: the names of what was synced or renamed."""
    seen: list[str] = []
    real_sync, real_replace = folders.sync, os.replace

    def record(descriptor: int) -> None:
        name = Path(os.readlink(f"/proc/self/fd/{descriptor}")).name
        seen.append(f"sync {name.partition('-')[0]}")  # without what makes a temporary name unique
        real_sync(descriptor)

    def replace(source: str, target: str, **options: int) -> None:
        seen.append("rename")
        real_replace(source, target, **options)

    for module in (durable, folders, writer):
        monkeypatch.setattr(module, "sync", record)
    monkeypatch.setattr(os, "replace", replace)
    return seen


def test_bytes_are_synced_before_the_rename_and_every_new_name_after_it(tmp_path: Path, synced: list[str]) -> None:
    store = LocalStore(tmp_path / "objects")
    assert synced[0] == f"sync {tmp_path.name}", "the store's own name, then all above it"
    synced.clear()
    put(store, "ab/cd/abcd" + "0" * 28)
    assert synced == ["sync abcd" + "0" * 28, "sync ab", "sync objects", "rename", "sync cd"]
    synced.clear()
    put(store, "ab/cd/abcd" + "1" * 28)
    assert synced == ["sync abcd" + "1" * 28, "rename", "sync cd"]
    store.close()


def test_a_folder_that_another_process_made_is_synced_by_this_one_too(tmp_path: Path, synced: list[str]) -> None:
    first = LocalStore(tmp_path / "objects")
    put(first, "ab/cd/abcd" + "0" * 28)
    second = LocalStore(tmp_path / "objects")
    synced.clear()
    put(second, "ab/cd/abcd" + "1" * 28)
    assert synced == ["sync abcd" + "1" * 28, "sync ab", "sync objects", "rename", "sync cd"]
    first.close()
    second.close()


def test_a_failed_fsync_is_never_followed_by_success(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = LocalStore(tmp_path)
    made = store.create(new_key(), 0, unlimited())
    made.write(OBJECT)
    with monkeypatch.context() as patched:
        patched.setattr(writer, "sync", failing(errno.EIO))
        with pytest.raises(Unavailable):
            made.finish()
    with pytest.raises(Unavailable):
        made.finish()
    made.abort()
    assert (keys(store), temporary(tmp_path)) == ([], [])


def test_a_folder_that_cannot_be_synced_takes_its_new_object_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = LocalStore(tmp_path)
    calls: list[int] = []

    def second_fails(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 2:
            raise OSError(errno.EIO, "on purpose")

    made = store.create(new_key(), 0, unlimited())
    made.write(OBJECT)
    monkeypatch.setattr(writer, "sync", second_fails)
    with pytest.raises(Unavailable):
        made.finish()
    made.abort()
    assert (keys(store), temporary(tmp_path)) == ([], [])


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("call", ["write", "fsync", "mkdir", "replace", "open"])
def test_a_full_disk_at_any_step_is_storage_full_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int
) -> None:
    store = LocalStore(tmp_path)

    def attempt() -> None:
        with monkeypatch.context() as patched:
            patched.setattr(os, call, failing(code))
            made = store.create(new_key(), 0, unlimited())
            try:
                made.write(OBJECT)
                made.finish()
            finally:
                patched.undo()
                made.abort()

    with pytest.raises(StorageFull):
        attempt()
    assert (keys(store), temporary(tmp_path)) == ([], [])


def test_a_file_that_lost_bytes_on_its_way_is_not_accepted(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    made = store.create(new_key(), 0, unlimited())
    made.write(OBJECT)
    os.truncate(tmp_path / "tmp" / temporary(tmp_path)[0], 3)
    with pytest.raises(Unavailable, match="fewer bytes"):
        made.finish()
    made.abort()
    assert (keys(store), temporary(tmp_path)) == ([], [])


def test_an_object_that_a_killed_process_left_half_written_can_be_written_again_at_once(tmp_path: Path) -> None:
    key, store = new_key(), LocalStore(tmp_path)
    killed = store.create(key, 0, unlimited())
    killed.write(OBJECT[:3])
    assert put(LocalStore(tmp_path), key) == key
    assert keys(store) == [key]
    assert len(temporary(tmp_path)) == 1
    killed.abort()


def test_a_link_in_the_place_of_an_object_is_never_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"not for you")
    store = LocalStore(tmp_path / "objects")
    key = put(store)
    path = tmp_path / "objects" / key
    path.unlink()
    path.symlink_to(secret)
    with pytest.raises(Damaged):
        next(store.read(key, 0, 1, unlimited()))
    with pytest.raises(Damaged):
        store.local_path(key)
    assert keys(store) == []
    store.delete(key)
    assert secret.read_bytes() == b"not for you"


@pytest.mark.parametrize("depth", [1, 2])
def test_a_link_in_the_place_of_a_folder_is_never_followed(tmp_path: Path, depth: int) -> None:
    store = LocalStore(tmp_path / "objects")
    key = put(store)
    folder = tmp_path.joinpath("objects", *key.split("/")[:depth])
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Damaged):
        next(store.read(key, 0, 1, unlimited()))
    with pytest.raises(Damaged):
        store.local_path(key)
    with pytest.raises(Damaged):
        store.delete(key)
    assert keys(store) == []
    fresh = LocalStore(tmp_path / "objects")
    with pytest.raises(Damaged):
        put(fresh, key[:-4] + "ffff")


def test_a_link_in_the_place_of_the_temporary_folder_is_refused_at_start(tmp_path: Path) -> None:
    (tmp_path / "objects").mkdir()
    (tmp_path / "objects" / "tmp").symlink_to(tmp_path)
    with pytest.raises(Unavailable, match=r"objects\.url"):
        LocalStore(tmp_path / "objects")


def test_a_folder_where_an_object_should_be_is_damage_and_a_fifo_does_not_block(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    for make in (os.mkdir, os.mkfifo):
        key = put(store)
        (tmp_path / key).unlink()
        make(tmp_path / key)
        with pytest.raises(Damaged):
            next(store.read(key, 0, 1, unlimited()))
        with pytest.raises(Damaged):
            store.local_path(key)
    assert keys(store) == []


def test_files_of_other_programs_are_not_listed(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    key = put(store, "ab/cd/abcd" + "0" * 28)
    for name in ("readme", "ab/readme", "ab/cd/readme", "ab/cd/" + "0" * 32, "zz/x"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert keys(store) == [key]


def test_a_place_that_is_no_folder_is_a_clear_message_without_a_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(Unavailable, match=r"objects\.url") as caught:
            LocalStore(place)
        assert str(tmp_path) not in str(caught.value)


def test_what_a_killed_process_left_is_invisible_and_removed_when_it_is_old(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from davdrive.deadline import unlimited\n"
        "from davdrive.objects.keys import new_key\n"
        "from davdrive.objects.local import LocalStore\n"
        "writer = LocalStore(Path(sys.argv[1])).create(new_key(), 0, unlimited())\n"
        "writer.write(b'half')\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False, timeout=30)
    assert killed.returncode == -9
    young = LocalStore(tmp_path)
    young.check()
    assert (keys(young), len(temporary(tmp_path))) == ([], 1)
    old = LocalStore(tmp_path, temporary_max_age_s=3600, clock=lambda: time.time() + 3601)
    old.check()
    assert temporary(tmp_path) == []


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    def opened() -> int:
        return len(os.listdir("/proc/self/fd"))

    before = opened()
    store = LocalStore(tmp_path)
    for _ in range(5):
        key = put(store)
        list(store.read(key, 0, len(OBJECT), unlimited()))
        store.read(key, 0, len(OBJECT), unlimited()).close()
        store.create(new_key(), 0, unlimited()).abort()
        store.create(new_key(), 0, unlimited())
        store.local_path(key)
        listing = store.list()
        next(listing)
        assert store.list("zz") is not None
        with pytest.raises(Damaged):
            next(store.read(new_key(), 0, 1, unlimited()))
        store.delete(key)
    del listing
    store.close()
    assert opened() == before


def test_files_and_folders_are_for_their_owner_alone(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "objects")
    key = put(store)
    path = tmp_path / "objects" / key
    assert path.stat().st_mode & 0o777 == 0o600
    assert {place.stat().st_mode & 0o777 for place in (path.parent, path.parent.parent, tmp_path / "objects")} == {
        0o700
    }
