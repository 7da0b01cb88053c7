"""Threads of one process add to a number in one file, each under the ETag that it read, while connections are cut at
their COMMIT: nothing that was acknowledged is lost, and nothing takes place twice, though changes share commits."""

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle

from davdrive.drive.backend import Backend
from davdrive.drive.conditions import Conditions, EntityTag
from davdrive.drive.names import DrivePath
from davdrive.drive.open import ensure_drive
from davdrive.drive.put import PutOptions, put
from davdrive.drive.read import open_content
from davdrive.errors import PreconditionFailed, Unavailable
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.database import Database
from davdrive.metadata.engine import DatabaseOptions
from davdrive.objects.content import ContentStore
from davdrive.objects.memory import MemoryStore
from tests.support.pg_proxy import When, pg_proxy

THREADS, FILES, EACH, CUTS = 8, 6, 15, 6


def _path(number: int) -> DrivePath:
    return DrivePath("d", (f"number {number}",))


def _number(backend: Backend, path: DrivePath) -> tuple[int, str]:
    found = open_content(backend, SYSTEM, path)
    assert found.content.inline is not None
    assert found.resource.etag is not None
    return int(found.content.inline), found.resource.etag


def _add_one(backend: Backend, path: DrivePath) -> str:
    number, etag = _number(backend, path)
    only = Conditions(if_match=(EntityTag(etag),))
    try:
        put(backend, SYSTEM, path, [str(number + 1).encode()], PutOptions(), only)
    except PreconditionFailed:
        return "refused"
    except Unavailable:
        return "unknown"
    return "done"


def test_no_addition_is_lost_or_made_twice_while_commits_are_shared_and_cut(postgres_url: str) -> None:
    with pg_proxy(postgres_url) as (url, wire):
        backend = Backend(Database(DatabaseOptions(url, wait_s=10)), ContentStore(MemoryStore()))
        ensure_drive(backend, "d")
        for number in range(FILES):
            put(backend, SYSTEM, _path(number), [b"0"], PutOptions())
        heard, over, before = Counter[tuple[int, str]](), threading.Event(), wire.commits

        def client(seed: int) -> None:
            chance = random.Random(seed)
            for _ in range(EACH):
                at = chance.randrange(FILES)
                heard[at, _add_one(backend, _path(at))] += 1

        def cutter() -> None:
            whens: list[When] = ["before", "after", "late"]
            for when in cycle(whens):
                if wire.cuts >= CUTS or over.wait(0.05):
                    return
                wire.cut(when)

        with ThreadPoolExecutor(THREADS + 1) as pool:
            cutting = pool.submit(cutter)
            for each in [pool.submit(client, seed) for seed in range(THREADS)]:
                each.result()
            over.set()
            cutting.result()
        wire.plan = None
        for at in range(FILES):
            number, _ = _number(backend, _path(at))
            assert heard[at, "done"] <= number <= heard[at, "done"] + heard[at, "unknown"], heard
        done = sum(count for (_, what), count in heard.items() if what == "done")
        assert done > THREADS
        assert wire.cuts > 2
        assert wire.commits - before < done, "no two shared a commit"
        backend.contents.close()
        backend.database.close()
