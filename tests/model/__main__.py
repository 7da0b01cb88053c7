"""`python -m tests.model --examples N --steps M [--database postgresql]`: the model for a night."""

import argparse
import tempfile
import time
from pathlib import Path

from tests.model.proof import require_proof, table
from tests.model.run import run
from tests.model.world import PostgresWorlds, SqliteWorlds
from tests.support.memory_folder import memory_folder
from tests.support.postgres import start_postgres


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.model")
    parser.add_argument("--examples", type=int, default=300)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--seed", type=int, help="begin as a run that failed did")
    parser.add_argument("--shrink", action="store_true", help="look for the shortest way to a failure")
    chosen = parser.parse_args()
    how = {"shrink": chosen.shrink, "begin_with": chosen.seed}
    began = time.monotonic()
    if chosen.database == "sqlite":
        with memory_folder() as folder:
            tally = run(SqliteWorlds(folder), chosen.examples, chosen.steps, **how)
    else:
        with tempfile.TemporaryDirectory() as name:
            postgres, server = start_postgres(Path(name) / "data")
            try:
                tally = run(PostgresWorlds(postgres), chosen.examples, chosen.steps, **how)
            finally:
                server.cleanup()
    print(table(tally))
    print(f"{sum(tally.values())} steps in {time.monotonic() - began:.0f} s")
    require_proof(tally)


if __name__ == "__main__":
    main()
