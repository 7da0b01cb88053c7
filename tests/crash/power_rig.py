"""Real servers and commands whose machine loses its power: recorded once, cut off at any moment afterwards."""

import itertools
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from davdrive.drive.backend import Backend
from davdrive.drive.names import DrivePath
from davdrive.drive.open import open_backend, open_database, sqlite_url
from davdrive.errors import NotFound
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.locks import all_locks
from davdrive.metadata.users import all_users
from davdrive.objects.local import LocalStore
from davdrive.upkeep.backup.restoring import restore
from davdrive.upkeep.check import CheckOptions, check
from tests.crash.chores import tree_of
from tests.crash.disk import Disk, Kept
from tests.crash.strace import Call, calls, command, run
from tests.support.commands import environment
from tests.support.dav import locked
from tests.support.http import Client
from tests.support.serving import HOST, USERS, free_port, wait_until_ready

ANSWER = b"HTTP/1.1 2"
LARGE = os.urandom(150_000)
_NO_CHANGE = {"open", "openat", "begins", "sendto", "sendmsg"}
Tree = dict[str, bytes | None]

State = tuple[Tree, int]
"""Bob's files, and how many locks there are."""


@dataclass
class Recording:
    """What processes did below `base`, and after how many calls each answer left. `states`: what was acknowledged
    before the first answer, after it, and so on."""

    base: Path
    calls: list[Call]
    answers: list[int]
    states: list[State] = field(default_factory=list)

    def cuts(self, without: Sequence[str] = (), between: int = 0) -> Iterator[tuple[int, Disk]]:
        """The disk right after each answer, with the number of answers; `between`: also after every so many changes."""
        disk, answered, changes = Disk(self.base, without), 0, 0
        for number, call in enumerate(self.calls, 1):
            disk.do(call)
            changes += call.name not in _NO_CHANGE
            here = answered < len(self.answers) and self.answers[answered] == number
            answered += here
            if here or (between and changes % between == 0 and call.name not in _NO_CHANGE):
                yield answered, disk

    def kinds(self) -> set[str]:
        """What was synced."""
        disk = Disk(self.base)
        for call in self.calls:
            disk.do(call)
        return disk.synced


def record_server(base: Path, log: Path) -> Recording:
    """A server from the first start on, and a client that does one thing after the other."""
    data_dir, settings = base / "new" / "data", environment(DAVDRIVE_UPKEEP__IN_BACKGROUND="false")
    base.mkdir()
    words = [sys.executable, "-m", "davdrive"]
    run(
        log, [*words, "user", "add", "bob", "--password-stdin", "--data-dir", str(data_dir)], settings, "bob's secret\n"
    )
    before = list(calls(log))
    port = free_port()
    serve = [*words, "serve", "--data-dir", str(data_dir), "--listen", f"{HOST}:{port}", "--workers", "1"]
    states: list[State] = [({}, 0)]
    with _traced(log, serve, settings, port):
        client = Client((HOST, port), "bob", USERS["bob"], "/bob")
        for deed in _DEEDS:
            states.append(deed(client, *states[-1]))
    whole = [*before, *calls(log)]
    answers = [number for number, call in enumerate(whole, 1) if _is_answer(call)][-len(_DEEDS) :]
    return Recording(base, whole, answers, states)


def _is_answer(call: Call) -> bool:
    return call.name in ("sendto", "sendmsg") and any(text.startswith(ANSWER) for text in call.texts)


@contextmanager
def _traced(log: Path, words: Sequence[str], settings: dict[str, str], port: int) -> Iterator[None]:
    printed = log.with_suffix(".printed")
    with printed.open("wb") as file:
        process = subprocess.Popen(
            command(log, words), stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=settings
        )
    try:
        wait_until_ready(process, (HOST, port), printed)
        yield
    finally:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        for child in children:
            os.kill(int(child), signal.SIGTERM)
        process.wait(30)


Deed = Callable[[Client, Tree, int], State]


def _put(name: str, body: bytes) -> Deed:
    def deed(client: Client, tree: Tree, locks: int) -> State:
        assert client.put(name, body).status in (201, 204)
        return {**tree, f"/bob/{name}": body}, locks

    return deed


def _make(name: str) -> Deed:
    def deed(client: Client, tree: Tree, locks: int) -> State:
        assert client.mkcol(name).status == 201
        return {**tree, f"/bob/{name}": None}, locks

    return deed


def _transfer(method: str, source: str, target: str) -> Deed:
    def deed(client: Client, tree: Tree, locks: int) -> State:
        assert client.transfer(method, source, target).status in (201, 204)
        old, new = f"/bob/{source}", f"/bob/{target}"
        inside = {path: body for path, body in tree.items() if path == old or path.startswith(old + "/")}
        kept = {path: body for path, body in tree.items() if method == "COPY" or path not in inside}
        return {**kept, **{new + path.removeprefix(old): body for path, body in inside.items()}}, locks

    return deed


def _remove(name: str) -> Deed:
    def deed(client: Client, tree: Tree, locks: int) -> State:
        assert client.delete(name).status == 204
        gone = f"/bob/{name}"
        return {path: body for path, body in tree.items() if path != gone and not path.startswith(gone + "/")}, locks

    return deed


def _lock(client: Client, tree: Tree, locks: int) -> State:
    locked(client, "small")
    return tree, locks + 1


_DEEDS: tuple[Deed, ...] = (
    _put("small", b"small"),
    _put("large", LARGE),
    _make("d"),
    _put("d/inside", b"inside"),
    _put("large", LARGE[::-1]),
    _lock,
    _transfer("COPY", "d", "copy"),
    _transfer("MOVE", "large", "d/moved"),
    _remove("copy"),
    _put("last", LARGE + b"!"),
)


def look(data_dir: Path) -> State:
    """What a machine that came back serves. Raises whatever it would say."""
    backend = open_backend(data_dir)
    try:
        found = [each.message for each in check(backend, CheckOptions(read_data=True))]
        assert not found, found
        return _tree(backend, "bob"), len(backend.database.read(all_locks))
    finally:
        backend.close()


def _tree(backend: Backend, drive: str) -> Tree:
    try:
        return tree_of(backend, DrivePath(drive))
    except NotFound:  # not made yet
        return {}


def broken_at(recording: Recording, folder: Path, without: Sequence[str], kept: Kept, between: int = 0) -> list[str]:
    """Every cut after which something acknowledged is missing, or half of something is there."""
    broken = []
    for answered, disk in recording.cuts(without, between):
        with tempfile.TemporaryDirectory(dir=folder) as name:
            left = Path(name) / "left"
            disk.power_cut(left, kept)
            allowed = recording.states[answered : answered + (2 if between else 1)]
            why = _why_broken(lambda left=left, allowed=allowed: look(left / "new" / "data") in allowed)  # type: ignore[misc]
        broken += [f"after answer {answered}: {why}"] if why else []
    return broken


def _why_broken(holds: Callable[[], bool]) -> str:
    try:
        return "" if holds() else "something is lost"
    except Exception as error:  # whatever it says, it is not what was acknowledged
        return f"{type(error).__name__}: {error}"


@dataclass
class Commands:
    """Commands one after the other, each recorded by itself. `looks`: what must be there after each.
    `targets`: the folder below `base` that each writes to."""

    base: Path
    calls: list[list[Call]]
    looks: list[Callable[[Path], bool]]
    targets: list[str]

    def why_broken(self, number: int, folder: Path, without: Sequence[str], kept: Kept) -> str:
        """What is missing when the power goes right after that command; "" when nothing is."""
        disk = Disk(self.base, without)
        for call in itertools.chain(*self.calls[: number + 1]):
            disk.do(call)
        with tempfile.TemporaryDirectory(dir=folder) as name:
            left = Path(name) / "left"
            disk.power_cut(left, kept)
            return _why_broken(lambda: self.looks[number](left))

    def kinds(self, number: int) -> set[str]:
        """What that command synced of its target. (It looks into other folders, and tries whether they can be used.)"""
        disk = Disk(self.base)
        for call in itertools.chain(*self.calls[:number]):
            disk.do(call)
        disk.synced.clear()
        for call in self.calls[number]:
            disk.do(call)
        target = self.targets[number]
        return {kind for kind in disk.synced if kind == target or kind.startswith(target + "/")}


def record_commands(base: Path, source: Path, log: Path) -> Commands:
    """Everything that a person does with a drive without serving it."""
    base.mkdir()
    (source / "inner").mkdir(parents=True)
    files = {"large": LARGE, "inner/small": b"small"}
    for name, body in files.items():
        (source / name).write_bytes(body)
    tree: Tree = {"/bob/large": LARGE, "/bob/inner": None, "/bob/inner/small": b"small"}

    def user_is_there(left: Path) -> bool:
        with closing(open_database(DatabaseOptions(sqlite_url(left / "data")))) as database:
            return [user.name for user in database.read(all_users)] == ["bob"]

    def drive_in(data_dir: str) -> Callable[[Path], bool]:
        return lambda left: look(left / data_dir)[0] == tree

    def backup_restores(left: Path) -> bool:
        backend = open_backend(left / "looked at")
        try:
            with closing(LocalStore(left / "backups")) as store:
                return not restore(backend, store, lambda *_: None).findings and _tree(backend, "bob") == tree
        finally:
            backend.close()

    def exported(left: Path) -> bool:
        return {name: (left / "out" / name).read_bytes() for name in files} == files

    steps: list[tuple[list[str], Callable[[Path], bool], str]] = [
        (["user", "add", "bob", "--password-stdin"], user_is_there, "data"),
        (["import", str(source), "bob"], drive_in("data"), "data"),
        (["backup", str(base / "backups")], backup_restores, "backups"),
        (["backup", str(base / "backups"), "--keep", "1"], backup_restores, "backups"),
        (["export", "bob", str(base / "out")], exported, "out"),
        (["restore", str(base / "backups"), "--data-dir", str(base / "restored")], drive_in("restored"), "restored"),
        (["migrate-store", *_to(base / "moved")], drive_in("moved"), "moved"),
    ]
    made = Commands(base, [], [], [])
    for words, looks, target in steps:
        own = [] if "--data-dir" in words else ["--data-dir", str(base / "data")]
        run(log, [sys.executable, "-m", "davdrive", *words, *own], environment(), "bob's secret\n")
        made.calls.append(list(calls(log)))
        made.looks.append(looks)
        made.targets.append(target)
    return made


def _to(data_dir: Path) -> list[str]:
    return ["--to-metadata", sqlite_url(data_dir), "--to-objects", str(data_dir / "objects")]
