"""The same operations on drives of several sizes, in rounds that take the sizes in turn: what else the machine does
while it measures falls on all of them alike."""

import random
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from grow import FILES, FOLDERS, Shape, grow
from growth_databases import Databases, close, open_backend, room_bytes, settle

from davdrive.drive.backend import Backend
from davdrive.drive.delete import delete
from davdrive.drive.extras import list_with_extras
from davdrive.drive.move import move
from davdrive.drive.names import DrivePath
from davdrive.drive.put import PutOptions, put
from davdrive.drive.read import open_resource, stat
from davdrive.drive.restore import restore_deleted
from davdrive.drive.trash import list_trash
from davdrive.errors import NotFound
from davdrive.metadata.caller import SYSTEM

DRIVE = "grown"
LOOKUPS, LISTINGS, PUTS, MOVES, DELETES = 100, 10, 30, 4, 4
"""How often each is done in a round."""


def place(*names: str) -> DrivePath:
    """A path in the drive that is measured."""
    return DrivePath(DRIVE, names)


@dataclass
class Grown:
    """A drive of one size, and the times of each operation so far, in milliseconds."""

    shape: Shape
    backend: Backend
    chance: random.Random
    grow_s: float = 0.0
    puts: int = 0
    took: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def round(self) -> None:
        """Do everything some times."""
        stat(self.backend, SYSTEM, place())
        self._time("lookup", LOOKUPS, lambda: open_resource(self.backend, SYSTEM, self._somewhere()))
        self._time("listing", LISTINGS, self._list)
        self._time("put", PUTS, self._put)
        for _ in range(MOVES // 2):
            self._time("move", 1, lambda: move(self.backend, SYSTEM, place("top"), place("moved")))
            self._time("move", 1, lambda: move(self.backend, SYSTEM, place("moved"), place("top")))
        for _ in range(DELETES):
            tree = self._tree()
            self._time("delete", 1, partial(delete, self.backend, SYSTEM, tree))
            item = next(list_trash(self.backend, SYSTEM, DRIVE))
            self._time("restore", 1, partial(restore_deleted, self.backend, SYSTEM, DRIVE, item.id))

    def _time(self, name: str, times: int, action: Callable[[], Any]) -> None:
        for _ in range(times):
            began = time.perf_counter()
            action()
            self.took[name].append((time.perf_counter() - began) * 1000)

    def _somewhere(self) -> DrivePath:
        return place(*self.shape.path(self.chance.randrange(self.shape.files)))

    def _list(self) -> None:
        path = self._somewhere().parent
        found = stat(self.backend, SYSTEM, path)
        rows = sum(len(page) for page, _ in list_with_extras(self.backend, found.drive, path, found.resource, 7))
        assert rows >= FILES, rows

    def _put(self) -> None:
        self.puts += 1
        name = f"new{self.puts}-{self.chance.getrandbits(40)}"
        put(self.backend, SYSTEM, self._somewhere().parent.child(name), [b"data"], PutOptions())

    def _tree(self) -> DrivePath:
        """A tree of 100,000 files, or of a thousand where there is none so large."""
        if self.shape.outer > 1:
            return place("top", f"a{self.chance.randrange(self.shape.outer)}")
        return place("top", "a0", f"b{self.chance.randrange(min(self.shape.folders, FOLDERS))}")

    def figures(self) -> dict[str, float]:
        """Medians in milliseconds, and how the drive was made."""
        found = {name: statistics.median(took) for name, took in self.took.items()}
        return {"nodes": float(self.shape.nodes), "grow_s": self.grow_s, **found}


def open_grown(databases: Databases, kind: str, files: int) -> Grown:
    """The drive of so many files, made now unless an earlier run made it."""
    url = databases.url(kind, f"grown{files}")
    backend = open_backend(url, 1)
    grown = Grown(Shape(files), backend, random.Random(files))
    try:
        stat(backend, SYSTEM, place("top"))
    except NotFound:
        began = time.perf_counter()
        grow(backend.database, DRIVE, files)
        grown.grow_s = time.perf_counter() - began
        print(f"{kind}: {grown.shape.nodes:,} nodes made in {grown.grow_s:.0f} s", flush=True)
    settle(backend.database)
    databases.warm(kind, url)
    return grown


def measure(databases: Databases, kind: str, sizes: list[int], rounds: int) -> dict[int, dict[str, float]]:
    """By size, every operation's median in milliseconds."""
    drives = {size: open_grown(databases, kind, size) for size in sizes}
    for grown in drives.values():
        grown.round()  # plans, pages
        grown.took.clear()
    for _ in range(rounds):
        for grown in drives.values():
            grown.round()
    figures = {}
    for size, grown in drives.items():
        figures[size] = grown.figures()
        close(grown.backend)
        figures[size]["room_bytes"] = room_bytes(kind, databases.url(kind, f"grown{size}"))
    return figures
