"""Fuzzing guided by coverage, where `atheris` is installed: `python -m tests.hostile --engine atheris --parser If`.

One process fuzzes one parser (atheris ends its process), so the caller starts one for each.
"""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

LONGEST_S = 1
MOST_MIB = 1024
"""atheris and its coverage take a few hundred."""


def fuzz(name: str, seconds: int, seeds: Sequence[bytes], folder: Path) -> None:
    """Fuzz one parser for so many seconds; the process ends, with a status that is not 0 for a finding."""
    import atheris  # type: ignore[import-not-found]

    with atheris.instrument_imports(include=["davdrive"]):
        from tests.hostile.parsers import PARSERS, attempt

    parser = PARSERS[name]
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds):
        (folder / f"seed{number}").write_bytes(seed)

    def once(data: bytes) -> None:
        began = time.process_time()
        attempt(parser, data)
        assert time.process_time() - began < LONGEST_S, "it took over a second"

    limits = [f"-max_total_time={seconds}", f"-rss_limit_mb={MOST_MIB}", "-max_len=4096", "-timeout=5"]
    atheris.Setup([sys.argv[0], *limits, f"-artifact_prefix={folder}/", str(folder)], once)
    atheris.Fuzz()
