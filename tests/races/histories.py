"""Recording what several clients do at once, some of them killed, and judging it."""

import itertools
import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from davdrive.metadata.drives import create_drive
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.migrate import migrate
from davdrive.metadata.session import Session
from davdrive.metadata.users import create_user, grant
from tests.model.drive_ops import DriveOps
from tests.model.reference import EDITOR
from tests.model.shapes import Demand
from tests.races.actor import DRIVE, FILES
from tests.races.locked_file import Asked, Heard, State, operation, step
from tests.races.site import Site
from tests.support.linear import Operation, unexplained

CLIENTS = ("p0", "p1", "p2", "p3")
BEGINNING = "beginning"
PATIENCE_S = 120.0


@dataclass
class Recording:
    """What was seen, by file."""

    events: dict[str, list[Operation]] = field(default_factory=lambda: defaultdict(list))
    tally: Counter[str] = field(default_factory=Counter)

    def add(self, who: str, output: str) -> None:
        """Take in what one client said until its end."""
        lines = [json.loads(line) for line in output.splitlines() if line.endswith("}")]
        for before, after in zip(lines[::2], [*lines[1::2], None], strict=False):
            self.events[before["file"]].append(_event(who, before, after))
            self.tally[f"{before['what']} {after['outcome'] if after else 'unknown'}"] += 1


def _event(who: str, before: dict[str, Any], after: dict[str, Any] | None) -> Operation:
    asked = Asked(who, tuple(before["arguments"]))
    if after is None:
        return operation(before["what"], asked, before["began"])
    value = tuple(after["result"]) if isinstance(after["result"], list) else after["result"]
    return operation(before["what"], asked, before["began"], after["ended"], Heard(after["outcome"], value))


@dataclass
class Client:
    """A client at work, and the file that it tells everything to."""

    who: str
    process: "subprocess.Popen[bytes]"
    told: Path

    def wait_until_busy(self, lines: int) -> None:
        """Until it has told so many lines, or has nothing more to tell."""
        until = time.monotonic() + PATIENCE_S
        while self.process.poll() is None and self.told.read_bytes().count(b"\n") < lines:
            assert time.monotonic() < until, f"{self.who} does nothing"
            time.sleep(0.005)


def record(url: str, objects: Path, seed: int, steps: int, kills: int, *faults: str) -> Recording:
    """Let the clients do `steps` things each, killing and replacing one of them `kills` times."""
    _prepare(url, objects)
    dice, recording = random.Random(seed), Recording()

    def start(who: str) -> Client:
        told = objects / f"{who} {dice.random()}"
        words = [url, str(objects), who, str(dice.random()), str(steps), *faults]
        with told.open("wb") as out:
            return Client(who, subprocess.Popen([sys.executable, "-m", "tests.races.actor", *words], stdout=out), told)

    running = {who: start(who) for who in CLIENTS}
    for _ in range(kills):
        client = running[dice.choice(CLIENTS)]
        client.wait_until_busy(dice.randint(2, steps))
        client.process.send_signal(signal.SIGKILL)
        client.process.wait()
        recording.add(client.who, client.told.read_text())
        running[client.who] = start(client.who)
    for client in running.values():
        assert client.process.wait(PATIENCE_S) == 0, f"{client.who} failed by itself"
        recording.add(client.who, client.told.read_text())
    return recording


def _prepare(url: str, objects: Path) -> None:
    migrate(DatabaseOptions(url))
    site = Site(url, objects)

    def make(session: Session) -> None:
        drive = create_drive(session, DRIVE, DRIVE, case_insensitive=False, quota_bytes=None, retention_s=None)
        for name in CLIENTS:
            user = create_user(session, name, name, "no password", digest_ha1=None, administrator=False)
            grant(session, drive, user, EDITOR)

    site.backend.database.write(make)
    site.close()
    site = Site(url, objects)
    for name in FILES:
        DriveOps(site).put(CLIENTS[0], (DRIVE, (name,)), BEGINNING.encode(), Demand())  # type: ignore[arg-type]
    site.close()


def disorders(recording: Recording) -> list[str]:
    """Of each file whose history has no order: where every attempt to find one gets stuck."""
    stuck = {name: unexplained(events, State(BEGINNING), step) for name, events in recording.events.items()}
    return [f"{name}:\n{where}" for name, where in stuck.items() if where]


NEEDED = (
    "get done", "put done", "put PreconditionFailed", "put Locked", "lock done", "lock LockConflict", "refresh done",
    "unlock done", "discover done",
)  # fmt: skip


LEAST_OVERLAPS = 3
"""Operations on a file that begin before the one before them ended. On a busy machine processes mostly take turns."""


def lacking(recording: Recording, kills: int) -> str:
    """Why a recording proves nothing: the clients did not stand in each other's way, or all heard what came of their
    doing. Empty if it does."""
    missing = [each for each in NEEDED if not recording.tally[each]]
    if missing:
        return f"nothing was proved about {missing}: {dict(recording.tally)}"
    for name, events in recording.events.items():
        by_start = sorted(events, key=lambda each: each.start)
        overlaps = sum(later.start < earlier.end for earlier, later in itertools.pairwise(by_start))
        if overlaps < LEAST_OVERLAPS:
            return f"the clients of {name} came one after the other: {overlaps}"
    unknown = sum(count for what, count in recording.tally.items() if what.endswith("unknown"))
    return "" if unknown or not kills else "nobody was killed in the middle of anything"


def require_meeting(recording: Recording, kills: int) -> None:
    """AssertionError for a recording that proves nothing."""
    why = lacking(recording, kills)
    assert not why, why
