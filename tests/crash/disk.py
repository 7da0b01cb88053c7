"""A disk that a power cut finds in the middle: the calls of a log done again, and what of them POSIX says is durable.

A file's bytes are durable when the file was synced, a name when its folder was. Everything else may have reached the
disk or not, in any combination; `power_cut` builds what is left.
"""

import random
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Union

from tests.crash.strace import SYNCS, Call

Node = Union["File", "Folder"]
Kept = Callable[[], bool]
"""Whether one thing that was not synced reached the disk all the same."""


@dataclass(eq=False)
class File:
    """Bytes as programs see them, bytes on the disk, and what was done since the last sync."""

    now: bytearray = field(default_factory=bytearray)
    durable: bytes = b""
    since: list[tuple[int, bytes | None]] = field(default_factory=list)
    """Where, and which bytes; None: cut off there."""

    def change(self, at: int, data: bytes | None) -> None:
        _write(self.now, at, data)
        self.since.append((at, data))

    def sync(self, as_of: int) -> None:
        """Everything up to the change of that number is durable."""
        disk = bytearray(self.durable)
        for at, data in self.since[:as_of]:
            _write(disk, at, data)
        self.durable, self.since = bytes(disk), self.since[as_of:]

    def left(self, kept: Kept) -> bytes:
        disk = bytearray(self.durable)
        for at, data in self.since:
            if kept():
                _write(disk, at, data)
        return bytes(disk)


@dataclass(eq=False)
class Folder:
    now: dict[str, Node] = field(default_factory=dict)
    durable: dict[str, Node] = field(default_factory=dict)

    def left(self, kept: Kept) -> dict[str, Node]:
        names = dict(self.durable)
        for name in sorted(self.now.keys() | self.durable.keys()):
            if self.now.get(name) is not self.durable.get(name) and kept():
                names.pop(name, None)
                if name in self.now:
                    names[name] = self.now[name]
        return names


def _write(file: bytearray, at: int, data: bytes | None) -> None:
    if data is None:
        del file[at:]
        return
    if len(file) < at:
        file.extend(bytes(at - len(file)))
    file[at : at + len(data)] = data


def kind_of(path: PurePosixPath) -> str:
    """What a path is, without what makes it different from others of its kind."""
    name = re.sub(r"\b[0-9a-f]{32}\b(-[0-9a-f]+)?", "OBJECT", str(path))
    return re.sub(r"(?<=/)[0-9a-f]{2}(?=/|$)", "xx", name)


class Disk:
    """The folder `base`, empty and durable at first. `without`: kinds of paths whose syncs do nothing."""

    def __init__(self, base: Path, without: Iterable[str] = ()) -> None:
        self._base = PurePosixPath(base)
        self._without = frozenset(without)
        self._root = Folder()
        self._begun: dict[str, int] = {}
        self.synced: set[str] = set()

    def do(self, call: Call) -> None:
        """Do a call again, if it is about something below `base`."""
        action = _ACTIONS.get(call.name)
        if action is not None:
            action(self, call)

    def _targets(self, call: Call) -> list[tuple[Folder, str]]:
        """The folders and names that a call speaks of, those below `base`."""
        folders, found = list(call.paths), []
        for text in call.texts:
            path = PurePosixPath(folders.pop(0) if folders else "/") / text.decode()
            if path.is_relative_to(self._base) and path != self._base:
                found.append((self._folder(path.parent), path.name))
        return found

    def _node(self, path: PurePosixPath) -> Node | None:
        node: Node | None = self._root
        for name in path.relative_to(self._base).parts:
            node = node.now.get(name) if isinstance(node, Folder) else None
        return node

    def _folder(self, path: PurePosixPath) -> Folder:
        node = self._node(path)
        assert isinstance(node, Folder), f"{path} was made by a call that is not known here"
        return node

    def _opened(self, call: Call) -> Node | None:
        path = PurePosixPath(call.paths[0]) if call.paths else PurePosixPath("/")
        return self._node(path) if path.is_relative_to(self._base) else None

    def _open(self, call: Call) -> None:
        flags = " ".join(call.flags)
        for folder, name in self._targets(call):
            if "O_CREAT" in flags and name not in folder.now:
                folder.now[name] = File()
            node = folder.now.get(name)
            if "O_TRUNC" in flags and isinstance(node, File):
                node.change(0, None)

    def _make_folder(self, call: Call) -> None:
        for folder, name in self._targets(call):
            folder.now[name] = Folder()

    def _write(self, call: Call) -> None:
        file = self._opened(call)
        if isinstance(file, File):
            # Whoever writes without saying where appends, in all of davdrive.
            at = int(call.flags[-1]) if call.name.startswith("pwrite") else len(file.now)
            file.change(at, b"".join(call.texts))

    def _cut_off(self, call: Call) -> None:
        file = self._opened(call)
        if isinstance(file, File):
            size = int(call.flags[-1])
            file.change(size, None if size <= len(file.now) else b"")

    def _lengthen(self, call: Call) -> None:
        file = self._opened(call)
        if isinstance(file, File):
            file.change(int(call.flags[-2]) + int(call.flags[-1]), b"")

    def _rename(self, call: Call) -> None:
        targets = self._targets(call)
        if targets:
            (old, name), (new, new_name) = targets
            new.now[new_name] = old.now.pop(name)

    def _remove(self, call: Call) -> None:
        for folder, name in self._targets(call):
            folder.now.pop(name, None)

    def _begin(self, call: Call) -> None:
        node = self._opened(call)
        if isinstance(node, File):
            self._begun[call.pid] = len(node.since)

    def _sync(self, call: Call) -> None:
        node, as_of = self._opened(call), self._begun.pop(call.pid, None)
        if node is None:
            return
        kind = kind_of(PurePosixPath(call.paths[0]).relative_to(self._base))
        self.synced.add(kind)
        if kind in self._without:
            return
        if isinstance(node, File):
            node.sync(len(node.since) if as_of is None else as_of)
        else:
            node.durable = dict(node.now)

    def _unknown(self, call: Call) -> None:
        assert self._opened(call) is None, f"{call.name} is not known here"

    def power_cut(self, left: Path, kept: Kept) -> None:
        """Build in `left` what a machine finds that lost its power now."""
        _build(self._root, left, kept)


def _build(folder: Folder, left: Path, kept: Kept) -> None:
    left.mkdir()
    for name, node in folder.left(kept).items():
        if isinstance(node, Folder):
            _build(node, left / name, kept)
        else:
            (left / name).write_bytes(node.left(kept))


def nothing() -> bool:
    """The worst case: what was not synced is gone."""
    return False


def some(seed: int) -> Kept:
    """Any half of it."""
    chance = random.Random(seed)
    return lambda: chance.random() < 0.5


_ACTIONS: dict[str, Callable[[Disk, Call], None]] = {
    **dict.fromkeys(("open", "openat", "creat"), Disk._open),
    **dict.fromkeys(("mkdir", "mkdirat"), Disk._make_folder),
    **dict.fromkeys(("write", "pwrite64", "writev"), Disk._write),
    "ftruncate": Disk._cut_off,
    "fallocate": Disk._lengthen,
    **dict.fromkeys(("rename", "renameat", "renameat2"), Disk._rename),
    **dict.fromkeys(("unlink", "unlinkat", "rmdir"), Disk._remove),
    "begins": Disk._begin,
    **dict.fromkeys(SYNCS, Disk._sync),
    **dict.fromkeys(("copy_file_range", "link", "linkat", "symlink", "symlinkat"), Disk._unknown),
    **dict.fromkeys(("truncate", "pwritev", "pwritev2"), Disk._unknown),
}
