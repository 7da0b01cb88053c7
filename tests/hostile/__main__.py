"""`python -m tests.hostile --minutes N`: every parser under random input, with new seeds, until the time is over.

`--engine atheris` lets coverage guide it, where atheris is installed. It ends at the first finding, with status 1.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.hostile.coverage_guided import fuzz
from tests.hostile.seeds import SEEDS

EXAMPLES = 2000
"""Of one turn of one parser."""


def _by_hypothesis(names: list[str], ends: float) -> Counter[str]:
    from tests.hostile.parsers import PARSERS  # not before atheris could instrument what it imports
    from tests.hostile.random_parsing import shoot

    tally: Counter[str] = Counter()
    while not tally or time.monotonic() < ends:
        for name in names:
            number = random.getrandbits(32)
            print(f"{name}, seed {number}", flush=True)
            tally += shoot(name, PARSERS[name], EXAMPLES, number)
    return tally


def _by_coverage(names: list[str], seconds: float) -> int:
    """One process a parser, one after the other; the first status that is not 0."""
    for name in names:
        share = str(max(1, int(seconds / len(names))))
        command = [sys.executable, "-m", "tests.hostile", "--engine", "atheris", "--parser", name, "--seconds", share]
        done = subprocess.run(command, check=False)
        if done.returncode:
            print(f"{name}: status {done.returncode}", flush=True)
            return done.returncode
    return 0


def main() -> None:
    """Read the arguments and fuzz."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--minutes", type=float, default=10)
    arguments.add_argument("--seconds", type=int, default=0, help="of one parser under atheris")
    arguments.add_argument("--parser", choices=SEEDS, action="append")
    arguments.add_argument("--engine", choices=("hypothesis", "atheris"), default="hypothesis")
    chosen = arguments.parse_args()
    names = chosen.parser or list(SEEDS)
    if chosen.engine == "hypothesis":
        print(dict(_by_hypothesis(names, time.monotonic() + chosen.minutes * 60)))
    elif chosen.seconds:
        fuzz(names[0], chosen.seconds, SEEDS[names[0]], Path(tempfile.mkdtemp(prefix="davdrive-fuzz-")))
    else:
        sys.exit(_by_coverage(names, chosen.minutes * 60))


if __name__ == "__main__":
    main()
