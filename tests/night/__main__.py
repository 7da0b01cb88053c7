"""`python -m tests.night --minutes N`: every rig that attacks the promises, in turn and with new seeds, until the time
is over. A failure is told, the others go on, and the exit status is 1. At the end it says how much of what was run."""

import argparse
import itertools
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from davdrive.drive.open import sqlite_url
from tests.crash.chores import CHORES
from tests.crash.disk import some
from tests.crash.power_rig import broken_at, record_server
from tests.crash.rig import SAID, Crashes
from tests.crash.test_crashes import SOMETHING
from tests.hostile import fuzzing
from tests.hostile.fuzzing import Target
from tests.hostile.parsers import PARSERS
from tests.hostile.random_parsing import shoot
from tests.model.proof import missing, table
from tests.model.run import run
from tests.model.world import USERS, PostgresWorlds, SqliteWorlds
from tests.races.histories import disorders, record, require_meeting
from tests.races.rig import race_all, require_races, track
from tests.races.wire import WireTrack, all_pairs, race_over_the_wire, two_nodes, two_workers
from tests.support.postgres import Postgres, start_postgres
from tests.support.serving import running_server
from tests.wire_model.apache import running_apache
from tests.wire_model.beside import compare_many, require_agreement
from tests.wire_model.machine import WireMachine
from tests.wire_model.worlds import SETTINGS, WireWorlds

EXAMPLES, STEPS, SEQUENCES = 150, 60, 300
"""Of one turn of the model and of the comparison with Apache; the others are about as long."""

CUTS = 20
"""Recordings are cut off that often, each time at many moments."""


class Night:
    """The rigs, and how much each did."""

    def __init__(self, folder: Path, postgres: Postgres) -> None:
        self.tally = Counter[str]()
        self.rules = Counter[str]()
        self._folder = folder
        self._postgres = postgres
        self.rigs: tuple[Callable[[], None], ...] = (
            self.model_on_sqlite,
            self.races_on_sqlite,
            self.races_of_two_workers,
            self.histories_on_sqlite,
            self.crashes,
            self.chores,
            self.power_cuts,
            self.wire_model_and_fuzz,
            self.beside_apache,
            self.parsers,
            self.model_on_postgresql,
            self.races_on_postgresql,
            self.races_of_two_nodes,
            self.crashes_on_postgresql,
            self.histories_on_postgresql,
        )

    def _fresh(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self._folder))

    def model_on_sqlite(self) -> None:
        self._model("SQLite", run(SqliteWorlds(self._fresh()), EXAMPLES, STEPS))

    def model_on_postgresql(self) -> None:
        self._model("PostgreSQL", run(PostgresWorlds(self._postgres), EXAMPLES // 5, STEPS))

    def _model(self, where: str, done: Counter[str]) -> None:
        self.rules += done
        self.tally[f"model steps, {where}"] += done.total()

    def races_on_sqlite(self) -> None:
        folder = self._fresh()
        self._race("SQLite", sqlite_url(folder), folder / "objects")

    def races_on_postgresql(self) -> None:
        url = self._postgres.fresh()
        self._race("PostgreSQL", url, self._fresh() / "objects")
        self._postgres.drop(url)

    def _race(self, database: str, url: str, objects: Path) -> None:
        with track(url, objects, random.getrandbits(32)) as course:
            race_all(course, rounds=2)
            require_races(course)
            self.tally[f"races, {database}"] += course.tally["races"]
            self.tally[f"races that overlapped, {database}"] += course.tally["overlapping"]

    def races_of_two_workers(self) -> None:
        with two_workers(self._fresh(), random.getrandbits(32)) as course:
            self._race_over_the_wire("two workers on SQLite", course)

    def races_of_two_nodes(self) -> None:
        url = self._postgres.fresh()
        with two_nodes(url, self._fresh(), random.getrandbits(32)) as course:
            self._race_over_the_wire("two nodes on PostgreSQL", course)
        self._postgres.drop(url)

    def _race_over_the_wire(self, where: str, course: WireTrack) -> None:
        race_over_the_wire(course, all_pairs())
        require_races(course, all_pairs())
        self.tally[f"races over HTTP, {where}"] += course.tally["races"]

    def histories_on_sqlite(self) -> None:
        folder = self._fresh()
        self._record("SQLite", sqlite_url(folder), folder / "objects")

    def histories_on_postgresql(self) -> None:
        url = self._postgres.fresh()
        self._record("PostgreSQL", url, self._fresh() / "objects")
        self._postgres.drop(url)

    def _record(self, database: str, url: str, objects: Path) -> None:
        recording = record(url, objects, random.getrandbits(32), 250, 6)
        assert disorders(recording) == []
        require_meeting(recording, 6)
        self.tally[f"operations in histories, {database}"] += recording.tally.total()
        unknown = sum(count for what, count in recording.tally.items() if what.endswith("unknown"))
        self.tally[f"of them never answered, {database}"] += unknown

    def crashes(self) -> None:
        rig = Crashes.start(self._fresh())
        for action in SOMETHING:
            self.tally["crashes, each at another step"] += len(rig.kill_everywhere(action))
            for trouble in SAID:
                self.tally["troubles, each at another step"] += rig.trouble_everywhere(action, trouble).total()
        rig.stop()

    def beside_apache(self) -> None:
        with running_apache() as apache, running_server(self._fresh() / "data") as server:
            seen = compare_many((server.client("bob"), apache), SEQUENCES, random.getrandbits(32))
            require_agreement(seen)
            self.tally["requests beside Apache"] += seen.total()

    def chores(self) -> None:
        rig = Crashes.start(self._fresh())
        for chore in CHORES:
            for trouble in ("killed", *SAID):
                seen = rig.interrupt_everywhere(chore, trouble)
                self.tally[f"chores, {trouble}, each at another step"] += seen.total()
        rig.stop()

    def crashes_on_postgresql(self) -> None:
        rig = Crashes.start(self._fresh(), self._postgres)
        for action in SOMETHING:
            self.tally["crashes of a client of PostgreSQL, each at another step"] += len(rig.kill_everywhere(action))
        rig.stop()

    def power_cuts(self) -> None:
        folder = self._fresh()
        server = record_server(folder / "served", folder / "log")
        for _ in range(CUTS):
            seed = random.getrandbits(32)
            broken = broken_at(server, folder, (), some(seed), 1 + seed % 20)
            assert broken == [], (seed, broken)
            self.tally["power cuts of a server, each with another half of the page cache"] += 1

    def parsers(self) -> None:
        for name, parser in PARSERS.items():
            self.tally["inputs to parsers"] += shoot(name, parser, 500, random.getrandbits(32)).total()

    def wire_model_and_fuzz(self) -> None:
        users = {name: f"{name}'s secret" for name in USERS}
        with running_server(self._fresh() / "data", users, settings=SETTINGS) as server:
            done = run(WireWorlds(server), EXAMPLES // 2, STEPS, machine=WireMachine)
            self._model("HTTP", done)
            target = Target(server.client("bob"))
            target.client.put("f", b"x")
            target.client.mkcol("d")
            shots = 1500
            fuzzing.run(shots, lambda m, h: target.fire(m, "f", b"", h), fuzzing.methods, fuzzing.headers)
            fuzzing.run(shots, lambda m, name: target.fire(m, "d/" + name), fuzzing.methods, fuzzing.raw_names)
            fuzzing.run(shots, lambda m, body: target.fire(m, "d", body), fuzzing.methods, fuzzing.documents)
            target.close()
            self.tally["fuzzed requests"] += target.tally.total()


def main() -> None:
    chosen = _options()
    ends = time.monotonic() + chosen.minutes * 60
    with tempfile.TemporaryDirectory(prefix="davdrive-night-") as name:
        postgres, server = start_postgres(Path(tempfile.mkdtemp(dir=name)) / "data")
        night = Night(Path(name), postgres)
        rigs = [rig for rig in night.rigs if not chosen.rigs or rig.__name__ in chosen.rigs]
        try:
            failures = _take_turns(night, rigs, ends)
        finally:
            server.cleanup()
    for what, count in sorted(night.tally.items()):
        print(f"{count:9,} {what}")
    print(table(night.rules), f"Rules that were not put to the test: {missing(night.rules) or 'none'}", sep="\n")
    print(f"{failures} turns of rigs failed")
    sys.exit(min(failures, 1))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.night", description=__doc__)
    parser.add_argument("--minutes", type=float, default=480)
    parser.add_argument("--rigs", nargs="*", help="methods of Night; all of them in turn without")
    return parser.parse_args()


def _take_turns(night: Night, rigs: list[Callable[[], None]], ends: float) -> int:
    """Until the time is over; how many turns failed."""
    failures = 0
    for rig in itertools.cycle(rigs):
        began = time.monotonic()
        if began >= ends:
            break
        try:
            rig()
        except Exception:
            failures += 1
            traceback.print_exc()
        print(f"{rig.__name__}: {time.monotonic() - began:.0f} s, {dict(night.tally)}", flush=True)
    return failures


if __name__ == "__main__":
    main()
