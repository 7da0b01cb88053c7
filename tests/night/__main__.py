"""`python -m tests.night --minutes N`: every rig that attacks the promises, in turn and with new seeds, until the time
is over. It ends at the first failure, and says how much of what was run."""

import argparse
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from davdrive.drive.open import sqlite_url
from tests.crash.rig import SAID, Crashes
from tests.crash.test_crashes import SOMETHING
from tests.hostile import fuzzing
from tests.hostile.fuzzing import Target
from tests.hostile.parsers import PARSERS
from tests.hostile.random_parsing import shoot
from tests.model.run import run
from tests.model.world import USERS, PostgresWorlds, SqliteWorlds
from tests.races.histories import disorders, record
from tests.races.rig import race_all, track
from tests.support.postgres import Postgres, start_postgres
from tests.support.serving import running_server
from tests.wire_model.test_wire_model import WireMachine
from tests.wire_model.worlds import WireWorlds

EXAMPLES, STEPS = 150, 60
"""Of one turn of the model; the others are about as long."""


class Night:
    """The rigs, and how much each did."""

    def __init__(self, folder: Path, postgres: Postgres) -> None:
        self.tally = Counter[str]()
        self._folder = folder
        self._postgres = postgres
        self.rigs: tuple[Callable[[], None], ...] = (
            self.model_on_sqlite,
            self.races_on_sqlite,
            self.histories_on_sqlite,
            self.crashes,
            self.wire_model_and_fuzz,
            self.parsers,
            self.model_on_postgresql,
            self.races_on_postgresql,
            self.histories_on_postgresql,
        )

    def _fresh(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self._folder))

    def model_on_sqlite(self) -> None:
        self.tally["model steps, SQLite"] += run(SqliteWorlds(self._fresh()), EXAMPLES, STEPS).total()

    def model_on_postgresql(self) -> None:
        self.tally["model steps, PostgreSQL"] += run(PostgresWorlds(self._postgres), EXAMPLES // 5, STEPS).total()

    def races_on_sqlite(self) -> None:
        folder = self._fresh()
        self._race("SQLite", sqlite_url(folder), folder / "objects")

    def races_on_postgresql(self) -> None:
        url = self._postgres.fresh()
        self._race("PostgreSQL", url, self._fresh() / "objects")
        self._postgres.drop(url)

    def _race(self, database: str, url: str, objects: Path) -> None:
        with track(url, objects, random.getrandbits(32)) as course:
            race_all(course)
            self.tally[f"races, {database}"] += course.tally["races"]
            self.tally[f"races that overlapped, {database}"] += course.tally["overlapping"]

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

    def parsers(self) -> None:
        for name, parser in PARSERS.items():
            self.tally["inputs to parsers"] += shoot(name, parser, 500, random.getrandbits(32)).total()

    def wire_model_and_fuzz(self) -> None:
        with running_server(self._fresh() / "data", {name: f"{name}'s secret" for name in USERS}) as server:
            done = run(WireWorlds(server), EXAMPLES // 2, STEPS, machine=WireMachine)
            self.tally["model steps over HTTP"] += done.total()
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
    parser = argparse.ArgumentParser(prog="python -m tests.night")
    parser.add_argument("--minutes", type=float, default=480)
    ends = time.monotonic() + parser.parse_args().minutes * 60
    with tempfile.TemporaryDirectory(prefix="davdrive-night-") as name:
        postgres, server = start_postgres(Path(tempfile.mkdtemp(dir=name)) / "data")
        night = Night(Path(name), postgres)
        try:
            while time.monotonic() < ends:
                for rig in night.rigs:
                    rig()
                    print(dict(night.tally), flush=True)
                    if time.monotonic() >= ends:
                        break
        finally:
            server.cleanup()
    for what, count in sorted(night.tally.items()):
        print(f"{count:9,} {what}")


if __name__ == "__main__":
    main()
