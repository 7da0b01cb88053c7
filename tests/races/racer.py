"""A process that waits at the line and then does one thing: `python -m tests.races.racer URL OBJECTS [FAULT]`.

Lines of JSON come in, `{"at": monotonic seconds, "method": …, "arguments": […]}`, and one goes out for each.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from davdrive.drive.backend import Backend
from davdrive.errors import DriveError
from davdrive.metadata.caller import Caller
from davdrive.metadata.database import Database
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.users import all_users
from davdrive.objects.content import ContentStore
from davdrive.objects.local import LocalStore
from tests.model.drive_ops import DriveOps
from tests.model.shapes import Demand
from tests.model.world import INLINE_BYTES, SEGMENT_BYTES
from tests.races.faults import check_then_act


class Site:
    """What `DriveOps` needs: a backend, and callers by name."""

    def __init__(self, url: str, objects: Path) -> None:
        contents = ContentStore(LocalStore(objects), segment_bytes=SEGMENT_BYTES, inline_bytes=INLINE_BYTES)
        self.backend = Backend(Database(DatabaseOptions(url, pool_size=4, wait_s=10)), contents)
        users = self.backend.database.read(all_users)
        self.callers = {user.name: Caller(user.name, user.id) for user in users}

    def close(self) -> None:
        self.backend.database.close()
        self.backend.contents.close()


def demand_of(chosen: dict[str, Any]) -> Demand:
    """A demand from JSON."""
    return Demand(**{**chosen, "tokens": frozenset(chosen.get("tokens", ()))})


def real_arguments(method: str, arguments: list[Any]) -> list[Any]:
    """What `DriveOps` takes, from JSON: places and bodies are lists and texts there."""
    made: list[Any] = []
    for each in arguments:
        if isinstance(each, dict):
            made.append(each if method == "proppatch" and len(made) == 2 else demand_of(each))
        elif isinstance(each, list):
            made.append((each[0], tuple(each[1])))
        else:
            made.append(each.encode() if method == "put" and len(made) == 2 else each)
    return made


def perform(ops: DriveOps, order: dict[str, Any]) -> dict[str, Any]:
    """Do it at its time; what came of it, and from when to when it took."""
    arguments = real_arguments(order["method"], order["arguments"])
    while time.monotonic() < order["at"]:
        pass
    began = time.monotonic()
    try:
        result: Any = getattr(ops, order["method"])(*arguments)
        outcome = "done"
    except DriveError as error:
        result, outcome = str(error), type(error).__name__
    return {"outcome": outcome, "result": result, "began": began, "ended": time.monotonic()}


def main() -> None:
    url, objects, *faults = sys.argv[1:]
    if faults:
        check_then_act()
    site = Site(url, Path(objects))
    ops = DriveOps(site)  # type: ignore[arg-type]
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(perform(ops, json.loads(line))), flush=True)
    site.close()


if __name__ == "__main__":
    main()
