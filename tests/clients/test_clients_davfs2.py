"""davfs2: the drive as a file system. A tree goes in, is renamed, survives a remount; git works on it."""

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.program_runs import run
from tests.clients.real_tree import checksums, copy_library
from tests.support.http import Client
from tests.support.peers import Peer
from tests.support.programs import lacks, needs

# Since Linux 6.16 davfs2 before 1.7.2 cannot list folders with a smaller buffer.
OPTIONS = "ask_auth 0\nuse_locks 1\ndelay_upload 0\nbuf_size 64\n"
STOP_TIMEOUT_S = 30


class Mount:
    """A client's mount of a collection; `folder` is where it is found."""

    def __init__(self, client: Client, base: Path) -> None:
        self.program = needs("mount.davfs", "davfs2")
        if os.geteuid() or not Path("/dev/fuse").exists():
            lacks("needs root and /dev/fuse, to mount with davfs2")
        self.client = client
        self.folder, self.cache = base / "mounted", base / "cache"
        self.folder.mkdir()
        self.cache.mkdir()
        self.cache.chmod(0o777)  # mount.davfs keeps it as a user of its own
        secrets = base / "secrets"
        secrets.write_text(f'{client.url("")} {client.user} "{client.password}"\n')
        secrets.chmod(0o600)
        self.config = base / "davfs2.conf"
        self.config.write_text(f"{OPTIONS}secrets {secrets}\ncache_dir {self.cache}\n")

    @contextlib.contextmanager
    def mounted(self) -> Iterator[Path]:
        """The collection as a folder; what was written is on the server when the block has ended."""
        url = self.client.url("")
        run(self.program, url, str(self.folder), "-o", f"conf={self.config},rw", folder=self.folder.parent)
        pid = self._pid()
        try:
            yield self.folder
        finally:
            run("umount", "-i", str(self.folder), folder=self.folder.parent)
            until = time.monotonic() + STOP_TIMEOUT_S
            while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
                time.sleep(0.02)
        shutil.rmtree(self.cache)
        self.cache.mkdir()
        self.cache.chmod(0o777)

    def _pid(self) -> int:
        """The daemon that keeps this mount."""
        for each in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                command = (each / "cmdline").read_bytes()
                if b"mount.davfs" in command and os.fsencode(self.folder) in command:
                    return int(each.name)
        raise AssertionError("no mount.davfs runs for the mount")


@pytest.fixture
def mount(peer: Peer) -> Iterator[Mount]:
    """A mount that keeps its files where davfs2's own user can reach them."""
    with tempfile.TemporaryDirectory(prefix="davfs2-") as folder:
        base = Path(folder)
        base.chmod(0o755)
        yield Mount(peer.bob, base)


def test_a_tree_goes_in_is_renamed_and_is_the_same_after_a_remount(mount: Mount, tmp_path: Path) -> None:
    library = tmp_path / "library"
    copy_library(library)
    wanted = checksums(library / "email") | {"big": checksums(library)["pydoc_data/topics.py"]}
    with mount.mounted() as drive:
        shutil.copytree(library / "email", drive / "mail")
        shutil.copy(library / "pydoc_data/topics.py", drive / "mail" / "large")
        (drive / "mail").rename(drive / "renamed")
        (drive / "renamed" / "large").rename(drive / "renamed" / "big")
        assert checksums(drive / "renamed") == wanted
    with mount.mounted() as drive:
        assert checksums(drive / "renamed") == wanted
        assert not (drive / "mail").exists()
        shutil.rmtree(drive / "renamed")
    with mount.mounted() as drive:
        assert set(os.listdir(drive)) <= {"lost+found"}


def test_a_git_repository_is_cloned_into_the_mount_and_committed_to(mount: Mount, tmp_path: Path) -> None:
    origin = tmp_path / "origin"
    git = Git(tmp_path)
    git("init", "-q", "-b", "main", str(origin))
    for number in range(3):
        (origin / f"file{number}.py").write_text(f"number = {number}\n" * 200)
        git("-C", str(origin), "add", "-A")
        git("-C", str(origin), "commit", "-q", "-m", f"commit {number}")
    with mount.mounted() as drive:
        clone = str(drive / "clone")
        git("clone", "-q", "--no-local", str(origin), clone)
        (drive / "clone" / "file1.py").write_text("changed = True\n")
        git("-C", clone, "commit", "-q", "-a", "-m", "written on the drive")
    with mount.mounted() as drive:
        clone = str(drive / "clone")
        assert git("-C", clone, "log", "--format=%s").split("\n")[0] == "written on the drive"
        assert git("-C", clone, "status", "--porcelain") == ""
        git("-C", clone, "fsck", "--full", "--strict")
        git("-C", clone, "gc", "-q")
        git("-C", clone, "push", "-q", "origin", "HEAD:from-the-drive")
    assert "from-the-drive" in git("-C", str(origin), "branch")


def test_a_file_that_is_open_for_writing_is_locked_for_others(mount: Mount, alice: Client) -> None:
    with mount.mounted() as drive, (drive / "open.txt").open("w") as file:
        file.write("by davfs2")
        file.flush()
        refused = alice.put("open.txt", b"by alice")
        assert refused.status == 423
        assert "bob" in refused.text
    assert alice.get("open.txt").text == "by davfs2"
    assert alice.put("open.txt", b"by alice").status == 204


class Git:
    """git with a name and nothing else of this machine's configuration."""

    def __init__(self, home: Path) -> None:
        self.program, self.home = needs("git", "git"), home
        (home / ".gitconfig").write_text("[user]\nname = Bob\nemail = bob@example.org\n[safe]\ndirectory = *\n")

    def __call__(self, *arguments: str) -> str:
        return run(self.program, *arguments, folder=self.home, environment={"GIT_CONFIG_NOSYSTEM": "1"})
