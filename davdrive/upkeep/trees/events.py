"""What import and export tell of each file."""

import enum
from collections.abc import Callable
from dataclasses import dataclass, field

from davdrive.deadline import Deadline
from davdrive.errors import DriveError


class Outcome(enum.Enum):
    """What became of a file or collection."""

    STORED = "stored"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Event:
    """`path` as the reader of it knows it; `size` in bytes; `reason`: why something was skipped or failed."""

    path: str
    outcome: Outcome
    size: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TreeOptions:
    """`workers`: files under way at the same time. SQLite commits what several threads write together, so more than
    the processor has cores pay. `deadline`: when cancelled, what is under way is given up."""

    workers: int = 8
    deadline: Deadline = field(default_factory=Deadline)


def attempted(path: str, work: Callable[[], Event]) -> Event:
    """The event of `work`, or a failure with its reason."""
    try:
        return work()
    except DriveError as error:
        return Event(path, Outcome.FAILED, reason=str(error))
    except OSError as error:
        return Event(path, Outcome.FAILED, reason=error.strerror or type(error).__name__)
