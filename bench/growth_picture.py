"""The picture of `growth.py`: time against size, one panel an operation. Needs matplotlib (`pip install .[bench]`)."""

import json
import sys
from pathlib import Path
from typing import Any

PANELS = {
    "lookup": "open a file, four names deep",
    "listing": "list 1,000 members",
    "put": "PUT of a small file, durable",
    "move": "MOVE of the whole tree",
    "delete": "DELETE of a large tree",
    "restore": "that tree back from the trash",
}
COLOURS = {"sqlite": "#1f6feb", "postgresql": "#c2410c"}
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def draw(figures: dict[str, Any], file: Path) -> None:
    """Write the picture."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    picture, axes = pyplot.subplots(1, len(PANELS), figsize=(3.1 * len(PANELS), 3.1), layout="constrained")
    for panel, (name, title) in zip(axes, PANELS.items(), strict=True):
        for kind, sizes in figures["sizes"].items():
            points = sorted((found["nodes"], found[name]) for found in sizes.values())
            panel.plot(*zip(*points, strict=True), marker="o", color=COLOURS[kind], label=NAMES[kind])
        panel.set_xscale("log")
        panel.set_ylim(bottom=0, top=panel.get_ylim()[1] * 1.35)
        panel.set_title(title, fontsize=10)
        panel.set_xlabel("nodes in the drive", fontsize=9)
        panel.tick_params(labelsize=8)
        panel.grid(alpha=0.25)
    axes[0].set_ylabel("milliseconds, median", fontsize=9)
    axes[0].legend(fontsize=8, frameon=False)
    picture.savefig(file, dpi=110)


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
