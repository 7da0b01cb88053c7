"""Commits a second: eight clients a node put small files, into one drive or into eight, from one node or from three."""

import multiprocessing
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from growth_databases import Databases, close, open_backend

from davdrive.baton import TURN
from davdrive.drive.names import DrivePath
from davdrive.drive.open import ensure_drive
from davdrive.drive.put import PutOptions, put
from davdrive.metadata.caller import SYSTEM

CLIENTS, DRIVES, NODES = 8, 8, 3
WARM_S, MEASURED_S = 1.0, 4.0
CASES = [(1, 1), (DRIVES, 1), (1, NODES), (DRIVES, NODES)]
"""Drives and nodes."""


def write_for(url: str, drives: int, seconds: float, node: int, counted: Any) -> None:
    """One node's clients: each puts small files into its drive until the time is over."""
    backend = open_backend(url, CLIENTS)

    def client(number: int) -> int:
        done, drive = 0, f"drive{number % drives}"
        while time.monotonic() < ends:
            with TURN:  # as a server's threads do
                put(backend, SYSTEM, DrivePath(drive, (f"n{node}-{number}-{done}",)), [b"data"], PutOptions())
            done += 1
        return done

    with ThreadPoolExecutor(CLIENTS) as pool:
        ends = time.monotonic() + WARM_S  # connections, plans
        list(pool.map(client, range(CLIENTS)))
        counted.put(None)
        ends = time.monotonic() + seconds
        node += 1000
        counted.put(sum(pool.map(client, range(CLIENTS))))
    close(backend)


def commits(url: str, drives: int, nodes: int) -> float:
    """Commits a second of `nodes` processes with eight clients each, over so many drives."""
    backend = open_backend(url, CLIENTS)
    for number in range(drives):
        ensure_drive(backend, f"drive{number}")
    close(backend)
    spawn = multiprocessing.get_context("spawn")
    counted = spawn.Queue()
    processes = [
        spawn.Process(target=write_for, args=(url, drives, MEASURED_S, node, counted)) for node in range(nodes)
    ]
    for process in processes:
        process.start()
    found = [counted.get(timeout=120) for _ in range(2 * nodes)]
    for process in processes:
        process.join()
    done: int = sum(each for each in found if each is not None)
    return done / MEASURED_S


def measure(databases: Databases, kind: str, rounds: int) -> dict[str, int]:
    """Medians by case; the cases take turns, each on a new database."""
    rates: dict[str, list[float]] = {}
    for _ in range(rounds):
        for drives, nodes in CASES:
            name = f"commits{drives}x{nodes}"
            rates.setdefault(f"{drives} drives, {nodes} nodes", []).append(
                commits(databases.url(kind, name), drives, nodes)
            )
            databases.drop(kind, name)
    return {case: round(statistics.median(found)) for case, found in rates.items()}
