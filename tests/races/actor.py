"""A client that does random things to a few files and tells what it does and hears:
`python -m tests.races.actor URL OBJECTS USER SEED STEPS [FAULT]`. Every step is one line before it and one after it, so
whoever reads along knows what was under way when the process was killed."""

import json
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from davdrive.deadline import unlimited
from davdrive.drive.names import DrivePath
from davdrive.drive.read import open_content, read_bytes
from davdrive.errors import DriveError
from davdrive.metadata.locks import all_locks
from tests.model.drive_ops import DriveOps
from tests.model.shapes import Demand, Place
from tests.races.faults import commit_faults
from tests.races.site import Site

DRIVE, FILES = "shared", ("r0", "r1", "r2")
WEIGHTS = {"get": 6, "put": 8, "lock": 1, "refresh": 1, "unlock": 4, "discover": 2}


@dataclass
class Known:
    """What the client believes of one file."""

    etag: str = ""
    content: str = ""
    token: str = ""


@dataclass
class Actor:
    """One client."""

    site: Site
    who: str
    dice: random.Random
    known: dict[str, Known] = field(default_factory=lambda: {name: Known() for name in FILES})

    def __post_init__(self) -> None:
        self.ops = DriveOps(self.site)  # type: ignore[arg-type]

    def step(self, number: int) -> None:
        name = self.dice.choice(FILES)
        known = self.known[name]
        what = self.dice.choices(list(WEIGHTS), list(WEIGHTS.values()))[0] if known.etag else "get"
        if what in ("refresh", "unlock") and not known.token:
            what = "get"
        new = f"{self.who} {number} {self.dice.random()}"
        arguments = {"put": [known.content, new, known.token]}.get(what, [known.token] if what != "get" else [])
        _say({"file": name, "what": what, "arguments": arguments, "began": time.monotonic()})
        outcome, result = _outcome(lambda: getattr(self, f"_{what}")((DRIVE, (name,)), known, new))
        _say({"outcome": outcome, "result": result, "ended": time.monotonic()})

    def _get(self, place: Place, known: Known, _: str) -> str:
        found = open_content(self.site.backend, self.site.callers[self.who], DrivePath(*place))
        blocks = read_bytes(self.site.backend, found.content, 0, found.content.size, unlimited())
        known.etag, known.content = found.resource.etag or "", b"".join(blocks).decode()
        return known.content

    def _put(self, place: Place, known: Known, new: str) -> None:
        demand = Demand(if_match=known.etag, tokens=frozenset({known.token} - {""}))
        known.etag, known.content = self.ops.put(self.who, place, new.encode(), demand), new

    def _lock(self, place: Place, known: Known, _: str) -> str:
        known.token = self.ops.lock(self.who, place, True, False, 3600, Demand())
        return known.token

    def _refresh(self, place: Place, known: Known, _: str) -> None:
        self.ops.refresh(self.who, place, known.token, 3600)

    def _unlock(self, place: Place, known: Known, _: str) -> None:
        self.ops.unlock(self.who, place, known.token)
        known.token = ""

    def _discover(self, place: Place, known: Known, _: str) -> list[str | None]:
        """Who holds the lock; one's own token, also that of an earlier life."""
        found = [lock for lock in self.site.backend.database.read(all_locks) if lock.names == place[1]]
        if not found:
            return [None, None]
        if found[0].principal == self.who:
            known.token = found[0].token
        return [found[0].principal, found[0].token]


def _outcome(work: Callable[[], Any]) -> tuple[str, Any]:
    try:
        return "done", work()
    except DriveError as error:
        return type(error).__name__, None


def _say(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)


def main() -> None:
    url, objects, who, seed, steps, *faults = sys.argv[1:]
    commit_faults(faults)
    actor = Actor(Site(url, Path(objects)), who, random.Random(seed))
    for number in range(int(steps)):
        actor.step(number)
    actor.site.close()


if __name__ == "__main__":
    main()
