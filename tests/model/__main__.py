"""`python -m tests.model --examples N --steps M [--database postgresql]`: the model for a night."""

import argparse
import tempfile
import time
from pathlib import Path

from tests.model.run import require_proof, run
from tests.model.world import PostgresWorlds, SqliteWorlds
from tests.support.postgres import start_postgres


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.model")
    parser.add_argument("--examples", type=int, default=300)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--shrink", action="store_true", help="look for the shortest way to a failure")
    chosen = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        if chosen.database == "sqlite":
            tally = run(SqliteWorlds(Path(name)), chosen.examples, chosen.steps, shrink=chosen.shrink)
        else:
            postgres, server = start_postgres(Path(name) / "data")
            try:
                tally = run(PostgresWorlds(postgres), chosen.examples, chosen.steps, shrink=chosen.shrink)
            finally:
                server.cleanup()
    for what, count in sorted(tally.items()):
        print(f"{count:8} {what}")
    print(f"{sum(tally.values()):8} in all, {time.monotonic() - began:.0f} s")
    require_proof(tally)


if __name__ == "__main__":
    main()
