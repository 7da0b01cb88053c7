"""A process that does one thing at a time when it is told: `python -m tests.races.racer URL OBJECTS [FAULT]`.

Lines of JSON come in, `{"at": monotonic seconds, "method": …, "arguments": […]}`. Two go out for each: `"waiting"` when
it is about to ask for the right to write (not for those that never do), and what came of it.
"""

import json
import os
import select
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from davdrive.errors import DriveError
from davdrive.metadata.queueing import Work
from davdrive.metadata.writer import Writer
from tests.races.faults import commit_faults
from tests.races.ops import RaceOps, call
from tests.races.site import Site

T = TypeVar("T")


class Announcing:
    """A writer that says the first time in each operation that it is about to write."""

    def __init__(self, inner: Writer) -> None:
        self._inner = inner
        self.silent = True

    def run(self, work: Work[T], lane: str | None = None) -> T:
        if not self.silent:
            self.silent = True
            print(json.dumps("waiting"), flush=True)
        return self._inner.run(work, lane)

    def close(self) -> None:
        self._inner.close()


@dataclass
class Racer:
    """A process that does what it is told, when it is told."""

    process: "subprocess.Popen[bytes]"
    came: bytes = b""

    @classmethod
    def start(cls, url: str, objects: Path, *faults: str) -> "Racer":
        words = [sys.executable, "-m", "tests.races.racer", url, str(objects), *faults]
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        racer = cls(process)
        assert racer.hear() == "ready"
        return racer

    def tell(self, order: tuple[str, list[Any]], callers: list[str], at: float = 0.0) -> None:
        assert self.process.stdin is not None
        said = {"at": at, "method": order[0], "arguments": order[1], "callers": callers}
        self.process.stdin.write(json.dumps(said).encode() + b"\n")

    def hear(self, within_s: float | None = None) -> Any:
        """The next line; None if nothing comes in time."""
        assert self.process.stdout is not None
        while b"\n" not in self.came:
            if not select.select([self.process.stdout], [], [], within_s)[0]:
                return None
            more = os.read(self.process.stdout.fileno(), 1 << 16)
            assert more, "a racer died"
            self.came += more
        line, _, self.came = self.came.partition(b"\n")
        return json.loads(line)

    def answer(self, heard: Any = None) -> dict[str, Any]:
        """What came of the order; `heard` is what was heard of it before."""
        while not isinstance(heard, dict):
            heard = self.hear()
        return heard

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=20)
        assert self.process.stdout is not None
        self.process.stdout.close()


def perform(ops: RaceOps, order: dict[str, Any]) -> dict[str, Any]:
    """Do it at its time; what came of it, and from when to when it took."""
    while time.monotonic() < order["at"]:
        pass
    began = time.monotonic()
    try:
        result: Any = call(ops, order["method"], order["arguments"])
        outcome = "done"
    except DriveError as error:
        result, outcome = str(error), type(error).__name__
    return {"outcome": outcome, "result": result, "began": began, "ended": time.monotonic()}


def main() -> None:
    url, objects, *faults = sys.argv[1:]
    commit_faults(faults)
    site = Site(url, Path(objects))
    database = site.backend.database
    announcing = Announcing(database._writer)
    database._writer = announcing
    ops = RaceOps(site)
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        for each in order["callers"]:
            site.callers.pop(each, None)
            site.callers[each]
        announcing.silent = False
        print(json.dumps(perform(ops, order)), flush=True)
    site.close()


if __name__ == "__main__":
    main()
