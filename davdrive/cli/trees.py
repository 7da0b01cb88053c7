"""What `import` and `export` share: telling of files, and the sum at the end."""

import sys
from collections import Counter
from collections.abc import Callable, Iterable

from davdrive.cli import shown
from davdrive.cli.progress import progress
from davdrive.cli.stopping import gently
from davdrive.deadline import Deadline
from davdrive.upkeep.trees.events import Event, Outcome

ENDED = "not everything was looked at; run it again, and it goes on where it was"


def report(work: Callable[[Deadline], Iterable[Event]], json_lines: bool, name: str, total: Callable[[], int]) -> None:
    """Show how the work goes on and what failed; the exit status is 1 if anything did. `work` ends by its deadline,
    `total` measures its bytes for a terminal."""
    counts: Counter[Outcome] = Counter()
    stored = 0
    with gently(ENDED) as asked, progress(quiet=json_lines) as bar:
        if bar.is_seen:
            bar.begin(name, total())
        for event in asked.each(work(asked.deadline)):
            counts[event.outcome] += 1
            stored += event.size if event.outcome is Outcome.STORED else 0
            bar.stage(name, event.size)
            if json_lines:
                bar.say(_as_line(event))
            elif event.reason:
                bar.say(shown.printable(f"{event.outcome.value}: {event.path}: {event.reason}"))
    if json_lines:
        shown.line(**{outcome.value: counts[outcome] for outcome in Outcome}, bytes=stored)
    else:
        _say_sum(counts, stored)
    if counts[Outcome.FAILED]:
        sys.exit(1)


def _as_line(event: Event) -> str:
    return shown.json_text(path=event.path, outcome=event.outcome.value, size=event.size, reason=event.reason or None)


def _say_sum(counts: "Counter[Outcome]", stored: int) -> None:
    from click import echo

    parts = [f"{counts[outcome]:,} {outcome.value}" for outcome in Outcome if counts[outcome]]
    echo(", ".join(parts or ["nothing to do"]) + (f" ({shown.size(stored)})" if stored else ""))
